"use strict";

// Which cases there are, which of them are wanted, and in what order.

const KINDS = ["broke", "fixed", "lower", "higher", "errored", "added", "edited", "removed", "unchanged"];

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
