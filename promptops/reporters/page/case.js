"use strict";

// One case in full: what was asked, what both sides answered, how that was scored.

const SIDES = ["base", "head", "branch"];

function runsOf(each, side) {
  return each[side] ?? [];
}

/** The head's answers, or those that only the branch's version of the case has. */
function headRuns(each) {
  return each.head ?? each.branch ?? [];
}

/** The answer of a run; the head's is left out of the data where it is the base's. */
function outputOf(each, run, place) {
  return run.output ?? runsOf(each, "base")[place]?.output;
}

/** The answers of both sides that stand for the case: the pair that shows a difference best. */
function shownRuns(each) {
  const [base, head] = each.shown;
  return { base: runsOf(each, "base")[base], head: headRuns(each)[head] };
}

function shownOutputs(each) {
  const { base, head } = shownRuns(each);
  return [base?.output, head && !head.lost ? outputOf(each, head, each.shown[1]) : undefined];
}

/** Why there is no answer to show, as a node; null where there is one. */
function absence(each, run, side) {
  if (!run) return el("p", { class: "note" }, side === "base" ? (each.absent ?? "not run") : "not run");
  return run.lost ? el("p", { class: "note lost" }, written(whole(run.lost))) : null;
}

function caseDetails(each) {
  const suite = REPORT.suites[each.suite];
  return el(
    "article",
    { class: "one-case" },
    asked(each),
    sidesOf(each),
    scoresOf(each, suite),
    otherRuns(each),
    el(
      "p",
      { class: "note" },
      el("a", { href: caseHash(each) }, "link to this case"),
      " · in a terminal ",
      el("code", {}, `${REPORT.diff} --case `, written(shellWord(each.id))),
    ),
  );
}

/** Whoever copies a command runs it: no id may be more than one word. */
function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function asked(each) {
  const rows = (each.fields ?? []).map(([name, value]) => [written(name), valueText(value)]);
  if (each.expected != null) rows.push(["expected", valueText(each.expected)]);
  for (const [name, value] of Object.entries(each.slices ?? {}))
    rows.push([written(`slice ${name}`), written(value)]);
  return rows.length ? described(rows) : null;
}

function valueText(value) {
  return [el("div", { class: "text", dir: "auto" }, written(whole(value))), cutNote(value)];
}

// Both answers beside each other

function sidesOf(each) {
  const runs = shownRuns(each);
  const turns = Math.max(runs.base?.turns?.length ?? 0, runs.head?.turns?.length ?? 0);
  const [before, after] = shownOutputs(each);
  const [base, head] = compared(whole(before), whole(after));
  const both = before !== undefined && after !== undefined;
  return el(
    "div",
    { class: "sides" },
    side(each, "base", runs.base, turns ? null : [before, both ? base : [[whole(before), false]]]),
    side(each, "head", runs.head, turns ? null : [after, both ? head : [[whole(after), false]]]),
    turns ? conversation(runs, turns) : null,
  );
}

function side(each, name, run, answer) {
  return el(
    "section",
    { class: `side ${name}` },
    el("h3", {}, name, el("span", { class: "figures" }, figures(each, run))),
    absence(each, run, name) ?? (answer ? answerText(name, ...answer) : null),
    failureOf(run),
    documentsOf(each, name, run),
  );
}

function answerText(name, value, found) {
  const text = found.some(([part]) => part) ? markedText(found, name) : el("i", {}, "(empty)");
  return [el("div", { class: "text output", dir: "auto" }, text), cutNote(value)];
}

function figures(each, run) {
  if (!run || run.lost) return "";
  const parts = [];
  if (run.latency_ms) parts.push(duration(run.latency_ms));
  if (run.cost_usd) parts.push(money(run.cost_usd));
  if (run.tokens) parts.push(`${grouped(run.tokens[0])} + ${counted(run.tokens[1], "token")}`);
  return parts.join(" · ");
}

