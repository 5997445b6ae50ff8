// What the coder does with lines and words: choose, accept, reject, specify, mark, add, order, undo.

import { ask, attempt, inWords } from "./api.js";
import * as chart from "./chart.js";
import { $, label, oneLine, shortened } from "./dom.js";
import { checker } from "./findings.js";
import { rowOf, rowsIn } from "./list.js";
import { searchBox } from "./search.js";
import { entry, lineOf, linesIn, placesOf, remember, state, stepBack, unitsOf } from "./state.js";
import { focusLine, note, render, renderChoice, renderFindings, renderLines, say, setHands, showLine } from "./view.js";

const searches = new Map(); // version -> goes to its search box
let changed = () => {}; // hears that there is something to keep
export const onChange = (act) => { changed = act; };
let openDocument = () => {}; // shows another document of the encounter
export const onDocument = (act) => { openDocument = act; };

const check = checker((findings, trouble) => {
  if (findings) state.findings = findings;
  state.trouble = trouble;
  renderFindings();
});
export const checkAgain = () => check(state.chart, state.shown, state.facts);

// `chosen`: the line that is chosen from then on; undo goes back to the one before.
function decide(next, what, chosen = state.chosen) {
  if (next !== state.chart) remember(what);
  state.chosen = chosen;
  if (next === state.chart) return;
  state.chart = next;
  renderLines();
  checkAgain();
  changed();
  say(what);
}

export function undo() {
  const last = stepBack();
  if (!last) return say("Nothing to undo");
  const at = document.activeElement?.closest?.(".code")?.dataset;
  if (last.whole) $("text").value = state.text;
  render();
  if (at && state.chosen && !lineOf(at.version, at.key)) { // the line in its place, not the next one
    showLine(state.chosen.version, state.chosen.key)?.querySelector(".pick").focus();
  }
  checkAgain();
  changed();
  say(`Undone: ${last.what}`);
}

const codeOf = (made) => lineOf(made.dataset.version, made.dataset.key).code;

// ---------------------------------------------------------------- choosing lines and words

export function choose(made, on = !isChosen(made)) {
  const { version, key } = made.dataset;
  Object.assign(state, { asked: null, at: null, chosen: on ? { version, key } : null });
  const spans = on ? placesOf(lineOf(version, key)) : [];
  if (spans.length) goTo(spans.reduce((best, one) => (one.weight > best.weight ? one : best)));
  else renderChoice();
}

// Words may be in another document than the one that is shown.
async function goTo({ document, start, end }) {
  state.at = { document, start, end };
  if (document !== state.document) await attempt(() => openDocument(document));
  renderChoice();
}

const isChosen = (made) => state.chosen?.version === made.dataset.version && state.chosen.key === made.dataset.key;

// The chosen code stays chosen: these may be words that the coder wants to mark for it.
export function askAbout(words) {
  state.asked = words;
  state.at = null;
  renderChoice();
  rowsIn($("columns")).find((made) => made.classList.contains("speaks"))?.scrollIntoView({ block: "nearest" });
  say($("spoken-text").textContent);
}

async function askSpan(span) {
  if (span.document !== state.document) await attempt(() => openDocument(span.document));
  const words = unitsOf(span);
  askAbout(words);
  note.goTo(words);
}

export function clearChoice() {
  Object.assign(state, { chosen: null, asked: null, at: null });
  renderChoice();
}

// To the next or the previous of the words that speak for the chosen code, or for any.
export function jump(step) {
  const line = state.chosen && lineOf(state.chosen.version, state.chosen.key);
  const order = (one, other) => one.rank - other.rank || one.start - other.start;
  const spans = line ? placesOf(line)
    : state.shown.flatMap((version) => linesIn(version).flatMap(placesOf)).sort(order);
  const places = spans.filter((one, i) => i === 0 || order(spans[i - 1], one) < 0);
  if (!places.length) return say("No words speak for it");
  const at = places.findIndex((one) => one.document === state.at?.document && one.start === state.at?.start);
  const next = places.at(at < 0 ? (step > 0 ? 0 : -1) : (at + step) % places.length);
  goTo(next);
  say(`${oneLine(next.text)}, ${places.indexOf(next) + 1} of ${places.length}`);
}

