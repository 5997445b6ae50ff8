// The coder's desk: hands and keys on the page, and drafts.

import { ask, attempt, forget } from "./api.js";
import { codeAnew, codeNote, editNote, onCoded, openFile, show, startAnew, tryExample } from "./coding.js";
import { checkAgain, choose, clearChoice, findForWords, mark, onChange, onDocument, settle, undo } from "./deciding.js";
import { $, button, clock, complain, counted } from "./dom.js";
import * as drafts from "./drafts.js";
import { close, isDone, openDocument, openEncounter, save, startEncounters } from "./encounter.js";
import { asCsv, asJson, asText, chosenCodes, download, fillSheet } from "./export.js";
import { useModel } from "./models.js";
import { showReport, startReport } from "./report.js";
import * as store from "./store.js";
import { bringBack, clear, isRead, setText, snapshot, state } from "./state.js";
import { render, say } from "./view.js";
import * as worklist from "./worklist.js";
import { toCodes } from "./keys.js";

let models = [], hasStore = false;

async function start() {
  ({ models, store: hasStore } = await (await ask("v1/models", { waiting: complain })).json());
  for (const model of models) $("model").append(new Option(model.name, model.name));
  $("models").hidden = models.length < 2;
  if (hasStore) await startDesk();
  else await startNote();
}

// Nothing can be typed before the draft is there.
async function startNote() {
  const draft = await drafts.ownDraft();
  if (draft) restore(draft);
  else {
    state.shown = useModel(models[0], null, showVersions);
    render();
    offerDrafts(await drafts.leftDrafts());
  }
  document.querySelector("main").hidden = false;
}

const showVersions = (versions) => attempt(() => show(versions));

// ---------------------------------------------------------------- worklist and encounters

async function startDesk() {
  const me = await store.me({ waiting: complain });
  $("places").hidden = false;
  $("me").hidden = $("sign-out").hidden = !me.account;
  $("me").textContent = `${me.name}, ${me.role}`;
  $("sign-out").onclick = () => attempt(async () => {
    await store.signOut();
    forget();
    location.reload();
  });
  $("places").querySelector('[href="#/report"]').hidden = me.role === "coder";
  startReport();
  useModel(models[0], null, showVersions);
  worklist.startWorklist(me, (id) => { location.hash = `#/encounter/${id}`; });
  startEncounters(me, { leave: () => { location.hash = "#/worklist"; }, send: worklist.sendFiles });
  onDocument(openDocument);
  addEventListener("hashchange", () => attempt(go));
  await go();
}

// Where the address says: `#/worklist`, `#/encounter/ID` (a number of the store's own), `#/note` or `#/report`.
async function go() {
  const [, place, id] = location.hash.split("/");
  if (keeping) keepNow();
  const one = place === "encounter" && /^\d+$/.test(id ?? ""), paste = place === "note", report = place === "report";
  worklist.leave();
  close();
  $("worklist").hidden = one || paste || report;
  $("report").hidden = !report;
  $("bar").hidden = !one;
  document.querySelector("main").hidden = !one;
  for (const link of $("places").children) link.removeAttribute("aria-current");
  $("places").children[report ? 2 : paste ? 1 : 0].setAttribute("aria-current", one ? "true" : "page");
  $("facts").classList.toggle("away", !paste);
  $("versions").classList.toggle("away", !paste);
  clear();
  if (one) {
    await openEncounter(Number(id));
    if (document.activeElement === document.body) toCodes(); // keys act at once
  } else if (paste) await startNote();
  else if (report) await showReport();
  else await worklist.list(true);
}

// ---------------------------------------------------------------- drafts

const EMPTY = "A draft is kept in this browser, on this machine, until you press New.";

function restore(draft) {
  const model = models.find((one) => one.name === draft.model) ?? models[0];
  const versions = model.versions.map((one) => one.name);
  bringBack({ ...draft, shown: draft.shown.filter((one) => versions.includes(one)) });
  state.shown = useModel(model, state.shown, showVersions);
  $("text").value = state.text;
  if (!draft.coded) setText("");
  showVersions(state.shown); // asks the server for a version that the draft has no codes of
  checkAgain();
  drawDraft(`Draft of ${clock(new Date(draft.saved))} restored`);
}

