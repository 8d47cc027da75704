"use strict";

// The table of cases: filtered, sorted, a page at a time, each row opened in place.

const KINDS = ["broke", "fixed", "lower", "higher", "errored", "added", "edited", "removed", "unchanged"];
const PAGE = 50;
const SNIPPET = 150;
const SEARCH_DELAY_MS = 150;

function kindsOf(each) {
  return each.kinds ?? ["unchanged"];
}

function kindWord(kind) {
  return kind === "errored" ? "lost" : kind;
}

function countedKinds(cases) {
  const counts = {};
  for (const each of cases) for (const kind of kindsOf(each)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

REPORT.cases.forEach((each, number) => {
  each.number = number;
});

function detailId(each) {
  return `case-${each.number}`;
}

const CASE = "#case=";

function caseName(each) {
  return `${REPORT.suites[each.suite].label}:${each.id}`.toWellFormed();
}

/** The address of a case in this page. */
function caseHash(each) {
  return CASE + encodeURIComponent(caseName(each));
}

function caseAt(hash) {
  if (!hash.startsWith(CASE)) return undefined;
  const wanted = decoded(hash.slice(CASE.length));
  return REPORT.cases.find((each) => caseName(each) === wanted);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Somebody typed a percent sign.
  }
}

// How cases are sorted

function change(each) {
  const [base, head] = each.scores ?? [];
  return base == null || head == null ? null : head - base;
}

function headMean(each, name) {
  return mean(headRuns(each).map((run) => run[name]));
}

const ORDERS = {
  id: (each) => each.id,
  change,
  latency: (each) => headMean(each, "latency_ms"),
  cost: (each) => headMean(each, "cost_usd"),
};

/** A copy in the wanted order; what has no value is last. */
function sorted(cases, { by, descending }) {
  const read = ORDERS[by];
  if (!read) return cases;
  const sign = descending ? -1 : 1;
  const keyed = cases.map((each) => [read(each), each]);
  keyed.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  });
  return keyed.map(([, each]) => each);
}

// Which cases are shown

const NO_FILTER = { kinds: [], suite: null, slice: null, confusion: null, text: "", differs: false };
const haystacks = new Map();

function haystack(each) {
  if (!haystacks.has(each)) {
    const runs = SIDES.flatMap((side) => runsOf(each, side));
    const texts = [
      each.id,
      ...(each.fields ?? []).map(([, value]) => whole(value)),
      whole(each.expected),
      ...runs.flatMap((run) => [whole(run.output), whole(run.lost), ...(run.documents ?? [])]),
      ...runs.flatMap((run) => (run.turns ?? []).flatMap((turn) => Object.values(turn).map(whole))),
    ];
    haystacks.set(each, texts.join("\n").toLowerCase());
  }
  return haystacks.get(each);
}

/** Whether a case passes a filter, whatever its kind is. */
function passes(each, filter) {
  if (filter.suite !== null && each.suite !== filter.suite) return false;
  if (filter.slice && each.slices?.[filter.slice[0]] !== filter.slice[1]) return false;
  if (filter.confusion && !isConfused(each, filter.confusion)) return false;
  if (filter.differs && !answersDiffer(each)) return false;
  return !filter.text || haystack(each).includes(filter.text.toLowerCase());
}

function isConfused(each, [expected, predicted]) {
  const runs = [...runsOf(each, "base"), ...runsOf(each, "head")];
  return runs.some(({ labels }) => labels && labels[0] === predicted && labels[1] === expected);
}

function answersDiffer(each) {
  return headRuns(each).some((run) => run.output !== undefined || run.lost) || !each.base;
}

function hasKind(each, kinds) {
  return !kinds.length || kindsOf(each).some((kind) => kinds.includes(kind));
}

// The table

class CaseTable {
  constructor() {
    this.filter = { ...NO_FILTER };
    this.order = { by: "", descending: false };
    this.page = 0;
    this.opened = new Set();
    this.columns = shownColumns();
    this.body = el("tbody", {});
    this.status = el("p", { class: "status", role: "status" });
    this.pager = el("nav", { class: "pager", "aria-label": "Pages of cases" });
    this.controls = new CaseControls(this);
    this.head = el("thead", {}, this.headings());
    this.element = el(
      "section",
      { id: "cases", "data-title": "Cases" },
      el("h2", {}, "Cases"),
      this.controls.element,
      this.status,
      el("table", { class: "cases" }, this.head, this.body),
      this.pager,
      REPORT.left_out ? el("p", { class: "note" }, `The texts of ${REPORT.left_out} are left out: the file would be too large`) : null,
    );
    this.update();
  }

  headings() {
    const heading = (name, by) => {
      const style = name.toLowerCase();
      if (!by) return el("th", { scope: "col", class: style }, name);
      const state = this.order.by !== by ? "none" : this.order.descending ? "descending" : "ascending";
      const sort = () => this.sortBy(by);
      return el("th", { scope: "col", class: style, "aria-sort": state }, el("button", { type: "button", click: sort }, name));
    };
    return el("tr", {}, this.columns.map(([name, by]) => heading(name, by)));
  }

