"use strict";

// The table of cases: a page at a time, each row opened in place.

const PAGE = 50;
const SNIPPET = 150;

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
      REPORT.left_out
        ? el(
            "p",
            { class: "note" },
            `The texts of ${REPORT.left_out} are left out: the file would be too large`,
          )
        : null,
    );
    this.update();
  }

  headings() {
    const heading = (name, by) => {
      const style = name.toLowerCase();
      if (!by) return el("th", { scope: "col", class: style }, name);
      const state = this.order.by !== by ? "none" : this.order.descending ? "descending" : "ascending";
      const sort = () => this.sortBy(by);
      return el(
        "th",
        { scope: "col", class: style, "aria-sort": state },
        el("button", { type: "button", click: sort }, name),
      );
    };
    return el(
      "tr",
      {},
      this.columns.map(([name, by]) => heading(name, by)),
    );
  }

  cells(each, button) {
    const suite = REPORT.suites[each.suite];
    const label = REPORT.suites.length > 1 ? el("small", {}, written(suite.label)) : null;
    const has = (by) => this.columns.some((column) => column[1] === by);
    return [
      el(
        "td",
        { class: "what" },
        kindsOf(each).map((kind) => el("span", { class: `kind ${kind}` }, kindWord(kind))),
      ),
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
    this.found = sorted(
      passing.filter((each) => hasKind(each, this.filter.kinds)),
      this.order,
    );
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
    const detail = el(
      "tr",
      { class: "detail", id: detailId(each), hidden: !isOpen },
      el("td", { colspan: this.columns.length }),
    );
    const button = el(
      "button",
      {
        type: "button",
        "aria-expanded": String(isOpen),
        "aria-controls": detail.id,
        click: () => this.toggle(each),
      },
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
  const isKnown = (name) =>
    REPORT.cases.some((each) => SIDES.some((side) => runsOf(each, side).some((run) => run[name])));
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
  return el(
    "span",
    { class: `tone ${tone}` },
    base === head ? score(head) : `${score(base)} → ${score(head)}`,
  );
}

function fromTo(each, name, format) {
  const before = mean(runsOf(each, "base").map((run) => run[name]));
  const after = headMean(each, name);
  if (before == null && after == null) return "";
  return before == null || format(before) === format(after)
    ? format(after)
    : `${format(before)} → ${format(after)}`;
}

/** The beginning of both answers, from where they differ. */
function snippets(each) {
  const [before, after] = shownOutputs(each);
  const both = before !== undefined && after !== undefined;
  const [base, head] = both
    ? compared(whole(before), whole(after))
    : [before, after].map((value) => [[whole(value), false]]);
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
    return [
      el(
        "td",
        { class: "snippet both", dir: "auto", colspan: 2 },
        el("div", {}, oneLine(whole(after).slice(0, 2 * SNIPPET))),
      ),
    ];
  }
  return [cell("base", before, base), cell("head", after, head)];
}
