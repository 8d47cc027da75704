"use strict";

// Each suite by itself: what decides, how sure it is, slices, confusions, time and cost.

const MOST_SLICES = 40;
const MOST_LABELS = 16;
const MOST_CONFUSIONS = 12;

function suitesSection(showCases) {
  const told = REPORT.suites.filter((suite) => suite.is_told);
  if (!told.length) return null;
  return el(
    "section",
    { id: "suites", "data-title": told.length > 1 ? "Suites" : "Details" },
    el("h2", {}, told.length > 1 ? "Suite by suite" : "Details"),
    told.map((suite, place) => suiteDetails(suite, place === 0, showCases)),
  );
}

/** A suite that is laid out when it is opened. */
function suiteDetails(suite, isOpen, showCases) {
  const number = REPORT.suites.indexOf(suite);
  const summary = el("summary", {}, el("h3", {}, written(suite.label)), " ", phrase(suite));
  const details = el(
    "details",
    { id: `suite-${number}`, class: "suite", open: isOpen, toggle: fill },
    summary,
  );
  function fill() {
    if (details.open && details.childElementCount === 1) {
      details.append(el("div", { class: "parts" }, suiteParts(suite, number, showCases)));
    }
  }
  fill();
  return details;
}

function suiteParts(suite, number, showCases) {
  const cases = REPORT.cases.filter((each) => each.suite === number);
  return [
    part("Beside the scores", suite.facts.length ? described(writtenPairs(suite.facts)) : null),
    part("How sure", suite.trust.length ? described(writtenPairs(suite.trust)) : null),
    part("Slices", slicesPlot(suite, number, showCases), "wide"),
    part("Confusions", confusions(cases, number, showCases), "wide"),
    part(
      "Latency of an answer",
      distributions(
        "",
        sideValues(cases, (run) => run.latency_ms),
        duration,
      ),
    ),
    part(
      "Cost of an answer",
      distributions(
        "",
        sideValues(cases, (run) => run.cost_usd),
        money,
      ),
    ),
  ];
}

function part(title, content, size = "") {
  if (!content) return null;
  return el("section", { class: `part ${size}` }, el("h4", {}, title), content);
}

function writtenPairs(pairs) {
  return pairs.map(([name, text]) => [written(name), written(text)]);
}

function sideValues(cases, read) {
  const of = (side) => cases.flatMap((each) => (each[side] ?? []).map(read)).filter((value) => value != null);
  return { base: of("base"), head: of("head") };
}

// Slices