function keepNow() {
  clearTimeout(keeping);
  keeping = 0;
  const text = isRead() ? state.text : $("text").value;
  if (!text.trim() && !Object.keys(state.chart).length) {
    drafts.drop();
    return drawDraft("");
  }
  const kept = drafts.keep({ ...snapshot(), text, coded: isRead() });
  drawDraft(kept ? `Draft kept in this browser at ${clock(new Date())}`
    : "This draft cannot be kept: the browser’s storage is full or off");
}

let keeping = 0;
function keepSoon() {
  if (state.encounter) return save();
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, 300);
}

function drawDraft(text) {
  $("draft").textContent = text;
  $("draft").title = EMPTY;
}

function offerDrafts(left) {
  $("left").hidden = !left.length;
  $("left-list").replaceChildren(...left.map((draft) => {
    const item = document.createElement("li");
    const many = Object.values(draft.chart).flat().length;
    item.append(`${new Date(draft.saved).toLocaleString("en-GB")}, ${counted(draft.text.length, "character")}, `
      + `${counted(many, "code")} settled `,
      button("plain", "Go on", async () => {
        const taken = await drafts.takeOver(draft);
        $("left").hidden = true;
        if (taken) restore(taken);
      }),
      button("plain", "Discard", () => {
        drafts.drop(draft.id);
        item.remove();
        $("left").hidden = !$("left-list").children.length;
      }));
    return item;
  }));
}

onChange(keepSoon);
onCoded(keepSoon);
addEventListener("online", checkAgain);
addEventListener("pagehide", () => keeping && keepNow());
document.addEventListener("visibilitychange", () => document.hidden && keeping && keepNow());

// ---------------------------------------------------------------- taking the result away

const final = () => chosenCodes(state.chart, state.shown);

async function copy() {
  await navigator.clipboard.writeText(asText(final())); // a secure context: localhost, or TLS
  say("Copied");
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
}

async function fhir() {
  const codes = final().map(({ system, code, description }) => ({ system, code, description }));
  const bundle = await (await ask("v1/fhir", { body: { codes }, accept: "application/fhir+json" })).json();
  return JSON.stringify(bundle, null, 2);
}

$("copy").onclick = () => copy().catch(() => complain("The browser did not let the codes be copied: download them."));
// Of an encounter that is done, as the server has it; else of what is decided here.
const FILES = {
  csv: ["csv", "text/csv", () => asCsv(final())],
  json: ["json", "application/json", () => asJson(state.chart, state.shown, state.model.name)],
  fhir: ["fhir.json", "application/fhir+json", fhir],
  claim: ["claim.csv", "text/csv"],
};
for (const [format, [ending, type, own]] of Object.entries(FILES)) {
  $(format).onclick = () => attempt(async () => {
    const { encounter } = state;
    const content = isDone() ? await store.results(encounter.id, format) : await own();
    download(`${encounter?.number ?? "codes"}.${ending}`, type, content);
  });
}
$("print").onclick = () => window.print();
addEventListener("beforeprint", () => {
  if ($("report").hidden) return fillSheet(state.chart, state.shown, { ...state, model: state.model?.name });
  $("sheet").replaceChildren(...["report-title", "report-facts", "report-body"].map((id) => $(id).cloneNode(true)));
});

// ---------------------------------------------------------------- hands on the page

$("code").onclick = codeNote;
$("example").onclick = () => attempt(tryExample);
$("model").onchange = () => {
  state.shown = useModel(models.find((one) => one.name === $("model").value), state.shown, showVersions);
  if (state.text) codeAnew();
  else render();
};
for (const name of ["setting", "sex", "age", "date"]) {
  $(name).onchange = () => {
    if (!$(name).checkValidity()) return complain(`${$(name).title || name}: this cannot be`);
    complain("");
    state.facts = { ...state.facts, [name]: $(name).value };
    if (name === "setting" && state.text) codeAnew();
    else checkAgain();
    keepSoon();
  };
}
$("open").onclick = () => $("file").click();
$("file").onchange = () => { openFile($("file").files[0]); $("file").value = ""; };
$("new").onclick = () => startAnew("");
$("edit").onclick = editNote;
$("undo").onclick = undo;
$("mark").onclick = mark;
$("find").onclick = () => findForWords();
$("show-keys").onclick = () => $("keys").showModal();
$("spoken-clear").onclick = clearChoice;
$("text").oninput = keepSoon;
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

attempt(start);
