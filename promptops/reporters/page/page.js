"use strict";

// Lays the page out and listens to keys.

const KEYS = [
  ["j  or  ↓", "the next case"],
  ["k  or  ↑", "the case before"],
  ["Enter", "open or close the case"],
  ["/", "find"],
  ["Escape", "leave the field, or show all cases again"],
  ["[  and  ]", "the page before, the next page"],
  ["t", "light, dark, or as the system has it"],
  ["?", "these keys"],
];
const THEMES = ["auto", "light", "dark"];
const FAVICON_COLOURS = { bad: "#c0392b", unsure: "#d29922", good: "#2e8b57", invalid: "#7d5ba6" };

const table = new CaseTable();
const dialog = document.getElementById("keys");

function layOut() {
  const main = document.getElementById("main");
  document.getElementById("verb").textContent = REPORT.verb;
  main.querySelector(".verdict").append(...verdictDetails((kind) => table.showOnly({ kinds: [kind] })));
  const show = (filter) => table.showOnly(filter);
  const sections = [
    scoresSection(),
    promptsSection(),
    REPORT.cases.length ? table.element : null,
    suitesSection(show),
    document.getElementById("history"),
  ];
  main.append(...sections.filter(Boolean));
  const links = [...main.querySelectorAll("section[data-title]")].map((section) =>
    el("a", { href: `#${section.id}` }, section.dataset.title),
  );
  document.getElementById("sections").append(...links);
  const colour = FAVICON_COLOURS[REPORT.tone] ?? "#888888";
  const icon = `<svg xmlns="${SVG}" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${colour}"/></svg>`;
  document.querySelector("link[rel=icon]").href = `data:image/svg+xml,${encodeURIComponent(icon)}`;
}

// Light and dark

const themeButton = document.getElementById("theme");

function keptTheme() {
  try {
    return localStorage.getItem("promptops-theme");
  } catch {
    return null; // A page from a file may have no store.
  }
}

function useTheme(theme) {
  document.documentElement.dataset.theme = theme;
  themeButton.textContent = theme;
  themeButton.setAttribute("aria-label", `Colours: ${theme}`);
}

function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  useTheme(theme);
  try {
    localStorage.setItem("promptops-theme", theme);
  } catch {
    // It holds for this visit.
  }
}

// Keys

function showKeys() {
  const close = el("button", { type: "button", click: () => dialog.close() }, "close");
  const keys = el(
    "dl",
    { class: "facts" },
    KEYS.map(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)]),
  );
  dialog.replaceChildren(el("h2", { id: "keys-title" }, "Keys"), keys, close);
  dialog.showModal();
}

const ON_KEY = {
  j: () => table.move(1),
  k: () => table.move(-1),
  "/": () => table.controls.search.focus(),
  "[": () => table.turnTo(table.page - 1),
  "]": () => table.turnTo(Math.min(table.page + 1, table.pages - 1)),
  t: nextTheme,
  "?": showKeys,
  Escape: () => table.showOnly({}),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  const isField = event.target.matches("input, select, textarea");
  if (isField) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const inTable = event.target.closest?.("tr.row, tr.detail");
  const key =
    inTable && event.key === "ArrowDown" ? "j" : inTable && event.key === "ArrowUp" ? "k" : event.key;
  const act = ON_KEY[key];
  if (act) {
    event.preventDefault();
    act();
  }
}

// Where an address points to

function goToHash() {
  const found = caseAt(location.hash);
  if (found) table.open(found);
  const suite = location.hash.startsWith("#suite-") ? document.getElementById(location.hash.slice(1)) : null;
  if (suite) {
    suite.open = true;
    suite.scrollIntoView();
  }
}

// On paper everything is open

let closed = [];

function beforePrint() {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) {
    details.open = true;
    // The browser tells it too late for the print.
    details.dispatchEvent(new Event("toggle"));
  }
}

function afterPrint() {
  for (const details of closed) details.open = false;
}

useTheme(THEMES.includes(keptTheme()) ? keptTheme() : "auto");
layOut();
goToHash();
themeButton.addEventListener("click", nextTheme);
document.getElementById("show-keys").addEventListener("click", showKeys);
document.addEventListener("keydown", onKey);
addEventListener("hashchange", goToHash);
addEventListener("beforeprint", beforePrint);
addEventListener("afterprint", afterPrint);
