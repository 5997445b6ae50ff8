// A note in, and what is suggested for it: pasted, from a file, an example, or a draft.

import { ask, attempt } from "./api.js";
import { rebased } from "./chart.js";
import { $, complain, label, tell } from "./dom.js";
import { checkAgain } from "./deciding.js";
import { clear, predicted, remember, setText, state } from "./state.js";
import { note, render, say } from "./view.js";

const TOP = 40;
const LONGEST = 500_000; // characters of a note, as the server's limits.py has it
const EXAMPLES = ["discharge", "clinic", "emergency"];

let request = null; // AbortController of the request under way
let opening = null; // promise of the file being read: whether it is text
let examples = 0; // how many were tried

export async function codeNote() {
  if (opening && !(await opening)) return;
  const text = $("text").value;
  if (!text.trim()) {
    complain("The note is empty: paste one, or open a file.");
    return $("text").focus();
  }
  if (text.length > LONGEST) {
    const [has, most] = [text.length, LONGEST].map((number) => number.toLocaleString("en"));
    return complain(`The note has ${has} characters, more than the ${most} that are coded at once: cut it up.`);
  }
  if (text !== state.text) state.results = new Map();
  state.chart = rebased(state.chart, text);
  setText(text);
  await attempt(() => show(state.shown));
  if (!state.results.size) return;
  const first = $("columns").querySelector(".pick");
  if (first) first.focus();
  else note.focus();
}

// Shows these versions, asking the server for those that the note was not coded in yet.
export async function show(versions) {
  state.shown = versions;
  Object.assign(state, { chosen: null, asked: null, at: null });
  request?.abort();
  if (!state.text) return render();
  const mine = (request = new AbortController());
  const missing = versions.filter((version) => !state.results.has(version));
  $("code").disabled = missing.length > 0;
  if (missing.length) tell("Reading the note…");
  try {
    await Promise.all(missing.map(async (version) => {
      const body = { notes: [{ text: state.text }], model: state.model.name, version, top: TOP };
      if (state.facts.setting && state.model.settings.length) body.setting = state.facts.setting;
      const answer = await ask("v1/code", { body, signal: mine.signal, waiting: complain });
      const found = (await answer.json()).notes[0];
      if (!mine.signal.aborted) state.results.set(version, found);
    }));
  } finally {
    if (request === mine) $("code").disabled = false;
  }
  if (mine.signal.aborted) return;
  render();
  checkAgain();
  if (missing.length) {
    keepDraft();
    tell(`Codes suggested, ${versions.map((version) => `${label(version)}: ${predicted(version).length}`).join(", ")}`);
  }
}

let keepDraft = () => {};
export const onCoded = (act) => { keepDraft = act; };

// What was decided stays: the suggestions are asked for anew.
export function codeAnew() {
  state.results = new Map();
  attempt(() => show(state.shown));
}

// Whoever asks for codes while a file is still being read asks for those of the file.
export function openFile(file) {
  if (!file) return;
  const mine = (opening = readFile(file).finally(() => {
    if (opening === mine) opening = null;
  }));
}

async function readFile(file) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    complain("The file is not UTF-8 text: convert it first.");
    return false;
  }
  complain("");
  startAnew(text);
  return true;
}

export async function tryExample() {
  const name = EXAMPLES[examples++ % EXAMPLES.length];
  startAnew(await (await ask(`examples/${name}`, { accept: "text/plain" })).text());
  await codeNote();
}

// Another note: what was decided for the one before is gone, unless it is undone.
export function startAnew(text) {
  request?.abort();
  const had = state.text || Object.keys(state.chart).length;
  if (had) remember("the note was cleared", true);
  clear();
  $("text").value = text;
  render();
  keepDraft();
  $("text").focus();
  if (had && !text) say("Note, codes and draft cleared");
}

// The same note, to be changed: what was decided stays.
export function editNote() {
  request?.abort();
  $("text").value = state.text;
  setText("");
  state.results = new Map();
  Object.assign(state, { chosen: null, asked: null, at: null });
  render();
  $("text").focus();
}
