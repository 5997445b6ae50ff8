// The coder's desk. Text of notes and codes goes into the page as text only (textContent), never as markup.

import { bandSign, isApart, keyOf, moveInOthers, openOthers, row, setReachable, showStatus } from "./rows.js";
import { searchBox } from "./search.js";

const $ = (id) => document.getElementById(id);
const LABELS = { icd9: "ICD-9", icd10: "ICD-10" };
const label = (version) => LABELS[version] ?? version;
const TOP = 40;
const EXAMPLES = ["discharge", "clinic", "emergency"];

const state = {
  model: null, // of /v1/models
  shown: [], // versions, one column each
  text: "",
  place: (offset) => offset, // from characters, as the server counts, to UTF-16 units, as the page does
  results: new Map(), // version -> what was found for the note
  settled: new Map(), // version -> Map of key -> {status: accepted | rejected, added, code}
  chosen: null, // {version, key}: the code whose words are lit
  asked: null, // {start, end}: the words whose codes are shown
  request: null, // AbortController of the request under way
  examples: 0, // how many were tried
  opening: null, // promise of the file being read: whether it is text
};

// ---------------------------------------------------------------- the server

class Refused extends Error {}

async function ask(path, body, accept = "application/json", signal = state.request?.signal) {
  for (let attempt = 0; ; attempt++) {
    const headers = { Accept: accept };
    const token = sessionStorage.getItem("icdbridge-token");
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const options = { method: body ? "POST" : "GET", headers, signal };
    const answer = await fetch(path, body ? { ...options, body: JSON.stringify(body) } : options);
    if (answer.ok) return answer;
    if (answer.status === 401) {
      sessionStorage.setItem("icdbridge-token", await askForToken());
      continue;
    }
    if (answer.status === 503 && attempt < 5) {
      const seconds = Math.min(Number(answer.headers.get("Retry-After")) || 1, 10);
      tell(`The server is busy; trying again in ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      continue;
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(problem.errors?.[0]?.message ?? problem.detail ?? `the server answered ${answer.status}`);
  }
}

function askForToken() {
  const dialog = $("token");
  $("token-text").value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve($("token-text").value.trim()), { once: true });
  });
}

function tell(text) {
  $("live").textContent = text;
}

function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

async function attempt(work) {
  complain("");
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    complain(error instanceof Refused ? sentence(error.message) : "The server cannot be reached.");
  }
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

// ---------------------------------------------------------------- what is served

async function start() {
  const { models } = await (await ask("v1/models")).json();
  for (const model of models) $("model").append(new Option(model.name, model.name));
  $("models").hidden = models.length < 2;
  $("model").onchange = () => useModel(models.find((model) => model.name === $("model").value));
  useModel(models[0]);
}

function useModel(model) {
  state.model = model;
  $("synthetic").hidden = !model.synthetic;
  $("settings").hidden = !model.settings.length;
  $("setting").replaceChildren(new Option("as the note looks", ""), ...model.settings.map((name) => new Option(name, name)));
  const names = model.versions.map((version) => version.name);
  const choices = names.map((name) => [label(name), [name]]);
  if (names.length > 1) choices.push(["Side by side", names]);
  $("versions").querySelectorAll("label").forEach((old) => old.remove());
  choices.forEach(([text, versions], i) => {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "version", checked: !i });
    input.value = versions.join(" ");
    input.onchange = () => attempt(() => show(versions));
    const choice = document.createElement("label");
    choice.append(input, text);
    $("versions").append(choice);
  });
  $("versions").hidden = choices.length < 2;
  describeBands(model);
  state.results.clear();
  state.settled.clear();
  attempt(() => show([names[0]]));
}

function describeBands({ versions, measured, basis }) {
  const paragraph = (...parts) => {
    const made = document.createElement("p");
    made.append(...parts);
    return made;
  };
  const number = (value) => value.toLocaleString("en");
  const calibrated = versions.filter((version) => version.bands[0].suggestions !== null);
  const lines = versions[0].bands.map((band, i) => {
    const shares = calibrated.map((version) => {
      const { right, suggestions } = version.bands[i];
      const which = versions.length > 1 ? ` (${label(version.name)})` : "";
      return `${number(right)} of ${number(suggestions)}${which}`;
    });
    return paragraph(bandSign(band.name), shares.join(", ") || (measured ? EXPECTED[band.name] : ""));
  });
  const heading = calibrated.length ? "How many suggestions of each band were right on validation notes:"
    : measured ? "How many suggestions of each band are expected to be right:"
    : "This model was not calibrated: the bands say only where a code stands to the threshold that was tuned on validation notes.";
  $("legend-text").replaceChildren(paragraph(heading), ...lines, paragraph("A suggestion is a proposal: the note decides."));
  $("basis").textContent = `Confidence: ${basis}.`;
}

const EXPECTED = { likely: "half of them, or more", possible: "one in ten, or more", unlikely: "fewer" };

// ---------------------------------------------------------------- coding a note

async function codeNote() {
  if (state.opening && !(await state.opening)) return;
  const text = $("text").value;
  if (!text.trim()) {
    complain("The note is empty: paste one, or open a file.");
    return $("text").focus();
  }
  if (text !== state.text) forget();
  state.text = text;
  state.place = placeIn(text);
  await attempt(() => show(state.shown));
  if (!state.results.size) return;
  ($("columns").querySelector(".pick") ?? $("reading")).focus();
}

function forget() {
  state.request?.abort();
  Object.assign(state, { text: "", chosen: null, asked: null });
  state.results.clear();
  state.settled.clear();
}

// Shows these versions, asking the server for those that the note was not coded in yet.
async function show(versions) {
  state.shown = versions;
  Object.assign(state, { chosen: null, asked: null });
  document.querySelector("main").classList.toggle("both", versions.length > 1);
  if (!state.text) return render();
  state.request?.abort();
  const request = (state.request = new AbortController());
  const missing = versions.filter((version) => !state.results.has(version));
  $("code").disabled = missing.length > 0;
  if (missing.length) tell("Reading the note…");
  try {
    await Promise.all(missing.map(async (version) => {
      const body = { notes: [{ text: state.text }], model: state.model.name, version, top: TOP };
      if ($("setting").value) body.setting = $("setting").value;
      const found = (await (await ask("v1/code", body)).json()).notes[0];
      if (!request.signal.aborted) state.results.set(version, found);
    }));
  } finally {
    if (state.request === request) $("code").disabled = false;
  }
  if (request.signal.aborted) return;
  render();
  if (missing.length) {
    const counts = versions.map((version) => `${label(version)}: ${predicted(version).length}`);
    tell(`Codes suggested, ${counts.join(", ")}`);
  }
}

const suggestions = (version) => state.results.get(version)?.suggestions ?? [];
const predicted = (version) => suggestions(version).filter((code) => code.predicted);
const settledIn = (version) => {
  if (!state.settled.has(version)) state.settled.set(version, new Map());
  return state.settled.get(version);
};
// Whether the model knows procedures of a version.
const procedures = (version) => state.model.versions.find((one) => one.name === version)
  .systems.some((name) => !["icd10cm", "icd9cm"].includes(name));
const codesIn = (version) => [
  ...suggestions(version),
  ...[...settledIn(version).values()].filter((one) => one.added).map((one) => one.code),
];

// The server counts characters; JavaScript's strings count UTF-16 units, two for such as 🫀.
function placeIn(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (offset) => offset;
  const places = [];
  let unit = 0;
  for (const character of text) {
    places.push(unit);
    unit += character.length;
  }
  places.push(unit);
  return (offset) => places[offset];
}

// ---------------------------------------------------------------- the page from the state

function render() {
  const read = state.results.size > 0 && state.text !== "";
  $("text").hidden = read;
  $("reading").hidden = !read;
  $("edit").hidden = !read;
  $("note-pane").classList.toggle("read", read);
  $("code").hidden = $("example").hidden = read;
  renderNote();
  renderColumns();
  renderChoice();
  renderTally();
}

function renderNote() {
  const found = state.shown.map((version) => state.results.get(version)).find(Boolean);
  const words = (count) => `${count.toLocaleString("en")} ${count === 1 ? "word" : "words"}`;
  $("note-facts").textContent = !found ? ""
    : found.read_words < found.words ? `${words(found.words)}, the first ${found.read_words.toLocaleString("en")} read`
    : words(found.words);
  const spans = state.shown.flatMap((version) => suggestions(version).flatMap((code) =>
    code.evidence.map((span) => ({ start: state.place(span.start), end: state.place(span.end) }))));
  const cuts = [...new Set(spans.flatMap((span) => [span.start, span.end]))].sort((a, b) => a - b);
  const parts = [];
  let at = 0;
  cuts.forEach((cut, i) => {
    const start = i ? cuts[i - 1] : 0;
    const inside = i > 0 && spans.some((span) => span.start <= start && cut <= span.end);
    const text = state.text.slice(at, cut);
    at = cut;
    if (!text) return;
    parts.push(inside ? speakingPart(text, start, cut) : document.createTextNode(text));
  });
  parts.push(document.createTextNode(state.text.slice(at)));
  $("reading").replaceChildren(...parts);
  const first = $("reading").querySelector(".speaking[role]");
  if (first) first.tabIndex = 0;
}

function speakingPart(text, start, end) {
  const part = document.createElement("span");
  part.className = "speaking";
  if (text.trim()) {
    part.setAttribute("role", "button");
    part.setAttribute("aria-pressed", "false");
    part.tabIndex = -1;
  }
  part.textContent = text;
  part.dataset.start = start;
  part.dataset.end = end;
  return part;
}

function renderColumns() {
  const cautions = state.shown.map((version) => state.results.get(version)?.caution).filter(Boolean);
  $("caution").textContent = [...new Set(cautions)].join(" ");
  $("caution").hidden = !cautions.length;
  $("basis").hidden = !state.results.size;
  if (!state.results.size) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "The codes suggested for the note will stand here, each with the words that speak for it.";
    return $("columns").replaceChildren(empty);
  }
  $("columns").replaceChildren(...state.shown.map(column));
}

function column(version) {
  const made = $("a-column").content.cloneNode(true).firstElementChild;
  made.dataset.version = version;
  made.setAttribute("aria-label", `${label(version)} codes`);
  const heading = made.querySelector("h3");
  heading.textContent = label(version);
  heading.hidden = state.shown.length < 2;
  const line = (code) => row(version, code, settledIn(version).get(keyOf(code)), {
    ask: (span) => askAbout(state.place(span.start), state.place(span.end)),
    take: specify,
  });
  const apart = suggestions(version).filter(isApart);
  const added = (code) => settledIn(version).get(keyOf(code))?.added;
  for (const group of made.querySelectorAll(".kind")) {
    const codes = codesIn(version).filter((code) => code.kind === group.dataset.kind && !apart.includes(code));
    const main = codes.filter((code) => code.predicted || added(code));
    const rest = codes.filter((code) => !main.includes(code));
    group.querySelector("h4 span").textContent = main.length || "";
    group.querySelector(".likely").append(...main.map(line));
    group.querySelector(".rest").append(...rest.map(line));
    const more = group.querySelector(":scope > details");
    more.querySelector("summary").textContent = `${rest.length} less likely`;
    more.hidden = !rest.length;
    group.hidden = group.dataset.kind === "procedure" && !codes.length && !procedures(version);
    if (!main.length) {
      const none = document.createElement("p");
      none.className = "none";
      none.textContent = rest.length ? "None above the threshold." : "None.";
      group.querySelector("h4").after(none);
    }
  }
  made.querySelector(".not-coded").hidden = !apart.length;
  made.querySelector(".not-coded h4 span").textContent = apart.length;
  made.querySelector(".not-coded ul").append(...apart.map(line));
  const first = made.querySelector(".code");
  if (first) setReachable(first, true);
  addSearch(made, version);
  return made;
}

const rows = () => [...$("columns").querySelectorAll(".code")];
const rowOf = (version, code) => rows().find((made) => made.dataset.version === version && made.dataset.key === keyOf(code));
const codeOf = (made) => codesIn(made.dataset.version).find((code) => keyOf(code) === made.dataset.key);
const isChosen = (made) => state.chosen?.version === made.dataset.version && state.chosen.key === made.dataset.key;

// Lights up the words of the chosen code, or marks the codes that the chosen words speak for.
function renderChoice() {
  const chosen = rows().find(isChosen);
  for (const made of rows()) {
    const pressed = made === chosen;
    made.querySelector(".pick").setAttribute("aria-pressed", pressed);
    made.querySelector(".facts").hidden = !pressed;
    made.classList.toggle("speaks", Boolean(state.asked) && speaksFor(made, state.asked));
    if (made.classList.contains("speaks")) made.closest("details")?.setAttribute("open", "");
  }
  const evidence = chosen ? codeOf(chosen).evidence : [];
  const heaviest = Math.max(...evidence.map((span) => span.weight));
  for (const part of $("reading").querySelectorAll(".speaking")) {
    const start = Number(part.dataset.start), end = Number(part.dataset.end);
    const over = evidence.filter((span) => state.place(span.start) <= start && end <= state.place(span.end));
    const weight = Math.max(0, ...over.map((span) => span.weight / heaviest));
    const level = weight === 0 ? 0 : weight > 0.66 ? 3 : weight > 0.33 ? 2 : 1;
    [1, 2, 3].forEach((one) => part.classList.toggle(`lit${one}`, one === level));
    const asked = Boolean(state.asked) && start < state.asked.end && state.asked.start < end;
    part.classList.toggle("asked", asked);
    if (part.hasAttribute("role")) part.setAttribute("aria-pressed", asked);
  }
  $("spoken").hidden = !state.asked;
  if (state.asked) {
    const codes = rows().filter((made) => made.classList.contains("speaks")).map((made) => codeOf(made).code);
    const words = state.text.slice(state.asked.start, state.asked.end).replace(/\s+/g, " ");
    const shortened = words.length > 60 ? `${words.slice(0, 60)}…` : words;
    $("spoken-text").textContent = codes.length
      ? `“${shortened}” speaks for ${codes.join(", ")}` : `“${shortened}” speaks for none of the codes`;
    tell($("spoken-text").textContent);
  }
}

function speaksFor(made, { start, end }) {
  return codeOf(made).evidence.some((span) => state.place(span.start) < end && start < state.place(span.end));
}

function renderTally() {
  const all = state.shown.flatMap((version) => [...settledIn(version).values()]);
  const count = (test) => all.filter(test).length;
  const parts = [
    [count((one) => one.status === "accepted" && !one.added), "accepted"],
    [count((one) => one.added), "added"],
    [count((one) => one.status === "rejected"), "rejected"],
  ].filter(([number]) => number);
  $("tally").textContent = parts.map(([number, what]) => `${number} ${what}`).join(", ") || "Nothing settled yet";
  for (const id of ["copy", "csv", "json", "fhir"]) $(id).disabled = !final().length;
}

// ---------------------------------------------------------------- choosing and settling

function choose(made, on = !isChosen(made)) {
  Object.assign(state, { asked: null, chosen: on ? { version: made.dataset.version, key: made.dataset.key } : null });
  made.closest(".column").querySelectorAll(".code").forEach((other) => setReachable(other, other === made));
  renderChoice();
  const lit = $("reading").querySelector(".lit3, .lit2, .lit1");
  if (lit) $("reading").scrollTop = lit.offsetTop - $("reading").clientHeight / 3;
}

function askAbout(start, end) {
  Object.assign(state, { chosen: null, asked: { start, end } });
  renderChoice();
  rows().find((made) => made.classList.contains("speaks"))?.scrollIntoView({ block: "nearest" });
}

function clearChoice() {
  Object.assign(state, { chosen: null, asked: null });
  renderChoice();
}

function settle(made, status) {
  const { version, key } = made.dataset;
  const settled = settledIn(version);
  const before = settled.get(key);
  const code = codeOf(made);
  if (before?.added) {
    if (status === "rejected") {
      settled.delete(key);
      const near = made.nextElementSibling ?? made.previousElementSibling;
      made.remove();
      (near?.querySelector(".pick") ?? $("columns").querySelector("input")).focus();
      tell(`${code.code} removed`);
    }
  } else if (before?.status === status) {
    settled.delete(key);
    showStatus(made, undefined);
    tell(`${code.code} is open again`);
  } else {
    settled.set(key, { status, added: false, code });
    showStatus(made, status);
    tell(`${code.code} ${status}`);
  }
  renderTally();
}

function add(version, hit) {
  const known = rowOf(version, hit);
  if (known) {
    known.closest("details")?.setAttribute("open", "");
    if (known.dataset.status !== "accepted") settle(known, "accepted");
    known.querySelector(".pick").focus();
    return;
  }
  const code = { ...hit, ...UNMEASURED, evidence: [], alternatives: [], predicted: false };
  settledIn(version).set(keyOf(code), { status: "accepted", added: true, code });
  renderColumns();
  renderChoice();
  renderTally();
  tell(`${hit.code} added`);
  rowOf(version, code).querySelector(".pick").focus();
}

const UNMEASURED = { probability: null, confidence: null, band: null, context: null, reason: null, train_notes: null };

// Another code of the family in place of a suggested one, which stays among the choices.
function specify(made, other) {
  const { version } = made.dataset;
  if (codesIn(version).some((code) => keyOf(code) === keyOf(other))) return add(version, other);
  const before = codeOf(made);
  const { system, code, description } = before;
  const alternatives = [{ system, code, description }, ...before.alternatives.filter((one) => one !== other)];
  const chosen = { ...before, ...other, ...UNMEASURED, alternatives, predicted: true, instead: before.instead ?? code };
  const found = state.results.get(version);
  found.suggestions = found.suggestions.map((one) => (one === before ? chosen : one));
  settledIn(version).delete(keyOf(before));
  settledIn(version).set(keyOf(chosen), { status: "accepted", added: false, code: chosen });
  state.chosen = { version, key: keyOf(chosen) };
  renderColumns();
  renderChoice();
  renderTally();
  tell(`${other.code} instead of ${code}`);
  rowOf(version, chosen).querySelector(".pick").focus();
}

// ---------------------------------------------------------------- searching for a code to add

function addSearch(made, version) {
  searchBox({
    box: made.querySelector(".add"),
    version,
    name: label(version),
    find: async (q, signal) => {
      const query = new URLSearchParams({ q, version, limit: 20 });
      return (await ask(`v1/codes?${query}`, undefined, undefined, signal)).json();
    },
    add,
    tell,
    trouble: (error) => (error instanceof Refused ? sentence(error.message) : "The server cannot be reached."),
  });
}

// ---------------------------------------------------------------- taking the result away

function final() {
  return state.shown.flatMap((version) => [...settledIn(version).values()]
    .filter((one) => one.status === "accepted")
    .map(({ code, added }) => ({ version, ...code, status: added ? "added" : "accepted" })));
}

async function copy() {
  const text = final().map((code) => `${code.code}\t${code.description}`).join("\n");
  await navigator.clipboard.writeText(text); // a secure context: localhost, or TLS
  tell("Copied");
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
}

function asCsv() {
  // a cell that begins as a formula does would be one for a spreadsheet
  const cell = (value) => `"${String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const columns = ["version", "system", "code", "description", "kind", "status", "band", "probability"];
  const lines = final().map((code) => columns.map((name) => cell(code[name])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

function asJson() {
  const record = ({ version, system, code, description, kind, status, band, probability, evidence }) => ({
    version, system, code, description, kind, status, band, probability,
    evidence: evidence.map(({ start, end, weight, context }) => ({ start, end, weight, context })),
  });
  const rejected = state.shown.flatMap((version) => [...settledIn(version).values()]
    .filter((one) => one.status === "rejected").map((one) => record({ version, status: "rejected", ...one.code })));
  return JSON.stringify({ model: state.model.name, codes: final().map(record), rejected }, null, 2);
}

async function asFhir() {
  const codes = final().map(({ system, code, description }) => ({ system, code, description }));
  return JSON.stringify(await (await ask("v1/fhir", { codes }, "application/fhir+json")).json(), null, 2);
}

function download(name, type, content) {
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  tell(`${name} downloaded`);
}

// ---------------------------------------------------------------- hands on the page

// Whoever asks for codes while a file is still being read asks for those of the file.
function openFile(file) {
  if (!file) return;
  const opening = (state.opening = readFile(file).finally(() => {
    if (state.opening === opening) state.opening = null;
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
  edit(text);
  return true;
}

async function tryExample() {
  const name = EXAMPLES[state.examples++ % EXAMPLES.length];
  edit(await (await ask(`examples/${name}`, undefined, "text/plain", null)).text());
  await codeNote();
}

function edit(text) {
  forget();
  $("text").value = text;
  render();
  $("text").focus();
}

function moveInCodes(made, step) {
  const shown = [...made.closest(".column").querySelectorAll(".code")].filter((one) => one.checkVisibility());
  const next = shown[shown.indexOf(made) + step];
  if (!next) return;
  choose(next, true);
  next.querySelector(".pick").focus();
}

function moveInNote(part, step) {
  const parts = [...$("reading").querySelectorAll(".speaking[role]")];
  const next = parts[parts.indexOf(part) + step];
  if (!next) return;
  part.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

$("code").onclick = codeNote;
$("example").onclick = () => attempt(tryExample);
$("setting").onchange = () => {
  state.results.clear();
  state.settled.clear();
  attempt(() => show(state.shown));
};
$("open").onclick = () => $("file").click();
$("file").onchange = () => { openFile($("file").files[0]); $("file").value = ""; };
$("new").onclick = () => edit("");
$("edit").onclick = () => edit(state.text);
$("show-keys").onclick = () => $("keys").showModal();
$("spoken-clear").onclick = clearChoice;
$("copy").onclick = () => copy().catch(() => complain("The browser did not let the codes be copied: download them."));
$("csv").onclick = () => download("codes.csv", "text/csv", asCsv());
$("json").onclick = () => download("codes.json", "application/json", asJson());
$("fhir").onclick = () => attempt(async () => download("codes.fhir.json", "application/fhir+json", await asFhir()));

$("text").ondragover = (event) => event.preventDefault();
$("text").ondrop = (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  openFile(event.dataTransfer.files[0]);
};

$("columns").onclick = (event) => {
  const made = event.target.closest(".code");
  if (!made) return;
  if (event.target.closest(".pick")) choose(made);
  else if (event.target.closest(".accept")) settle(made, "accepted");
  else if (event.target.closest(".reject")) settle(made, "rejected");
};

$("columns").onkeydown = (event) => {
  const made = event.target.closest(".code");
  const other = event.target.closest(".others ul button");
  if (!made || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = other ? {
    ArrowDown: () => moveInOthers(other, 1),
    ArrowUp: () => moveInOthers(other, -1),
    Escape: () => {
      made.querySelector(".others").open = false;
      made.querySelector(".pick").focus();
    },
  } : {
    ArrowDown: () => moveInCodes(made, 1),
    ArrowUp: () => moveInCodes(made, -1),
    s: () => openOthers(made),
    a: () => settle(made, "accepted"),
    r: () => settle(made, "rejected"),
    "/": () => made.closest(".column").querySelector(".add input").focus(),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
};

$("reading").onkeydown = (event) => {
  const part = event.target.closest(".speaking[role]");
  if (!part) return;
  const keys = {
    ArrowRight: () => moveInNote(part, 1),
    ArrowLeft: () => moveInNote(part, -1),
    Enter: () => askAbout(Number(part.dataset.start), Number(part.dataset.end)),
    " ": () => askAbout(Number(part.dataset.start), Number(part.dataset.end)),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
};

$("reading").onmouseup = (event) => {
  const selection = getSelection();
  if (!selection.isCollapsed && $("reading").contains(selection.anchorNode) && $("reading").contains(selection.focusNode)) {
    const range = selection.getRangeAt(0);
    const before = document.createRange();
    before.setStart($("reading"), 0);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    return askAbout(start, start + range.toString().length);
  }
  const part = event.target.closest(".speaking[role]");
  if (part) askAbout(Number(part.dataset.start), Number(part.dataset.end));
};

document.onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("text").hidden) codeNote();
  else if (event.key === "Escape") {
    $("legend").removeAttribute("open");
    clearChoice();
  }
};

attempt(start);
