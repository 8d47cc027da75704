"use strict";

// Whatever a text holds, it reaches the page as a text node: nothing here parses markup.

const REPORT = JSON.parse(document.getElementById("data").textContent);

const SVG = "http://www.w3.org/2000/svg";

/** What would steer how text is shown: escape sequences, text direction, invisible and halved characters. */
const STEERING = /((?![\n\t\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])/u;

/** An element with attributes (functions are listeners, false and null are left out) and children. */
function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Text of models, datasets and people as nodes; what would steer it is spelled out. */
function written(text) {
  if (!text) return [];
  if (!STEERING.test(text)) return [text];
  return text
    .split(new RegExp(STEERING, "gu"))
    .map((part, place) => (place % 2 ? el("span", { class: "steering" }, spelled(part)) : part));
}

/** The same on one line. */
function oneLine(text) {
  return written(text.replaceAll("\n", " ⏎ "));
}

function spelled(character) {
  return `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`;
}

/** The text of a value that may have been cut. */
function whole(value) {
  return typeof value === "string" ? value : (value?.text ?? "");
}

/** What is missing of a text that was cut. */
function cutNote(value) {
  if (value == null || typeof value === "string") return null;
  const left = value.before + value.behind;
  const where = value.before
    ? `${grouped(value.before)} before and ${grouped(value.behind)} behind`
    : "behind";
  const told = `${grouped(left)} characters are left out here${value.before ? ` (${where})` : ""}`;
  return el(
    "p",
    { class: "note" },
    `${told}; `,
    el("code", {}, "promptops diff --case ID"),
    " shows all of it",
  );
}

function grouped(number) {
  return number.toLocaleString("en-US");
}

function counted(count, noun) {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function points(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value * 100).toFixed(1)} pts`;
}

function score(value) {
  return value == null ? "–" : String(Number(value.toPrecision(3)));
}

function duration(ms) {
  if (ms == null) return "–";
  if (ms < 1) return "<1 ms";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function money(usd) {
  if (usd == null) return "–";
  return usd === 0 || usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(2))}`;
}

function mean(values) {
  const known = values.filter((value) => value != null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** A list of names with their texts; what has no name belongs to the name before it. */
function described(pairs) {
  const rows = pairs.map(([name, value]) => [name.length ? el("dt", {}, name) : null, el("dd", {}, value)]);
  return el("dl", { class: "facts" }, rows);
}
