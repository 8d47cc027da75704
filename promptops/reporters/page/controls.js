"use strict";

// What the table of cases is filtered by.

const SEARCH_DELAY_MS = 150;

class CaseControls {
  constructor(table) {
    this.table = table;
    this.kinds = el("div", { class: "chips", role: "group", "aria-label": "What became of the cases" });
    this.search = el("input", {
      type: "search",
      id: "search",
      placeholder: "find in ids, inputs and answers  ( / )",
      "aria-label": "Find",
      input: () => this.searchSoon(),
    });
    this.suite = this.suiteSelect();
    this.slice = this.sliceSelect();
    this.differs = el("input", {
      type: "checkbox",
      id: "differs",
      change: () => table.show({ differs: this.differs.checked }),
    });
    this.order = this.orderSelect();
    this.confusion = el("span", {});
    this.clear = el("button", { type: "button", class: "quiet", click: () => table.showOnly({}) }, "clear");
    this.element = el(
      "div",
      { class: "controls", role: "search" },
      this.kinds,
      el(
        "div",
        { class: "fields" },
        this.search,
        this.suite,
        this.slice,
        this.order,
        el("label", {}, this.differs, " answers that differ"),
        this.confusion,
        this.clear,
      ),
    );
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.table.show({ text: this.search.value.trim() }), SEARCH_DELAY_MS);
  }

  suiteSelect() {
    if (REPORT.suites.length < 2) return null;
    const used = new Set(REPORT.cases.map((each) => each.suite));
    const options = REPORT.suites.map(
      (suite, number) => used.has(number) && el("option", { value: number }, oneLine(suite.label)),
    );
    const select = el(
      "select",
      { "aria-label": "Suite" },
      el("option", { value: "" }, "every suite"),
      options,
    );
    select.addEventListener("change", () =>
      this.table.show({ suite: select.value === "" ? null : Number(select.value) }),
    );
    return select;
  }

  sliceSelect() {
    this.slices = new Map();
    for (const each of REPORT.cases) {
      for (const slice of Object.entries(each.slices ?? {})) this.slices.set(JSON.stringify(slice), slice);
    }
    if (!this.slices.size) return null;
    const names = [...new Set([...this.slices.values()].map(([name]) => name))];
    const groups = names.map((name) => {
      const values = [...this.slices]
        .filter(([, slice]) => slice[0] === name)
        .sort(([, one], [, other]) => (one[1] < other[1] ? -1 : 1));
      return el(
        "optgroup",
        { label: name },
        values.map(([key, [, value]]) => el("option", { value: key }, oneLine(`${name} = ${value}`))),
      );
    });
    const select = el(
      "select",
      { "aria-label": "Slice" },
      el("option", { value: "" }, "every slice"),
      groups,
    );
    select.addEventListener("change", () =>
      this.table.show({ slice: this.slices.get(select.value) ?? null }),
    );
    return select;
  }

  orderSelect() {
    const orders = [
      ["", "worst first"],
      ["id", "by id"],
      ["change", "largest fall first"],
      ["change-", "largest gain first"],
      ["latency-", "slowest first"],
      ["cost-", "most expensive first"],
    ];
    const select = el(
      "select",
      { class: "order", "aria-label": "Order" },
      orders.map(([value, name]) => el("option", { value }, name)),
    );
    select.addEventListener("change", () => {
      this.table.order = { by: select.value.replace("-", ""), descending: select.value.endsWith("-") };
      this.table.show({});
    });
    return select;
  }

  update(counts) {
    const { filter } = this.table;
    const shown = KINDS.filter((kind) => counts[kind] || filter.kinds.includes(kind));
    const focused = document.activeElement?.dataset?.kind;
    this.kinds.replaceChildren(...shown.map((kind) => this.chip(kind, counts[kind] ?? 0)));
    if (focused) this.kinds.querySelector(`[data-kind="${focused}"]`)?.focus();
    if (this.search.value.trim() !== filter.text) this.search.value = filter.text;
    if (this.suite) this.suite.value = filter.suite ?? "";
    if (this.slice) this.slice.value = filter.slice ? JSON.stringify(filter.slice) : "";
    this.differs.checked = filter.differs;
    this.order.value = `${this.table.order.by}${this.table.order.descending ? "-" : ""}`;
    this.confusion.replaceChildren(
      ...(filter.confusion ? oneLine(`${filter.confusion[0]} taken for ${filter.confusion[1]}`) : []),
    );
    this.clear.hidden = JSON.stringify(filter) === JSON.stringify(NO_FILTER);
  }

  chip(kind, count) {
    const { kinds } = this.table.filter;
    const isOn = kinds.includes(kind);
    const toggle = () =>
      this.table.show({ kinds: isOn ? kinds.filter((each) => each !== kind) : [...kinds, kind] });
    return el(
      "button",
      {
        type: "button",
        class: `chip kind ${kind}`,
        "aria-pressed": String(isOn),
        "data-kind": kind,
        click: toggle,
      },
      `${kindWord(kind)} `,
      el("b", {}, grouped(count)),
    );
  }
}