function documentsOf(each, name, run) {
  if (!run?.documents || whole(run.output) === run.documents.join("\n")) return null;
  const other = shownRuns(each)[name === "base" ? "head" : "base"]?.documents;
  const known = new Set(other ?? run.documents);
  const element = name === "base" ? "del" : "ins";
  return el(
    "details",
    { class: "documents", open: run.documents.length <= 5 },
    el("summary", {}, `${counted(run.documents.length, "document")} retrieved`),
    el(
      "ol",
      {},
      run.documents.map((id) => el("li", {}, known.has(id) ? written(id) : el(element, {}, written(id)))),
    ),
  );
}

function conversation(runs, turns) {
  return Array.from({ length: turns }, (_, place) => {
    const [base, head] = ["base", "head"].map((name) => runs[name]?.turns?.[place]);
    const found = compared(whole(base?.said), whole(head?.said));
    return el(
      "div",
      { class: "turn" },
      userText(base, head),
      [
        ["base", base],
        ["head", head],
      ].map(([name, turn], column) =>
        el(
          "div",
          { class: `side ${name}` },
          turn ? [answerText(name, turn.said, found[column]), failureOf(turn)] : null,
        ),
      ),
    );
  });
}

function userText(base, head) {
  const said = whole((head ?? base).user);
  return said ? el("p", { class: "user", dir: "auto" }, el("b", {}, "user "), written(said)) : null;
}

/** How the model failed by itself. */
function failureOf(answer) {
  return answer?.failure
    ? el("p", { class: "note lost" }, "the answer itself failed: ", written(whole(answer.failure)))
    : null;
}

// Scores

function scoresOf(each, suite) {
  const sides = SIDES.filter((name) => runsOf(each, name).some((run) => run.scores));
  const rows = suite.metrics
    .map((metric, place) => [metric, sides.map((name) => scoresIn(each, name, place))])
    .filter(([, cells]) => cells.some((cell) => cell.length));
  if (!rows.length) return null;
  const heading = { base: "base", head: "head", branch: "by the branch's ruler" };
  return el(
    "table",
    { class: "reasons" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["score", ...sides.map((name) => heading[name])].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el(
      "tbody",
      {},
      rows.map(([metric, cells]) =>
        el(
          "tr",
          { class: metric.primary ? "primary" : "" },
          el("th", { scope: "row" }, written(metric.name)),
          cells.map((cell) => el("td", {}, cell)),
        ),
      ),
    ),
  );
}

/** The values of a metric on one side, one for each run, each with its reason. */
function scoresIn(each, name, place) {
  return runsOf(each, name)
    .map((run) => run.scores?.[place] ?? (run.scores ? null : false))
    .filter((value) => value !== false)
    .map((value) => {
      const [number, reason] = Array.isArray(value) ? value : [value, ""];
      const shown = number === null ? "cannot tell" : score(number);
      return el("div", {}, el("b", {}, shown), " ", written(whole(reason)));
    });
}

// Further runs of the case, and what it is on the branch

function otherRuns(each) {
  const several = [
    ["base", runsOf(each, "base")],
    ["head", runsOf(each, "head")],
    ["branch", each.head ? runsOf(each, "branch") : []],
  ].filter(([name, runs]) => runs.length > (name === "branch" ? 0 : 1));
  if (!several.length) return null;
  return el(
    "details",
    { class: "runs" },
    el(
      "summary",
      {},
      several.map(([name, runs]) => `${counted(runs.length, "answer")} of the ${name}`).join(", "),
    ),
    several.map(([name, runs]) =>
      runs.map((run, place) =>
        el(
          "section",
          {},
          el("h4", {}, `${name}, run ${place + 1}`, el("span", { class: "figures" }, figures(each, run))),
          absence(each, run, name) ?? answerText(name, ...runAnswer(each, run, place, name)),
        ),
      ),
    ),
  );
}

function runAnswer(each, run, place, name) {
  const output = name === "head" ? outputOf(each, run, place) : run.output;
  return [output, [[whole(output), false]]];
}
