// The worklist: encounters to code, those first that need a person most.

import { attempt, inWords } from "./api.js";
import { $, button, complain, counted, make, number, tell } from "./dom.js";
import * as store from "./store.js";

const STATES = ["new", "in work", "question", "done", "audited"];
const PAGE = 50;
const PAUSE = 150; // ms after the last key
const REFRESH = 30_000; // ms: what others do shows by itself

const wanted = { states: ["new", "in work", "question"], offset: 0 };
let total = 0, request = null, timer = 0, open = () => {};

// `opened(id)` hears which encounter was chosen.
export function startWorklist(me, opened) {
  open = opened;
  $("who").replaceChildren(new Option("anybody’s", "*"), new Option("mine", "me"), new Option("nobody’s", ""));
  store.users().then(({ users }) => {
    const others = users.filter((one) => one.active && one.name !== me.name);
    $("who").append(...others.map((one) => new Option(one.name, one.name)));
  }).catch(() => {});
  $("wanted-words").oninput = () => later(PAUSE);
  for (const id of ["who", "sort", "wanted-setting"]) $(id).onchange = () => later(0);
  $("later").onclick = () => turn(1);
  $("earlier").onclick = () => turn(-1);
  $("send").onclick = () => $("files").click();
  $("files").onchange = () => {
    sendFiles([...$("files").files]);
    $("files").value = "";
  };
  $("worklist").ondragover = (event) => event.preventDefault();
  $("worklist").ondrop = (event) => {
    event.preventDefault();
    sendFiles([...event.dataTransfer.files]);
  };
  $("encounters").onclick = (event) => {
    const row = event.target.closest("tr");
    if (row) open(Number(row.dataset.id));
  };
  $("worklist").onkeydown = key;
}

function later(pause) {
  clearTimeout(timer);
  wanted.offset = 0;
  timer = setTimeout(() => list(), pause);
}

function turn(step) {
  const offset = wanted.offset + step * PAGE;
  if (offset < 0 || offset >= total) return;
  wanted.offset = offset;
  list(true);
}

let refresh = 0;
export const leave = () => clearTimeout(refresh);

// Lists anew; `first`: the first row gets the focus.
export async function list(first = false) {
  clearTimeout(refresh);
  request?.abort();
  const mine = (request = new AbortController());
  const body = { ...wanted, limit: PAGE, words: $("wanted-words").value.trim() || null, sort: $("sort").value,
    assignee: $("who").value === "*" ? null : $("who").value, setting: $("wanted-setting").value || null };
  try {
    draw(await store.worklist(body, mine.signal), first);
    complain("");
  } catch (error) {
    if (mine.signal.aborted) return;
    complain(inWords(error));
  }
  if (!$("worklist").hidden) refresh = setTimeout(() => list(), REFRESH);
}

function draw(found, first) {
  total = found.total;
  $("states").replaceChildren(...STATES.map((state) => {
    const on = wanted.states.includes(state);
    const made = button("state", `${state} ${number(found.states[state] ?? 0)}`, () => {
      wanted.states = on ? wanted.states.filter((one) => one !== state) : [...wanted.states, state];
      later(0);
    });
    made.setAttribute("aria-pressed", on);
    made.dataset.state = state;
    return made;
  }));
  const focused = document.activeElement?.closest?.("#encounters tr")?.dataset.id;
  const pressed = document.activeElement?.dataset?.state;
  $("encounters").replaceChildren(...found.encounters.map(row));
  const rows = [...$("encounters").children];
  const same = rows.find((one) => one.dataset.id === focused);
  rows.forEach((one) => { one.querySelector("button").tabIndex = one === (same ?? rows[0]) ? 0 : -1; });
  if (same || first) (same ?? rows[0])?.querySelector("button").focus();
  if (pressed) [...$("states").children].find((one) => one.dataset.state === pressed)?.focus();
  const end = wanted.offset + rows.length;
  $("paged").textContent = total ? `${number(wanted.offset + 1)}–${number(end)} of ${counted(total, "encounter")}`
    : "No encounter fits. Choose other states, or send documents.";
  $("earlier").disabled = !wanted.offset;
  $("later").disabled = end >= total;
}

const day = (text) => text ?? "";

function needOf({ need, coded }) {
  if (need === null) return coded ? "" : "being read…";
  return need < 0.5 ? "little" : `${need.toFixed(1)} codes`;
}

function row(one) {
  const made = make("tr");
  made.dataset.id = one.id;
  const name = make("th");
  name.scope = "row";
  name.append(button("plain", one.number, () => {}));
  const late = one.due && !["done", "audited"].includes(one.state) && one.due < new Date().toISOString().slice(0, 10);
  const cells = [one.patient ?? "", one.setting ?? "", day(one.discharge), late ? `${one.due} late` : day(one.due),
    one.state, one.assignee ?? "", one.document_count, one.code_count || "", one.principal?.split(":")[1] ?? "",
    needOf(one)];
  const kinds = ["", "", "", late ? "late" : "", "state-of"];
  made.append(name, ...cells.map((text, i) => make("td", kinds[i] ?? "", `${text}`)));
  made.querySelector(".state-of").dataset.state = one.state;
  return made;
}

function key(event) {
  if (event.target === $("wanted-words") && ["ArrowDown", "Enter"].includes(event.key)) {
    event.preventDefault();
    return $("encounters").querySelector("button")?.focus();
  }
  const row = event.target.closest("#encounters tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const go = (to) => {
    if (!to) return;
    row.querySelector("button").tabIndex = -1;
    to.querySelector("button").tabIndex = 0;
    to.querySelector("button").focus();
  };
  const keys = {
    ArrowDown: () => go(row.nextElementSibling),
    ArrowUp: () => go(row.previousElementSibling),
    Home: () => go(row.parentNode.firstElementChild),
    End: () => go(row.parentNode.lastElementChild),
    PageDown: () => turn(1),
    PageUp: () => turn(-1),
    "/": () => $("wanted-words").focus(),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

// Sends files one after the other; what was refused is said by name.
export async function sendFiles(files, encounter = null) {
  const refused = [];
  let taken = 0;
  await attempt(async () => {
    for (const file of files) {
      try {
        const answer = await store.sendFile(file, encounter);
        taken += answer.encounters.reduce((sum, one) => sum + one.added.length, 0);
        refused.push(...answer.refused.map((one) => `${one.document}: ${one.why}`));
      } catch (error) {
        refused.push(`${file.name}: ${inWords(error).replace(/^The document: /, "")}`);
      }
    }
  });
  tell(`${counted(taken, "document")} taken in`);
  if (!encounter) await list();
  if (refused.length) complain(`Not taken: ${refused.join("; ")}`);
  return taken;
}