function slicesPlot(suite, number, showCases) {
  const slices = suite.slices.filter((each) => each.means);
  if (!slices.length) return null;
  const worstFirst = [...slices].sort((one, other) => (one.delta ?? 0) - (other.delta ?? 0));
  const names = [...new Set(worstFirst.map((each) => each.slice))];
  const scale = differenceScale(slices, []);
  return el(
    "table",
    { class: "slices" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["Slice", "Base → head"].map((name) => el("th", { scope: "col" }, name)),
        el(
          "th",
          { scope: "col", class: "plot" },
          el("span", { class: "unseen" }, "Interval"),
          differenceAxis(scale),
        ),
        ["Difference", "Cases"].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    names.map((name) =>
      sliceBody(
        worstFirst.filter((each) => each.slice === name),
        scale,
        (value) => showCases({ suite: number, slice: [name, value] }),
      ),
    ),
  );
}

function sliceBody(slices, scale, show) {
  const row = (each) =>
    el(
      "tr",
      { class: each.stands_out ? "stands-out" : "" },
      el(
        "th",
        { scope: "row" },
        el("a", { href: "#cases", click: () => show(each.value) }, written(`${each.slice} = ${each.value}`)),
        each.stands_out ? el("span", { class: "badge" }, "stands out") : null,
      ),
      el("td", { class: "number" }, each.means),
      el("td", { class: "plot" }, differencePlot(each, scale, {})),
      el("td", { class: "number" }, each.difference),
      el("td", { class: "changes" }, each.changes),
    );
  const rest = slices.slice(MOST_SLICES);
  return [
    el("tbody", {}, slices.slice(0, MOST_SLICES).map(row)),
    rest.length ? el("tbody", {}, el("tr", {}, el("td", { colspan: 5 }, moreButton(rest, row)))) : null,
  ];
}

function moreButton(rest, row) {
  const button = el("button", { type: "button", click: show }, `${counted(rest.length, "more value")}`);
  function show() {
    button.closest("tbody").replaceChildren(...rest.map(row));
  }
  return button;
}

// Confusions

/** How often each label was predicted where another one was right, on both sides; null where there are none. */
function confusions(cases, number, showCases) {
  const sides = { base: confusionCounts(cases, "base"), head: confusionCounts(cases, "head") };
  if (!sides.head.size && !sides.base.size) return null;
  const labels = confusedLabels(sides);
  if (labels.length < 2) return null;
  const show = (expected, predicted) => showCases({ suite: number, confusion: [expected, predicted] });
  const wrong = worstConfusions(sides);
  return el(
    "div",
    { class: "side-by-side" },
    wrong.length ? confusionList(wrong, show) : el("p", {}, "No case got a wrong label."),
    confusionMatrices(sides, labels, show),
  );
}

/** Weights by expected and predicted label, as one key; several answers to a case share its weight. */
function confusionCounts(cases, side) {
  const counts = new Map();
  for (const each of cases) {
    const labelled = (each[side] ?? []).filter((run) => run.labels);
    for (const {
      labels: [predicted, expected],
    } of labelled) {
      const key = JSON.stringify([expected, predicted]);
      counts.set(key, (counts.get(key) ?? 0) + (each.weight ?? 1) / labelled.length);
    }
  }
  return counts;
}

/** The labels, those with the most wrong answers first. */
function confusedLabels(sides) {
  const wrong = new Map();
  for (const counts of Object.values(sides)) {
    for (const [key, count] of counts) {
      const [expected, predicted] = JSON.parse(key);
      wrong.set(expected, (wrong.get(expected) ?? 0) + (expected === predicted ? 0 : count));
    }
  }
  return [...wrong]
    .sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
    .map(([label]) => label);
}

function worstConfusions(sides) {
  const keys = new Set([...sides.base.keys(), ...sides.head.keys()]);
  return [...keys]
    .map((key) => [...JSON.parse(key), sides.base.get(key) ?? 0, sides.head.get(key) ?? 0])
    .filter(([expected, predicted]) => expected !== predicted)
    .sort((one, other) => other[3] - one[3] || other[2] - one[2] || (one[0] < other[0] ? -1 : 1));
}

function confusionList(wrong, show) {
  const left = wrong.length - MOST_CONFUSIONS;
  return el(
    "table",
    { class: "confusions" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["Expected", "Predicted", "Base", "Head"].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el(
      "tbody",
      {},
      wrong
        .slice(0, MOST_CONFUSIONS)
        .map(([expected, predicted, base, head]) =>
          el(
            "tr",
            {},
            el(
              "th",
              { scope: "row" },
              el("a", { href: "#cases", click: () => show(expected, predicted) }, oneLine(expected)),
            ),
            el("td", {}, oneLine(predicted)),
            el("td", { class: "number" }, count(base)),
            el("td", { class: "number" }, count(head), " ", changed(head - base)),
          ),
        ),
    ),
    left > 0 ? el("tfoot", {}, el("tr", {}, el("td", { colspan: 4 }, counted(left, "other pair")))) : null,
  );
}

function count(value) {
  return value ? String(Number(value.toPrecision(4))) : "·";
}

function changed(difference) {
  if (!difference) return null;
  const tone = difference > 0 ? "bad" : "good";
  return el("span", { class: `tone ${tone}` }, `${difference > 0 ? "+" : "−"}${count(Math.abs(difference))}`);
}

const OTHER = "\u0000other";

function confusionMatrices(sides, labels, show) {
  const shown = labels.slice(0, MOST_LABELS);
  const title =
    shown.length < labels.length
      ? `The ${shown.length} most confused of ${labels.length} labels`
      : "All labels";
  const names = Object.keys(sides).filter((side) => sides[side].size);
  return el(
    "details",
    { class: "matrices", open: labels.length <= MOST_LABELS },
    el("summary", {}, `${title}: expected down, predicted across`),
    el(
      "div",
      { class: "matrix-row" },
      names.map((side) => confusionMatrix(side, sides[side], shown, show)),
    ),
  );
}

function confusionMatrix(side, counts, labels, show) {
  const known = new Set(labels);
  const folded = new Map();
  for (const [key, weight] of counts) {
    const [expected, predicted] = JSON.parse(key);
    if (!known.has(expected)) continue;
    const place = JSON.stringify([expected, known.has(predicted) ? predicted : OTHER]);
    folded.set(place, (folded.get(place) ?? 0) + weight);
  }
  const hasOther = labels.some((label) => folded.has(JSON.stringify([label, OTHER])));
  const columns = hasOther ? [...labels, OTHER] : labels;
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": `Confusion matrix of the ${side}` },
    el(
      "table",
      { class: "matrix" },
      el("caption", {}, side),
      el("thead", {}, el("tr", {}, el("td", {}), columns.map(columnHeading))),
      el(
        "tbody",
        {},
        labels.map((expected) => matrixRow(expected, columns, folded, show)),
      ),
    ),
  );
}

function columnHeading(label) {
  const text = label === OTHER ? "other" : label;
  return el("th", { scope: "col", title: text }, el("span", {}, oneLine(text)));
}

function matrixRow(expected, columns, counts, show) {
  const values = columns.map((predicted) => counts.get(JSON.stringify([expected, predicted])) ?? 0);
  const sum = values.reduce((total, value) => total + value, 0) || 1;
  return el(
    "tr",
    {},
    el("th", { scope: "row", title: expected }, oneLine(expected)),
    columns.map((predicted, place) => {
      const isRight = predicted === expected;
      const text = count(values[place]);
      const link = values[place] && !isRight && predicted !== OTHER;
      const cell = el(
        "td",
        { class: isRight ? "right" : "wrong" },
        link ? el("a", { href: "#cases", click: () => show(expected, predicted) }, text) : text,
      );
      cell.style.setProperty("--share", String(values[place] / sum));
      return cell;
    }),
  );
}
