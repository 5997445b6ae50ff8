// An encounter of the store at the desk: its documents, and decisions that are saved as they are made.

import { attempt, inWords } from "./api.js";
import { chartOf, difference, merged } from "./kept_chart.js";
import { checkAgain } from "./deciding.js";
import { $, clock, complain, counted, make, tell } from "./dom.js";
import * as drafts from "./drafts.js";
import { clear, setText, state, unitsOf } from "./state.js";
import * as store from "./store.js";
import { note, render, renderLines, say } from "./view.js";

const AGAIN = 2_000; // ms until it is asked whether the suggestions are there

let aborter = new AbortController();
const code = () => state.shown[0];

function status(kind, text) {
  $("saved").dataset.kind = kind;
  $("saved").textContent = text;
}

// Opens an encounter; what was decided here and not saved yet, as when the browser was closed, is saved now.
export async function openEncounter(id) {
  close();
  const { signal } = aborter;
  const found = await store.encounter(id, { signal, waiting: complain });
  clear();
  state.encounter = { id, texts: new Map(), kept: {}, documents: [] };
  adopt(found);
  const left = drafts.unsaved(id);
  state.chart = left ? merged(left.kept, left.chart, state.encounter.kept, code()).chart : state.encounter.kept;
  status("saved", "All saved");
  render();
  checkAgain();
  if (found.documents.length) await openDocument(state.encounter.documents[0].id);
  if (left) save();
  if (!found.coded || !found.coding) awaitCodes(id, found.number, signal);
}

// Asks the worklist, not the encounter, whose every opening is told in the trail.
function awaitCodes(id, words, signal) {
  setTimeout(async () => {
    if (signal.aborted) return;
    const listed = await store.worklist({ words }, signal).catch(() => null);
    if (signal.aborted) return;
    if (listed?.encounters.find((one) => one.id === id)?.coded) attempt(() => openEncounter(id));
    else awaitCodes(id, words, signal);
  }, AGAIN);
}

export function close() {
  aborter.abort();
  aborter = new AbortController();
  state.encounter = null;
  $("claim").hidden = true;
}

// The encounter as the server has it.
function adopt(found) {
  const { encounter } = state;
  const version = found.coding?.code_version ?? state.model.default_version ?? state.model.versions[0].name;
  const suggestions = found.suggestions.map((one) => ({ ...one, train_notes: null }));
  state.shown = [version];
  state.results = new Map([[version, { suggestions, words: null, read_words: null, caution: null }]]);
  const { setting, sex, age, discharge } = found;
  state.facts = { setting: setting ?? "", sex: sex ?? "", age: age ?? "", date: discharge ?? "" };
  Object.assign(encounter, { kept: chartOf({ ...found, suggestions }, version), comments: found.comments,
    documents: found.documents.filter((one) => one.status !== "superseded") });
  adoptRow(found);
  $("document").replaceChildren(...encounter.documents.map((one, i) => new Option(titleOf(one, i), one.id)));
  $("documents-of").hidden = encounter.documents.length < 1;
  $("comments").textContent = found.comments.length ? `Comments (${found.comments.length})` : "Comment";
}

const titleOf = ({ title, kind, date, status }, i) => [`${i + 1}. ${title ?? kind ?? "Document"}`, date?.slice(0, 10),
  status === "final" ? null : status].filter(Boolean).join(" · ");

export const isDone = () => ["done", "audited"].includes(state.encounter?.state);

function adoptRow(row) {
  const { encounter } = state;
  encounter.version = row.version;
  encounter.number = row.number;
  encounter.state = row.state;
  $("claim").hidden = !isDone();
  $("bar-number").textContent = row.number;
  const { age } = state.facts;
  const named = (what, value) => (value ? `${what} ${value}` : null);
  $("bar-facts").textContent = [row.patient, row.sex, age === "" ? null : `${Math.floor(age)} years`, row.setting,
    named("admitted", row.admission), named("discharged", row.discharge), named("due", row.due),
    row.coded ? null : "being read…"].filter(Boolean).join(" · ");
  $("bar-state").value = row.state;
  const names = [...$("assignee").options].map((one) => one.value);
  if (row.assignee && !names.includes(row.assignee)) $("assignee").append(new Option(row.assignee, row.assignee));
  $("assignee").value = row.assignee ?? "";
}

// ---------------------------------------------------------------- documents

export async function openDocument(id) {
  const { encounter } = state;
  encounter.wanted = id;
  if (!encounter.texts.has(id)) encounter.texts.set(id, await store.documentOf(id, { signal: aborter.signal }));
  if (state.encounter !== encounter || encounter.wanted !== id) return; // another was asked for meanwhile
  const { text, repeats, deleted } = encounter.texts.get(id);
  state.document = id;
  Object.assign(state, { asked: null });
  setText(text ?? "");
  $("document").value = id;
  renderLines();
  const places = encounter.documents.length;
  $("note-facts").textContent = deleted ? "its words are deleted: the time to keep them is over"
    : repeats.length ? "grey: repeats another document" : places > 1 ? `one of ${counted(places, "document")}` : "";
  note.paint("repeats", repeats.map(unitsOf));
}

