// The page from the state.

import { $, complain, counted, number, oneLine, shortened, tell } from "./dom.js";
import { keyOf } from "./chart.js";
import { renderChosen } from "./chosen.js";
import { fill, focusIn, makeColumn, makeReachable, rowOf, rowsIn } from "./list.js";
import { reader } from "./reader.js";
import { accepted, hasProcedures, isRead, lineOf, linesIn, spansOf, state, unitsOf } from "./state.js";
import { worst } from "./findings.js";

let hands = null; // what the lines do: set once by whoever decides
export const note = reader($("reading"), (words) => hands.ask(words));
export const setHands = (those) => { hands = those; };

export function render() {
  const read = isRead();
  $("text").hidden = read;
  $("reading").hidden = !read;
  $("edit").hidden = !read || state.encounter !== null;
  $("note-pane").classList.toggle("read", read);
  $("code").hidden = $("example").hidden = read;
  document.querySelector("main").classList.toggle("both", state.shown.length > 1);
  if (!state.encounter) for (const [name, value] of Object.entries(state.facts)) $(name).value = value;
  for (const [id, hidden] of [["facts", state.encounter], ["versions", state.encounter], ["models", state.encounter],
    ["open", state.encounter], ["new", state.encounter], ["draft", state.encounter], ["documents-of", !state.encounter]]) {
    $(id).classList.toggle("away", Boolean(hidden));
  }
  makeColumns();
  renderLines();
}

// The columns stay while lines come and go, with what is typed into their search boxes.
function makeColumns() {
  const cautions = state.shown.map((version) => state.results.get(version)?.caution).filter(Boolean);
  $("caution").textContent = [...new Set(cautions)].join(" ");
  $("caution").hidden = !cautions.length;
  $("basis").hidden = !state.results.size;
  $("empty").hidden = isRead();
  $("columns").hidden = !isRead();
  const versions = isRead() ? state.shown : [];
  const now = [...$("columns").children].map((made) => made.dataset.version);
  if (now.join() === versions.join()) return;
  $("columns").replaceChildren(...versions.map((version) => {
    const made = makeColumn(version, versions.length > 1);
    hands.addSearch(made, version);
    return made;
  }));
}

// All that changes with a decision.
export function renderLines() {
  const focus = focusIn($("columns"));
  const part = $("reading").contains(document.activeElement) ? document.activeElement.dataset.start ?? "" : null;
  for (const column of $("columns").children) {
    const { version } = column.dataset;
    fill(column, version, linesIn(version), hasProcedures(version),
      { ask: (span) => hands.askSpan(span), take: hands.specify });
  }
  renderNote();
  renderFindings();
  renderChoice();
  focus();
  if (part !== null && !$("reading").contains(document.activeElement)) note.focus(part);
}

function renderNote() {
  const found = state.shown.map((version) => state.results.get(version)).find(Boolean);
  if (!state.encounter) $("note-facts").textContent = !found ? "" : counted(found.words, "word")
    + (found.read_words < found.words ? `, the first ${number(found.read_words)} read` : "");
  if (isRead()) note.show(state.text, state.shown.flatMap((version) => linesIn(version).flatMap(spansOf)));
}

export function renderFindings() {
  renderChosen(state.chart, state.shown, state, hands);
  for (const made of rowsIn($("columns"))) {
    const { version, key } = made.dataset;
    const taken = accepted(version).find((one) => one.key === key);
    const found = taken ? (state.findings.get(version) ?? []).filter((one) => one.codes.includes(taken.code.code)) : [];
    const severity = worst(found.filter((one) => one.severity !== "note"));
    const sign = made.querySelector(".wrong");
    sign.hidden = !severity;
    sign.className = `wrong ${severity}`;
    sign.textContent = severity ? found.filter((one) => one.severity === severity).map((one) => one.message).join(" ") : "";
  }
}

const speaksFor = (line, { start, end }) => spansOf(line).some((span) => span.start < end && start < span.end);

// Lights up the words of the chosen code, or marks the codes that the chosen words speak for.
export function renderChoice() {
  const { chosen, asked } = state;
  const speaking = [];
  for (const made of rowsIn($("columns"))) {
    const { version, key } = made.dataset;
    const pressed = chosen?.version === version && chosen.key === key;
    made.querySelector(".pick").setAttribute("aria-pressed", pressed);
    made.querySelector(".facts").hidden = !pressed;
    const speaks = Boolean(asked) && speaksFor(lineOf(version, key), asked);
    made.classList.toggle("speaks", speaks);
    if (speaks) {
      speaking.push(lineOf(version, key).code.code);
      made.closest("details")?.setAttribute("open", "");
    }
  }
  const line = chosen && lineOf(chosen.version, chosen.key);
  makeReachable($("columns"), line ? rowOf($("columns"), chosen.version, chosen.key) : null);
  if (isRead()) {
    note.light(line ? spansOf(line) : []);
    note.ask(asked);
    note.goTo(state.at && state.at.document === state.document ? unitsOf(state.at) : null);
  }
  $("spoken").hidden = !asked;
  if (!asked) return;
  const words = `“${shortened(oneLine(state.text.slice(asked.start, asked.end)))}”`;
  $("spoken-text").textContent = speaking.length
    ? `${words} speaks for ${speaking.join(", ")}` : `${words} speaks for none of the codes`;
  $("mark").hidden = !line;
  if (line) $("mark-code").textContent = line.code.code;
}

export function showLine(version, key) {
  const made = rowOf($("columns"), version, key);
  made?.closest("details")?.setAttribute("open", "");
  return made;
}

export function focusLine(version, code) {
  showLine(version, keyOf(code))?.querySelector(".pick").focus();
}

export function say(text) {
  complain("");
  tell(text);
}