  cells(each, button) {
    const suite = REPORT.suites[each.suite];
    const label = REPORT.suites.length > 1 ? el("small", {}, written(suite.label)) : null;
    const has = (by) => this.columns.some((column) => column[1] === by);
    return [
      el("td", { class: "what" }, kindsOf(each).map((kind) => el("span", { class: `kind ${kind}` }, kindWord(kind)))),
      el("th", { scope: "row", class: "case" }, button, label),
      el("td", { class: "number score" }, scoreText(each)),
      ...snippets(each),
      has("latency") ? el("td", { class: "number latency" }, fromTo(each, "latency_ms", duration)) : null,
      has("cost") ? el("td", { class: "number cost" }, fromTo(each, "cost_usd", money)) : null,
    ];
  }

  /** Upwards, downwards, and back to the worst first. */
  sortBy(by) {
    if (this.order.by !== by) this.order = { by, descending: false };
    else this.order = this.order.descending ? { by: "", descending: false } : { by, descending: true };
    this.page = 0;
    this.update();
    const place = this.columns.findIndex((column) => column[1] === by);
    this.head.rows[0].cells[place].querySelector("button").focus();
  }

  /** Shows only some cases; what is not named of a filter stays as it is. */
  show(filter) {
    this.filter = { ...this.filter, ...filter };
    this.page = 0;
    this.update();
  }

  /** Shows nothing but these cases. */
  showOnly(filter) {
    this.show({ ...NO_FILTER, ...filter });
  }

  update() {
    const passing = REPORT.cases.filter((each) => passes(each, this.filter));
    this.found = sorted(passing.filter((each) => hasKind(each, this.filter.kinds)), this.order);
    this.controls.update(countedKinds(passing));
    this.head.replaceChildren(this.headings());
    this.turnTo(Math.min(this.page, this.pages - 1));
  }

  get pages() {
    return Math.max(1, Math.ceil(this.found.length / PAGE));
  }

  turnTo(page) {
    this.page = Math.max(0, page);
    const start = this.page * PAGE;
    const shown = this.found.slice(start, start + PAGE);
    this.body.replaceChildren(...shown.flatMap((each) => this.rows(each)));
    const range = this.pages > 1 ? `${grouped(start + 1)}–${grouped(start + shown.length)} of ` : "";
    this.status.textContent = `${range}${counted(this.found.length, "case")}`;
    this.pager.replaceChildren(...this.pagerButtons());
  }

  pagerButtons() {
    if (this.pages === 1) return [];
    const button = (name, page, isOff) =>
      el("button", { type: "button", disabled: isOff, click: () => this.turnTo(page) }, name);
    const isLast = this.page === this.pages - 1;
    return [
      button("first", 0, this.page === 0),
      button("previous", this.page - 1, this.page === 0),
      el("span", {}, `page ${grouped(this.page + 1)} of ${grouped(this.pages)}`),
      button("next", this.page + 1, isLast),
      button("last", this.pages - 1, isLast),
    ];
  }

  rows(each) {
    const isOpen = this.opened.has(each);
    const detail = el("tr", { class: "detail", id: detailId(each), hidden: !isOpen }, el("td", { colspan: this.columns.length }));
    const button = el(
      "button",
      { type: "button", "aria-expanded": String(isOpen), "aria-controls": detail.id, click: () => this.toggle(each) },
      oneLine(each.id),
    );
    if (isOpen) detail.firstChild.append(caseDetails(each));
    return [el("tr", { class: `row ${kindsOf(each)[0]}` }, this.cells(each, button)), detail];
  }

  toggle(each) {
    if (!this.opened.delete(each)) this.opened.add(each);
    const detail = document.getElementById(detailId(each));
    const isOpen = this.opened.has(each);
    detail.hidden = !isOpen;
    detail.firstChild.replaceChildren(...(isOpen ? [caseDetails(each)] : []));
    detail.previousElementSibling.querySelector("button").setAttribute("aria-expanded", String(isOpen));
  }

  /** Opens a case wherever it is, also past the filter. */
  open(each) {
    if (!this.found.includes(each)) this.showOnly({});
    this.opened.add(each);
    this.turnTo(Math.floor(this.found.indexOf(each) / PAGE));
    const detail = document.getElementById(detailId(each));
    detail.previousElementSibling.scrollIntoView({ block: "start" });
    focusRow(detail.previousElementSibling);
  }

  /** Moves the focus to the next case or the one before, over the edge of a page too. */
  move(step) {
    const rows = [...this.body.querySelectorAll("tr.row")];
    const row = document.activeElement?.closest("tr.row, tr.detail");
    const now = rows.indexOf(row?.classList.contains("detail") ? row.previousElementSibling : row);
    const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step;
    if (next in rows) focusRow(rows[next]);
    else if (this.page + step >= 0 && this.page + step < this.pages) {
      this.turnTo(this.page + step);
      focusRow([...this.body.querySelectorAll("tr.row")].at(step > 0 ? 0 : -1));
    }
  }
}

function focusRow(row) {
  row?.querySelector("button").focus();
}

