// What the page knows: the note, what was suggested for it, and what the coder decided.

import { acceptedIn, entryOf, keyOf, linesOf, wordsOf } from "./chart.js";
import { placesIn } from "./text.js";

const NO_FACTS = { setting: "", sex: "", age: "", date: "" };
const UNDO = 200; // steps

export const state = {
  model: null, // of /v1/models
  shown: [], // versions, one column each
  encounter: null, // of the store, if one is open: {id, version, number, kept, documents, texts, comments}
  document: undefined, // which of its documents is shown
  text: "", // of the note, or of that document
  places: placesIn(""),
  facts: { ...NO_FACTS }, // of the patient and the stay, as far as the coder said
  results: new Map(), // version -> what was found for the note
  chart: {}, // what was decided (chart.js)
  before: [], // {what, state}: what undo brings back
  chosen: null, // {version, key}: the code whose words are lit
  asked: null, // {start, end}: the words whose codes are shown, in UTF-16 units
  at: null, // {document, start, end} in characters: the words where `n` and `p` are
  findings: new Map(), // version -> findings
  trouble: "", // why the codes could not be checked
};

export const suggestions = (version) => state.results.get(version)?.suggestions ?? [];
export const predicted = (version) => suggestions(version).filter((code) => code.predicted);
export const linesIn = (version) => linesOf(state.chart, version, suggestions(version));
export const lineOf = (version, key) => linesIn(version).find((line) => keyOf(line.code) === key);
export const accepted = (version) => acceptedIn(state.chart, version);
export const entry = (version, key) => entryOf(state.chart, version, key);
export const isRead = () => state.encounter !== null || (state.text !== "" && state.results.size > 0);

// Whether the model knows procedures of a version.
export const hasProcedures = (version) => state.model.versions.find((one) => one.name === version)
  .systems.some((name) => !["icd10cm", "icd9cm"].includes(name));

export const unitsOf = ({ start, end }) => ({ start: state.places.unit(start), end: state.places.unit(end) });

// The words of a line in what is shown, as spans of UTF-16 units.
export const spansOf = (line) => wordsOf(line).filter((span) => span.document === state.document)
  .map((span) => ({ ...span, ...unitsOf(span) }));

// All words of a line, in the order of the documents, in characters.
export function placesOf(line) {
  const order = new Map((state.encounter?.documents ?? []).map((one, i) => [one.id, i]));
  const rank = (span) => order.get(span.document) ?? 0;
  return wordsOf(line).map((span) => ({ ...span, rank: rank(span) }))
    .sort((one, other) => one.rank - other.rank || one.start - other.start || one.end - other.end);
}

export function setText(text) {
  state.text = text;
  state.places = placesIn(text);
}

const KEPT = ["text", "facts", "chart", "chosen", "shown"];

// What is needed to stand here again; all of it is never changed in place.
export function snapshot() {
  return { ...Object.fromEntries(KEPT.map((name) => [name, state[name]])), results: [...state.results],
    model: state.model?.name };
}

export function bringBack(kept) {
  for (const name of KEPT) state[name] = kept[name];
  setText(kept.text);
  state.results = new Map(kept.results);
  Object.assign(state, { asked: null, at: null });
}

// To be called before anything is decided or, `whole`, before the note is cleared; `what` says so in words.
export function remember(what, whole = false) {
  const { chart, chosen } = state;
  state.before.push(whole ? { what, whole: snapshot() } : { what, chart, chosen });
  if (state.before.length > UNDO) state.before.shift();
}

// Undoes the last step and says what it was; null: there is none.
export function stepBack() {
  const last = state.before.pop();
  if (!last) return null;
  if (last.whole) bringBack(last.whole);
  else Object.assign(state, { chart: last.chart, chosen: last.chosen, asked: null, at: null });
  return last;
}

export function clear() {
  setText("");
  state.results = new Map();
  if (state.encounter) state.before = [];
  Object.assign(state, { encounter: null, document: undefined, facts: { ...NO_FACTS }, chart: {}, chosen: null, asked: null, at: null,
    findings: new Map(), trouble: "" });
}
