"use strict";

// Which words of two texts differ. A piece of a text is [text, whether the other side lacks it].

const IDEOGRAPHS = "[\\p{Ideographic}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}]";
const WORDS = new RegExp(`\\s+|${IDEOGRAPHS}|(?:(?!${IDEOGRAPHS})[\\p{L}\\p{M}\\p{N}_])+|[^]`, "gu");
const LINES = /[^\n]*\n|[^\n]+/g;
/** So many pairs of words are held against each other; where there are more, lines are compared instead. */
const MOST_PAIRS = 2_000_000;
const LITTLE = 12;
const ALIKE = 0.25;
const CRUMB = 3;
const LONGEST_WORD = 25;

/** Both texts in pieces. Long texts with hardly a word in common stay whole: marks would say nothing. */
function compared(base, head) {
  for (const pattern of [WORDS, LINES]) {
    const before = base.match(pattern) ?? [];
    const after = head.match(pattern) ?? [];
    const common = inCommon(before, after);
    if (common) return marked(before, after, common);
  }
  return unmarked(base, head);
}

function unmarked(base, head) {
  return [[[base, false]], [[head, false]]];
}

function marked(before, after, common) {
  const longer = Math.max(before.length, after.length);
  const ratio = (2 * common.length) / (before.length + after.length || 1);
  if (longer > LITTLE && ratio < ALIKE) return unmarked(before.join(""), after.join(""));
  return [
    pieces(
      before,
      common.map(([place]) => place),
    ),
    pieces(
      after,
      common.map(([, place]) => place),
    ),
  ];
}

/** The places of the longest common part; null where it would take too long to find. */
function inCommon(before, after) {
  const room = Math.min(before.length, after.length);
  let start = 0;
  while (start < room && before[start] === after[start]) start++;
  let end = 0;
  while (end < room - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [one, other] = [before, after].map((words) => words.slice(start, words.length - end));
  if (one.length * other.length > MOST_PAIRS) return null;
  const pairs = [
    ...Array.from({ length: start }, (_, place) => [place, place]),
    ...longest(one, other).map(([left, right]) => [left + start, right + start]),
    ...Array.from({ length: end }, (_, place) => [before.length - end + place, after.length - end + place]),
  ];
  return withoutCrumbs(pairs, before, after);
}

function longest(before, after) {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let one = before.length - 1; one >= 0; one--) {
    for (let other = after.length - 1; other >= 0; other--) {
      const place = one * width + other;
      lengths[place] =
        before[one] === after[other]
          ? lengths[place + width + 1] + 1
          : Math.max(lengths[place + width], lengths[place + 1]);
    }
  }
  const pairs = [];
  for (let one = 0, other = 0; one < before.length && other < after.length;) {
    const place = one * width + other;
    if (before[one] === after[other]) pairs.push([one++, other++]);
    else if (lengths[place + width] >= lengths[place + 1]) one++;
    else other++;
  }
  return pairs;
}

/** Without a sign or two between words that differ, which nobody could read. */
function withoutCrumbs(pairs, before, after) {
  const runs = [];
  for (const pair of pairs) {
    const last = runs.at(-1)?.at(-1);
    if (last && last[0] + 1 === pair[0] && last[1] + 1 === pair[1]) runs.at(-1).push(pair);
    else runs.push([pair]);
  }
  return runs
    .filter((run) => {
      const [first, last] = [run[0], run.at(-1)];
      const atStart = first[0] === 0 && first[1] === 0;
      const atEnd = last[0] === before.length - 1 && last[1] === after.length - 1;
      const text = run
        .map(([place]) => before[place])
        .join("")
        .trim();
      return atStart || atEnd || text.length > CRUMB;
    })
    .flat();
}

function pieces(words, shared) {
  const same = new Set(shared);
  const found = [];
  words.forEach((word, place) => {
    const differs = !same.has(place);
    if (found.length && found.at(-1)[1] === differs) found.at(-1)[0] += word;
    else found.push([word, differs]);
  });
  return found;
}

/** Pieces as nodes; what differs is deleted text on the base's side, inserted text on the head's. */
function markedText(found, side, write = written) {
  const name = side === "base" ? "del" : "ins";
  return found.map(([text, differs]) => (differs ? el(name, {}, write(text)) : write(text)));
}

/** How many characters both texts begin with alike. */
function leading(base, head) {
  const [before, after] = [base, head].map(([first]) => (first && !first[1] ? first[0].length : 0));
  return base.length + head.length > 2 ? Math.min(before, after) : 0;
}

/** The next place behind a space; the same place in the middle of a very long word. */
function betweenWords(text, place) {
  const space = text.slice(place, place + LONGEST_WORD).search(/\s/);
  return space < 0 ? place : place + space + 1;
}

/** About so many characters, from shortly before the end of what both sides begin with. */
function excerpt(found, lead, most) {
  let skip = lead > most / 3 ? betweenWords(found[0][0], lead - Math.floor(most / 4)) : 0;
  let room = most;
  const shown = skip ? [["… ", false]] : [];
  for (const [text, differs] of found) {
    const part = text.slice(skip, skip + room);
    skip = Math.max(0, skip - text.length);
    room -= part.length;
    if (part) shown.push([part, differs]);
    if (room <= 0) break;
  }
  return shown;
}