/** Name, and what it sorts by; time and cost only where some answer has them. */
function shownColumns() {
  const isKnown = (name) => REPORT.cases.some((each) => SIDES.some((side) => runsOf(each, side).some((run) => run[name])));
  return [
    ["What"],
    ["Case", "id"],
    ["Score", "change"],
    ["Base"],
    ["Head"],
    ...(isKnown("latency_ms") ? [["Latency", "latency"]] : []),
    ...(isKnown("cost_usd") ? [["Cost", "cost"]] : []),
  ];
}

function scoreText(each) {
  const [base, head] = each.scores ?? [];
  if (base == null && head == null) return "";
  const difference = change(each);
  const tone = difference < 0 ? "bad" : difference > 0 ? "good" : "";
  return el("span", { class: `tone ${tone}` }, base === head ? score(head) : `${score(base)} → ${score(head)}`);
}

function fromTo(each, name, format) {
  const before = mean(runsOf(each, "base").map((run) => run[name]));
  const after = headMean(each, name);
  if (before == null && after == null) return "";
  return before == null || format(before) === format(after) ? format(after) : `${format(before)} → ${format(after)}`;
}

/** The beginning of both answers, from where they differ. */
function snippets(each) {
  const [before, after] = shownOutputs(each);
  const both = before !== undefined && after !== undefined;
  const [base, head] = both ? compared(whole(before), whole(after)) : [before, after].map((value) => [[whole(value), false]]);
  const runs = shownRuns(each);
  const lead = leading(base, head);
  const cell = (name, value, found) =>
    el(
      "td",
      { class: `snippet ${name}`, dir: "auto" },
      value === undefined
        ? (absence(each, runs[name], name) ?? "")
        : el("div", {}, markedText(excerpt(found, lead, SNIPPET), name, oneLine)),
    );
  if (both && whole(before) === whole(after)) {
    return [el("td", { class: "snippet both", dir: "auto", colspan: 2 }, el("div", {}, oneLine(whole(after).slice(0, 2 * SNIPPET))))];
  }
  return [cell("base", before, base), cell("head", after, head)];
}

// What the table is filtered by

class CaseControls {
  constructor(table) {
    this.table = table;
    this.kinds = el("div", { class: "chips", role: "group", "aria-label": "What became of the cases" });
    this.search = el("input", { type: "search", id: "search", placeholder: "find in ids, inputs and answers  ( / )", "aria-label": "Find", input: () => this.searchSoon() });
    this.suite = this.suiteSelect();
    this.slice = this.sliceSelect();
    this.differs = el("input", { type: "checkbox", id: "differs", change: () => table.show({ differs: this.differs.checked }) });
    this.order = this.orderSelect();
    this.confusion = el("span", {});
    this.clear = el("button", { type: "button", class: "quiet", click: () => table.showOnly({}) }, "clear");
    this.element = el(
      "div",
      { class: "controls", role: "search" },
      this.kinds,
      el("div", { class: "fields" }, this.search, this.suite, this.slice, this.order, el("label", {}, this.differs, " answers that differ"), this.confusion, this.clear),
    );
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.table.show({ text: this.search.value.trim() }), SEARCH_DELAY_MS);
  }

  suiteSelect() {
    if (REPORT.suites.length < 2) return null;
    const used = new Set(REPORT.cases.map((each) => each.suite));
    const options = REPORT.suites.map((suite, number) => used.has(number) && el("option", { value: number }, oneLine(suite.label)));
    const select = el("select", { "aria-label": "Suite" }, el("option", { value: "" }, "every suite"), options);
    select.addEventListener("change", () => this.table.show({ suite: select.value === "" ? null : Number(select.value) }));
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
      const values = [...this.slices].filter(([, slice]) => slice[0] === name).sort(([, one], [, other]) => (one[1] < other[1] ? -1 : 1));
      return el("optgroup", { label: name }, values.map(([key, [, value]]) => el("option", { value: key }, oneLine(`${name} = ${value}`))));
    });
    const select = el("select", { "aria-label": "Slice" }, el("option", { value: "" }, "every slice"), groups);
    select.addEventListener("change", () => this.table.show({ slice: this.slices.get(select.value) ?? null }));
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
    const select = el("select", { class: "order", "aria-label": "Order" }, orders.map(([value, name]) => el("option", { value }, name)));
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
    this.confusion.replaceChildren(...(filter.confusion ? oneLine(`${filter.confusion[0]} taken for ${filter.confusion[1]}`) : []));
    this.clear.hidden = JSON.stringify(filter) === JSON.stringify(NO_FILTER);
  }

  chip(kind, count) {
    const { kinds } = this.table.filter;
    const isOn = kinds.includes(kind);
    const toggle = () => this.table.show({ kinds: isOn ? kinds.filter((each) => each !== kind) : [...kinds, kind] });
    return el(
      "button",
      { type: "button", class: `chip kind ${kind}`, "aria-pressed": String(isOn), "data-kind": kind, click: toggle },
      `${kindWord(kind)} `,
      el("b", {}, grouped(count)),
    );
  }
}
