"use strict";

// Charts as inline SVG. Places are percent of the width, so that they fit every screen without measuring it.

/** Round numbers between two limits, about so many. */
function ticks(low, high, about) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, place) => (first + place) * step);
}

/** Where values lie between two limits, in percent. */
function linear(low, high) {
  const at = (value) => `${(100 * (value - low)) / (high - low || 1)}%`;
  return { low, high, at };
}

// Differences with their intervals

/** One scale for differences that are to be compared by eye; zero is always on it. */
function differenceScale(metrics, marks) {
  const values = metrics.flatMap((metric) => [metric.delta, metric.low, metric.high]);
  const known = [...values, ...marks.flatMap((mark) => [mark.margin, mark.budget]), 0, 0.01];
  const numbers = known.filter((value) => value != null && Math.abs(value) <= 1);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const room = (high - low) * 0.06;
  return linear(low - room, high + room);
}

function differenceAxis(scale) {
  const marks = ticks(scale.low, scale.high, 6).map((value) => [
    svg("line", { x1: scale.at(value), x2: scale.at(value), y1: 16, y2: 20, class: "tick" }),
    svg("text", { x: scale.at(value), y: 12, "text-anchor": "middle" }, signed(value)),
  ]);
  return svg("svg", { class: "axis", height: 20, "aria-hidden": "true" }, marks);
}

function signed(value) {
  const shown = Number((Math.abs(value) * 100).toPrecision(6));
  return shown === 0 ? "0" : `${value < 0 ? "−" : "+"}${shown}`;
}

/** A difference with its interval; the line is no change, dashes are the margin, dots the budget. */
function differencePlot(metric, scale, marks) {
  const { delta, low, high } = metric;
  if (delta == null || Math.max(...[delta, low, high].map((value) => Math.abs(value ?? 0))) > 1) return "";
  const upright = (value, name) =>
    svg("line", { x1: scale.at(value), x2: scale.at(value), y1: 0, y2: "100%", class: name });
  return svg(
    "svg",
    { class: `difference ${metric.tone}`, role: "img", "aria-label": `difference ${metric.difference}` },
    svg("title", {}, `${metric.difference}${marksText(marks)}`),
    marks.margin ? upright(marks.margin, "margin") : null,
    marks.budget ? upright(marks.budget, "budget") : null,
    upright(0, "zero"),
    low == null || high == null
      ? null
      : svg("line", { x1: scale.at(low), x2: scale.at(high), y1: 18, y2: 18, class: "interval" }),
    svg("circle", { cx: scale.at(delta), cy: 18, r: 4.5, class: "delta" }),
  );
}

function marksText(marks) {
  const parts = [];
  if (marks.margin) parts.push(`margin ${points(marks.margin)}`);
  if (marks.budget) parts.push(`budget ${points(marks.budget)}`);
  return parts.length ? `; ${parts.join(", ")}` : "";
}

// Distributions

const BINS = 36;
/** Values that reach so far are told apart on a scale of powers only. */
const WIDE = 20;

/** Histograms of both sides above each other on one scale, with the median and the 95th percentile. */
function distributions(title, sides, format) {
  const positive = Object.values(sides)
    .flat()
    .filter((value) => value > 0);
  if (!positive.length) return null;
  const scale = valueScale(positive);
  const tallies = Object.entries(sides).map(([side, values]) => [side, values, tally(values, scale)]);
  const most = Math.max(1, ...tallies.flatMap(([, , counts]) => counts));
  return el(
    "figure",
    { class: "distribution" },
    el("figcaption", {}, title),
    tallies
      .filter(([, values]) => values.length)
      .map(([side, values, counts]) =>
        el(
          "div",
          { class: `histogram ${side}` },
          el("p", {}, el("b", {}, side), ` ${quantilesText(values, format)}`),
          histogram(side, values, counts, most, scale, format),
        ),
      ),
    valueAxis(scale, format),
  );
}

function quantilesText(values, format) {
  return `p50 ${format(quantile(values, 0.5))} · p95 ${format(quantile(values, 0.95))} · ${counted(values.length, "answer")}`;
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

function valueScale(values) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (high / low <= WIDE) {
    const edges =
      low === high ? [0, 2 * high] : [Math.max(0, low - (high - low) * 0.05), high + (high - low) * 0.05];
    const scale = linear(...edges);
    return { ...scale, turned: (value) => value, ticks: ticks(...edges, 5) };
  }
  const [from, to] = [Math.log10(low) - 0.05, Math.log10(high) + 0.05];
  const decades = Array.from(
    { length: Math.ceil(to) - Math.floor(from) + 1 },
    (_, place) => Math.floor(from) + place,
  );
  const steps = to - from > 3 ? [1] : [1, 3];
  const marks = decades.flatMap((decade) => steps.map((step) => step * 10 ** decade));
  const scale = linear(from, to);
  const turned = (value) => Math.log10(Math.max(value, low));
  return {
    ...scale,
    at: (value) => scale.at(turned(value)),
    turned,
    ticks: marks.filter((mark) => Math.log10(mark) >= from && Math.log10(mark) <= to),
  };
}

function tally(values, scale) {
  const counts = new Array(BINS).fill(0);
  for (const value of values) {
    const share = (scale.turned(value) - scale.low) / (scale.high - scale.low);
    counts[Math.min(BINS - 1, Math.max(0, Math.floor(share * BINS)))]++;
  }
  return counts;
}

function histogram(side, values, counts, most, scale, format) {
  const width = 100 / BINS;
  const bars = counts.map((count, place) =>
    count
      ? svg("rect", {
          x: `${place * width + width * 0.06}%`,
          width: `${width * 0.88}%`,
          y: `${100 - Math.max(2, (100 * count) / most)}%`,
          height: `${Math.max(2, (100 * count) / most)}%`,
        })
      : null,
  );
  const marks = [0.5, 0.95].map((share) => {
    const x = scale.at(quantile(values, share));
    return svg("line", { x1: x, x2: x, y1: 0, y2: "100%", class: "quantile" });
  });
  const label = `${side}: ${quantilesText(values, format)}`;
  return svg("svg", { height: 56, role: "img", "aria-label": label }, bars, marks);
}

function valueAxis(scale, format) {
  const marks = scale.ticks.map((value) =>
    svg("text", { x: scale.at(value), y: 13, "text-anchor": "middle" }, format(value)),
  );
  return svg("svg", { class: "axis", height: 18, "aria-hidden": "true" }, marks);
}
