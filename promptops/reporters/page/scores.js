"use strict";

// The verdict, the scores of every suite, and what changed of the prompts.

/** What is told below the verdict: what it means, how many cases changed, and how to see it again. */
function verdictDetails(showKind) {
  return [
    el("p", { class: "kinds", "aria-label": "Cases by what became of them" }, kindLinks(showKind)),
    el("p", { class: "command" }, el("code", {}, written(REPORT.command)), copyButton(REPORT.command)),
    el("p", { class: "origin" }, written(REPORT.origin.join(" · "))),
  ];
}

function kindLinks(showKind) {
  const counts = countedKinds(REPORT.cases);
  return KINDS.filter((kind) => counts[kind]).map((kind) =>
    el(
      "a",
      { href: "#cases", class: `kind ${kind}`, click: () => showKind(kind) },
      el("b", {}, grouped(counts[kind])),
      ` ${kindWord(kind)}`,
    ),
  );
}

function copyButton(text) {
  const button = el("button", { type: "button", class: "quiet", click: copy }, "copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "selected";
    }
  }
  return button;
}

function scoresSection() {
  const told = REPORT.suites.filter((suite) => suite.is_told);
  if (!told.length && !REPORT.notes.length) return null;
  return el(
    "section",
    { id: "scores", "data-title": "Scores" },
    el("h2", {}, "Scores"),
    told.length ? scoresTable(told) : null,
    el(
      "ul",
      { class: "notes" },
      [...legend(told), ...REPORT.notes].map((note) => el("li", {}, written(note))),
    ),
  );
}

/** What the upright lines of the plots are. */
function legend(told) {
  const has = (name) => told.some((suite) => suite.marks[name]);
  const lines = [
    "line: no change",
    ...(has("margin") ? ["dashes: margin"] : []),
    ...(has("budget") ? ["dots: budget"] : []),
  ];
  return lines.length > 1 ? [`in the plots, in points; ${lines.join(", ")}`] : [];
}

function scoresTable(told) {
  const shown = (suite) => suite.metrics.filter((metric) => metric.is_shown);
  const compared = [...told.flatMap(shown), ...(REPORT.overall ? [REPORT.overall] : [])];
  const scale = differenceScale(
    compared,
    told.map((suite) => suite.marks),
  );
  const bodies = told.map((suite) => el("tbody", {}, suiteRows(suite, shown(suite), scale)));
  if (REPORT.overall) {
    const heading = el("th", { scope: "rowgroup", class: "suite" }, "all suites");
    bodies.push(
      el("tbody", {}, scoreRow(heading, REPORT.overall, scale, {}, phrase(REPORT.overall), "pooled")),
    );
  }
  return el(
    "table",
    { class: "scores" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["Suite", "Metric", "Base → head", "Difference"].map((name) => el("th", { scope: "col" }, name)),
        el(
          "th",
          { scope: "col", class: "plot" },
          el("span", { class: "unseen" }, "Interval"),
          differenceAxis(scale),
        ),
        ["Cases", "Verdict"].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    bodies,
  );
}

function suiteRows(suite, metrics, scale) {
  const place = REPORT.suites.indexOf(suite);
  const link = el("a", { href: `#suite-${place}` }, written(suite.label));
  const heading = el("th", { scope: "rowgroup", class: "suite", rowspan: metrics.length || 1 }, link);
  if (!metrics.length) {
    return el("tr", {}, heading, el("td", { colspan: 5 }), el("td", { class: "phrase" }, phrase(suite)));
  }
  return metrics.map((metric, row) =>
    scoreRow(
      row ? null : heading,
      metric,
      scale,
      suite.marks,
      metric.primary ? phrase(suite) : null,
      nameOf(metric),
    ),
  );
}

/** A metric in brackets does not gate. */
function nameOf(metric) {
  return metric.primary ? metric.name : `(${metric.name})`;
}

function scoreRow(heading, metric, scale, marks, verdict, name) {
  return el(
    "tr",
    { class: metric.primary ? "primary" : "beside" },
    heading,
    el("th", { scope: "row" }, written(name)),
    el("td", { class: "number" }, metric.means),
    el("td", { class: "number" }, metric.difference),
    el("td", { class: "plot" }, differencePlot(metric, scale, marks)),
    el("td", { class: "changes" }, metric.changes),
    el("td", { class: "phrase" }, verdict),
  );
}

/** A verdict in its colour. */
function phrase(suite) {
  return el("span", { class: `tone ${suite.tone}` }, written(suite.phrase));
}

// What changed of the prompts

const MOST_LINES = 40;

function promptsSection() {
  if (!REPORT.prompts.length) return null;
  return el(
    "section",
    { id: "prompts", "data-title": "Prompts" },
    el("h2", {}, "What changed of the prompts"),
    REPORT.prompts.map((prompt) =>
      el(
        "article",
        { class: "prompt" },
        el("h3", {}, written(prompt.prompt)),
        prompt.changes.map((change) => [el("p", {}, written(change.what)), diffLines(change.diff)]),
      ),
    ),
  );
}

/** A unified diff; of lines that stand for each other also the words that differ. */
function diffLines(lines) {
  if (!lines.length) return null;
  const isNumbered = lines.filter((line) => line.startsWith("@@")).length > 1;
  const rows = diffRows(isNumbered ? lines : lines.filter((line) => !line.startsWith("@@")));
  const first = el(
    "div",
    { class: "diff", role: "group", "aria-label": "changed lines" },
    rows.slice(0, MOST_LINES),
  );
  if (rows.length <= MOST_LINES) return first;
  const rest = el("div", { class: "diff" }, rows.slice(MOST_LINES));
  const summary = el("summary", {}, `${counted(rows.length - MOST_LINES, "more line")}`);
  return [first, el("details", {}, summary, rest)];
}

function diffRows(lines) {
  const rows = [];
  for (let place = 0; place < lines.length;) {
    const removed = run(lines, place, "-");
    const added = run(lines, place + removed.length, "+");
    if (!removed.length && !added.length) rows.push(diffRow(lines[place++]));
    else {
      const pairs = removed.map((line, each) =>
        each in added ? compared(line.slice(1), added[each].slice(1)) : null,
      );
      removed.forEach((line, each) => rows.push(diffRow(line, pairs[each]?.[0], "base")));
      added.forEach((line, each) => rows.push(diffRow(line, pairs[each]?.[1], "head")));
      place += removed.length + added.length;
    }
  }
  return rows;
}

function run(lines, start, sign) {
  let end = start;
  while (end < lines.length && lines[end].startsWith(sign)) end++;
  return lines.slice(start, end);
}

const LINE_KINDS = { "+": "added", "-": "removed", "@": "place" };

function diffRow(line, found, side) {
  const kind = LINE_KINDS[line[0]] ?? "";
  const text = found ? markedText(found, side) : written(kind === "place" ? line : line.slice(1));
  const sign = kind === "place" ? "" : line[0];
  return el("div", { class: `line ${kind}` }, el("span", { class: "sign" }, sign), el("span", {}, text));
}