export function turnDocument(step) {
  const { documents } = state.encounter;
  const next = documents[documents.findIndex((one) => one.id === state.document) + step];
  if (next) attempt(() => openDocument(next.id));
}

// ---------------------------------------------------------------- saving

let saving = false;
const NOT_YET = "Not everything is saved yet: wait a moment.";

// Tells the server what it does not know yet, one request after the other; "saved" is only what it acknowledged.
export async function save() {
  const { encounter } = state;
  const version = code(), { signal } = aborter;
  drafts.keepUnsaved(encounter.id, { kept: encounter.kept, chart: state.chart });
  if (saving) return;
  saving = true;
  try {
    for (let what; state.encounter === encounter && (what = difference(encounter.kept, state.chart, version));) {
      const sent = state.chart;
      status("waits", "Saving…");
      try {
        const waiting = (text) => status("waits", text ? "Not saved yet: no connection" : "Saving…");
        const row = await store.decide(encounter.id, { version: encounter.version, ...what }, { signal, waiting });
        encounter.kept = sent;
        adoptRow(row);
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 409) await takeTheirs(error.message);
        else return refuse(error);
      }
    }
    if (state.encounter !== encounter) return;
    drafts.dropUnsaved(encounter.id);
    status("saved", `Saved at ${clock(new Date())}`);
    if ($("problem").textContent === NOT_YET) complain("");
  } finally {
    saving = false;
  }
}

function refuse(error) {
  status("waits", "Not saved");
  state.chart = state.encounter.kept;
  drafts.dropUnsaved(state.encounter.id);
  renderLines();
  checkAgain();
  complain(`Not saved. ${inWords(error)}`);
}

// Somebody changed the encounter: theirs is shown, mine goes on top where nobody else decided.
async function takeTheirs(why) {
  const { encounter } = state;
  const mine = state.chart, kept = encounter.kept, wasDone = isDone();
  adopt(await store.encounter(encounter.id, { signal: aborter.signal, waiting: complain }));
  const { chart, lost } = merged(kept, mine, encounter.kept, code());
  const over = isDone() && !wasDone; // what is done is not changed by what was decided before one knew
  state.chart = over ? encounter.kept : chart;
  state.before = [];
  renderLines();
  checkAgain();
  if (over) return complain(`${why}. The encounter is ${encounter.state}: your last decision was not saved.`);
  complain(`${why}. ${lost.length ? `Theirs holds; your decision on ${lost.join(", ")} was not saved.`
    : "Theirs is shown now; what you decided stays and is saved."}`);
}

async function change(body) {
  const { encounter } = state;
  try {
    adoptRow(await store.change(encounter.id, { version: encounter.version, ...body }));
    complain("");
    status("saved", `Saved at ${clock(new Date())}`);
    return true;
  } catch (error) {
    adopt(await store.encounter(encounter.id));
    complain(`Not changed. ${inWords(error)}`);
    return false;
  }
}

// ---------------------------------------------------------------- the bar

function drawComments() {
  const { comments } = state.encounter;
  $("comment-list").replaceChildren(...comments.map(({ text, code: about, by, at }) => {
    const item = make("li", "", text ?? "(deleted)");
    const told = [by, new Date(at).toLocaleString("en-GB"), about?.split(":")[1]];
    item.append(make("small", "", told.filter(Boolean).join(" · ")));
    return item;
  }));
}

async function sendComment() {
  const text = $("comment-text").value.trim();
  if (!text) return;
  const { encounter, chosen } = state;
  encounter.comments.push(await store.comment(encounter.id, { text, code: chosen?.key ?? null }));
  $("comment-text").value = "";
  $("comments").textContent = `Comments (${encounter.comments.length})`;
  drawComments();
  tell("Comment saved");
}

// `leave()` goes back to the worklist; `send(files, number)` sends documents.
export function startEncounters(me, { leave, send }) {
  $("assignee").replaceChildren(new Option("nobody", ""), new Option(me.name, me.name));
  $("document").onchange = () => attempt(() => openDocument(Number($("document").value)));
  $("document-before").onclick = () => turnDocument(-1);
  $("document-after").onclick = () => turnDocument(1);
  $("bar-state").onchange = () => attempt(() => change({ state: $("bar-state").value }));
  $("assignee").onchange = () => attempt(() => change({ assignee: $("assignee").value || null }));
  $("done").onclick = () => attempt(async () => {
    const unsaved = difference(state.encounter.kept, state.chart, code());
    if (unsaved) return complain(NOT_YET);
    if (await change({ state: "done" })) leave();
  });
  $("comments").onclick = () => {
    drawComments();
    $("comment-about").textContent = state.chosen ? `About ${state.chosen.key.split(":")[1]}` : "About the encounter";
    $("comment-dialog").showModal();
  };
  $("comment-send").onclick = () => attempt(sendComment);
  $("add-document").onclick = () => $("encounter-files").click();
  $("encounter-files").onchange = async () => {
    const { id, number } = state.encounter;
    await send([...$("encounter-files").files], number);
    $("encounter-files").value = "";
    await attempt(() => openEncounter(id));
    say("The encounter is read anew with the documents that came");
  };
}
