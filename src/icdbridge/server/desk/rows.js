// One line of the list: a code, the words that speak for it, what it may be specified by, and what was decided.

import { button, make, number, oneLine, shortened, template } from "./dom.js";
import { keyOf, wordsOf } from "./chart.js";

const CHIPS = 4; // phrases shown before "more"

// Why a code stands apart, in a word and in words: what the note says is no reason to code it.
const APART = {
  negated: ["denied", "The note says that there is none"],
  family: ["a relative’s", "Said of a relative"],
  hypothetical: ["not yet", "Said of what may come"],
  uncertain: ["uncertain", "Uncertain diagnoses of outpatients are not coded"],
  integral: ["explained", "Comes with a diagnosis that is coded"],
  replaced: ["replaced", "Another code says it"],
};
export const isApart = ({ code, entry }) =>
  entry?.status !== "accepted" && code.context in APART && (code.context !== "uncertain" || !code.predicted);

export function bandSign(name) {
  const sign = make("span", `band ${name}`);
  const bars = make("i");
  bars.setAttribute("aria-hidden", "true");
  sign.append(bars, make("span", "", name));
  return sign;
}

function apartSign(context) {
  const [word, why] = APART[context];
  return Object.assign(make("span", "apart", word), { title: why });
}

function signOf(line) {
  if (line.entry?.added) return bandSign("added");
  if (line.code.was) return bandSign("specified");
  return isApart(line) ? apartSign(line.code.context) : bandSign(line.code.band);
}

function worth({ confidence, probability }) {
  const of = (value) => (value > 0.99 ? "above 0.99" : value < 0.01 ? "below 0.01" : value.toFixed(2));
  if (confidence === null) return `Probability ${of(probability)}, not calibrated.`;
  const share = confidence > 0.99 ? "more than 99" : confidence < 0.01 ? "fewer than 1" : Math.round(100 * confidence);
  return `Expected to be right: ${share} of 100 such suggestions.`;
}

function facts({ code, entry }) {
  if (entry?.added) return "Added by you.";
  if (code.was) return `Chosen by you instead of ${code.was}.`;
  const seen = code.train_notes;
  const carried = seen === null ? ""
    : seen ? `${number(seen)} training ${seen === 1 ? "note" : "notes"} carried this code.`
    : "No training note carried this code: it is known by its description alone.";
  return `${worth(code)} ${carried}`.trim();
}

const phraseOf = (span) => `${oneLine(span.text).toLowerCase()}\n${span.context}`;

// Every phrase once, with the spans where it stands; those of `said` are left out.
export function phrasesOf(line, said = new Set()) {
  const phrases = new Map();
  for (const span of wordsOf(line)) {
    const phrase = phraseOf(span);
    if (said.has(phrase)) continue;
    if (!phrases.has(phrase)) phrases.set(phrase, []);
    phrases.get(phrase).push(span);
  }
  return phrases;
}

// Buttons of phrases; `ask` hears the first of the spans of the one that is pressed.
export function chips(phrases, context, ask) {
  const made = [...phrases.values()].map((spans) => {
    const [span] = spans;
    const chip = button(spans.some((one) => one.marked) ? "chip marked" : "chip", shortened(oneLine(span.text)),
      () => ask(span));
    chip.tabIndex = -1;
    if (span.context && span.context !== context) chip.append(" ", make("em", "doubt", span.context));
    if (spans.length > 1) chip.append(" ", make("small", "", `×${spans.length}`));
    if (span.marked) chip.title = "Marked by you";
    return chip;
  });
  if (made.length <= CHIPS + 1) return made;
  const rest = made.slice(CHIPS);
  const more = button("more", `${rest.length} more`, () => more.replaceWith(...rest));
  more.tabIndex = -1;
  return [...made.slice(0, CHIPS), more];
}

function others(code, take) {
  return code.alternatives.map((other) => {
    const item = make("li");
    const choice = button("", "", () => take(other));
    choice.append(make("span", "id", other.code), " ", make("span", "", other.description));
    item.append(choice);
    return item;
  });
}

// `said`: the phrases that stand beside the line already.
export function row(version, line, said, { ask, take }) {
  const { code, entry } = line;
  const made = template("a-code");
  const find = (what) => made.querySelector(what);
  made.dataset.key = keyOf(code);
  made.dataset.version = version;
  if (entry) made.dataset.status = entry.status;
  find(".id").textContent = code.code;
  find(".name").textContent = code.description;
  const apart = isApart(line);
  if (code.context && !apart) find(".name").append(" ", make("em", "doubt", code.context));
  find(".band").replaceWith(signOf(line));
  for (const [name, status, key] of [["accept", "accepted", "A"], ["reject", "rejected", "R"]]) {
    const what = name === "reject" && entry?.added ? "Remove" : name === "accept" ? "Accept" : "Reject";
    find(`.${name}`).setAttribute("aria-label", `${what} ${code.code}`);
    find(`.${name}`).setAttribute("aria-pressed", entry?.status === status);
    find(`.${name}`).title = `${what} (${key})`;
  }
  find(".words").append(...chips(phrasesOf(line, said), apart ? code.context : null, ask));
  if (code.reason) find(".words").append(make("span", "reason", code.reason));
  find(".facts").textContent = facts(line);
  const list = others(code, (other) => take(made, other));
  find(".others").hidden = !list.length;
  find(".others summary").textContent = `specify (${list.length})`;
  find(".others summary").setAttribute("aria-label", `Specify ${code.code}: ${list.length} other codes`);
  find(".others ul").append(...list);
  return made;
}

// Of a column one line at a time is reached by the Tab key.
export function setReachable(made, reachable) {
  const group = made.closest(".group");
  const said = group && group.querySelector(".code") === made ? group.querySelectorAll(".said button") : [];
  for (const one of [...made.querySelectorAll(".pick, .decide button, .words button, .others summary"), ...said]) {
    one.tabIndex = reachable ? 0 : -1;
  }
}

// Opens what a code may be specified by, and goes to the first of it.
export function openOthers(made) {
  const details = made.querySelector(".others");
  if (details.hidden) return;
  details.open = true;
  details.querySelector("ul button").focus();
}

export function moveInOthers(choice, step) {
  const choices = [...choice.closest("ul").querySelectorAll("button")];
  choices[choices.indexOf(choice) + step]?.focus();
}