// ---------------------------------------------------------------- deciding

export function settle(made, status) {
  const { version } = made.dataset;
  const code = codeOf(made), before = entry(version, made.dataset.key);
  const next = chart.settle(state.chart, version, code, status);
  const after = chart.entryOf(next, version, made.dataset.key);
  const what = after ? status : before?.added ? "removed" : "is open again";
  decide(next, `${code.code} ${what}`);
}

function add(version, hit) {
  const marks = state.asked ? [markOf(state.asked)] : [];
  const what = lineOf(version, chart.keyOf(hit)) ? "accepted" : "added";
  decide(chart.add(state.chart, version, hit, marks), `${hit.code} ${what}`, { version, key: chart.keyOf(hit) });
  focusLine(version, hit);
}

export function specify(made, other) {
  const { version } = made.dataset;
  if (lineOf(version, chart.keyOf(other))) return add(version, other);
  const before = codeOf(made);
  const chosen = { version, key: chart.keyOf(other) };
  decide(chart.specify(state.chart, version, before, other), `${other.code} instead of ${before.code}`, chosen);
  focusLine(version, other);
}

function markOf({ start, end }) {
  const text = state.text.slice(start, end);
  return { document: state.document, start: state.places.character(start), end: state.places.character(end), text };
}

// The words asked about speak for the chosen code, or no longer do; without a chosen code one is searched for.
export function mark() {
  if (!state.asked) return say("First select words in the note");
  if (!state.chosen) return findForWords();
  const { version, key } = state.chosen;
  const { code } = lineOf(version, key);
  const words = markOf(state.asked);
  state.asked = null;
  decide(chart.mark(state.chart, version, code, words), `“${shortened(oneLine(words.text))}” marked for ${code.code}`);
}

export function findForWords(version = state.chosen?.version ?? state.shown[0]) {
  const words = state.asked ? oneLine(state.text.slice(state.asked.start, state.asked.end)) : "";
  searches.get(version)?.(words);
}

function takeOut(version, key) {
  const { code, status } = entry(version, key);
  decide(chart.settle(state.chart, version, code, status), `${code.code} taken out`);
}

// Not in the address: the words searched for may be the note's.
const find = async (body, signal, busy) => (await ask("v1/codes", { body, signal, busy })).json();

async function take(version, text) {
  const { codes } = await find({ q: text, version, limit: 10 });
  const hit = codes.find((one) => one.code === text);
  if (!hit?.billable) return searches.get(version)?.(text); // a category: the coder says which code of it
  add(version, hit);
}

export const hands = {
  ask: askAbout, askSpan, specify, notesOpen: false,
  goTo(version, key) {
    const made = showLine(version, key);
    if (!made) return;
    choose(made, true);
    made.scrollIntoView({ block: "nearest" });
  },
  poa: (version, key, poa) => decide(chart.change(state.chart, version, key, { poa }),
    `${entry(version, key).code.code}: present on admission ${poa ?? "open"}`),
  move: (version, key, step) => decide(chart.move(state.chart, version, key, step),
    `${entry(version, key).code.code} moved`),
  takeOut,
  take: (version, text) => attempt(() => take(version, text)),
  addSearch(made, version) {
    searches.set(version, searchBox({
      box: made.querySelector(".add"),
      version,
      name: label(version),
      find: (q, signal, busy) => find({ q, version, limit: 20 }, signal, busy),
      add,
      tell: say,
      trouble: inWords,
    }));
  },
};
setHands(hands);

export function moveInCodes(made, step) {
  const shown = [...made.closest(".column").querySelectorAll(".code")].filter((one) => one.checkVisibility());
  const next = shown[shown.indexOf(made) + step];
  if (!next) return;
  choose(next, true);
  rowOf($("columns"), next.dataset.version, next.dataset.key).querySelector(".pick").focus();
}
