// Keys of the desk.

import { chosenKey } from "./chosen.js";
import { codeNote } from "./coding.js";
import { choose, clearChoice, findForWords, hands, jump, mark, moveInCodes, settle, undo } from "./deciding.js";
import { $ } from "./dom.js";
import { turnDocument } from "./encounter.js";
import { moveInOthers, openOthers } from "./rows.js";
import { isRead, state } from "./state.js";
import { note } from "./view.js";

export const toCodes = () => ($("columns").querySelector('.pick[tabindex="0"]') ?? $("columns")).focus();
const PANES = [
  () => (isRead() ? note.focus() : $("text").focus()),
  toCodes,
  () => $("chosen").querySelector("button")?.focus(),
];

const HERE = { n: () => jump(1), p: () => jump(-1), m: mark, f: () => findForWords(), u: undo,
  c: () => state.encounter && $("comments").click(), 1: PANES[0], 2: PANES[1], 3: PANES[2],
  "[": () => turn(-1), "]": () => turn(1) };

const turn = (step) => state.encounter && turnDocument(step);

// Single letters act only while the focus is in a list or the note, so that no speech input sets them off.
function act(event, keys) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const found = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!found) return false;
  found();
  return true;
}

function inOthers(choice) {
  const made = choice.closest(".code");
  return {
    ArrowDown: () => moveInOthers(choice, 1),
    ArrowUp: () => moveInOthers(choice, -1),
    Escape: () => {
      made.querySelector(".others").open = false;
      made.querySelector(".pick").focus();
    },
  };
}

function inCodes(event) {
  const made = event.target.closest(".code, .group")?.closest(".code")
    ?? event.target.closest(".group")?.querySelector(".code");
  const choice = event.target.closest(".others ul button");
  if (!made || event.target.matches("input")) return false;
  if (choice) return act(event, inOthers(choice));
  const jumps = state.chosen ? {} : { n: () => choose(made, true), p: () => choose(made, true) };
  return act(event, {
    ...HERE,
    ...jumps,
    ArrowDown: () => moveInCodes(made, 1),
    ArrowUp: () => moveInCodes(made, -1),
    s: () => openOthers(made),
    a: () => settle(made, "accepted"),
    r: () => settle(made, "rejected"),
    "/": () => made.closest(".column").querySelector(".add input").focus(),
  });
}

const LISTENING = [
  ["columns", inCodes],
  ["reading", (event) => note.key(event) || act(event, { ...HERE, "/": () => findForWords() })],
  ["chosen", (event) => chosenKey(event, hands)
    || (!event.target.matches("select") && act(event, { ...HERE, f: undefined }))],
];
for (const [id, key] of LISTENING) {
  $(id).onkeydown = (event) => {
    if (key(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
}

document.onkeydown = (event) => {
  const writing = event.target.matches("input, textarea, select");
  const ctrl = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && ctrl && state.encounter) $("done").click();
  else if (event.key === "Enter" && ctrl && $("text").checkVisibility()) codeNote();
  else if (event.key === "z" && ctrl && !writing) undo();
  else if (event.key === "Escape") {
    $("legend").removeAttribute("open");
    clearChoice();
    if (event.target.matches(".add input") && !event.target.value) toCodes();
    return;
  } else return;
  event.preventDefault();
};
