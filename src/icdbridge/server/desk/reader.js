// The note as it is read: words that speak for codes can be chosen, lit up and gone through.

import { make } from "./dom.js";
import { lastBefore, nextEnd, previousStart, trimmed } from "./text.js";

const BLOCK = 4_000; // UTF-16 units: what is out of sight of a long note is not laid out

// `asked` hears the words that were chosen, {start, end} in UTF-16 units, or null.
export function reader(pane, asked) {
  let text = "", nodes = [], words = null;

  const partAt = (node) => node?.closest?.(".speaking[role]");
  const span = (part) => ({ start: Number(part.dataset.start), end: Number(part.dataset.end) });
  const parts = () => [...pane.querySelectorAll(".speaking[role]")];

  function show(newText, spans) {
    text = newText;
    nodes = [];
    const blocks = [];
    let block = null, size = 0;
    for (const { start, end, speaking, marked } of segments(text, spans)) {
      for (const piece of speaking ? [[start, end]] : byBlocks(text, start, end)) {
        if (!block || size >= BLOCK) blocks.push((block = make("div", "block")));
        if (!size || size >= BLOCK) size = 0;
        const shown = text.slice(...piece);
        const node = document.createTextNode(shown);
        nodes.push({ start: piece[0], node });
        block.append(speaking ? speakingPart(node, piece, marked) : node);
        // a block ends where a line does, never within what speaks
        size += shown.length;
        if (size >= BLOCK && !shown.endsWith("\n")) size = BLOCK - 1;
      }
    }
    pane.classList.toggle("long", blocks.length > 1);
    pane.replaceChildren(...blocks);
    words = null;
    const first = pane.querySelector(".speaking[role]");
    if (first) first.tabIndex = 0;
    else pane.tabIndex = 0;
    pane.toggleAttribute("tabindex", !first);
  }

  // Lights up what speaks for a code: spans {start, end, weight}.
  function light(spans) {
    const heaviest = Math.max(...spans.map((one) => one.weight));
    for (const part of pane.querySelectorAll(".speaking")) {
      const { start, end } = span(part);
      const over = spans.filter((one) => one.start <= start && end <= one.end);
      const weight = Math.max(0, ...over.map((one) => one.weight / heaviest));
      const level = weight === 0 ? 0 : weight > 0.66 ? 3 : weight > 0.33 ? 2 : 1;
      [1, 2, 3].forEach((one) => part.classList.toggle(`lit${one}`, one === level));
    }
  }

  function paint(name, at) {
    if (!globalThis.CSS?.highlights) return;
    CSS.highlights.delete(name);
    const all = [at ?? []].flat();
    if (all.length) CSS.highlights.set(name, new Highlight(...all.map(rangeOf)));
  }

  // Marks the words asked about.
  function ask(at) {
    words = at;
    for (const part of pane.querySelectorAll(".speaking")) {
      const { start, end } = span(part);
      const inside = Boolean(at) && start < at.end && at.start < end;
      part.classList.toggle("asked", inside);
      if (part.hasAttribute("role")) part.setAttribute("aria-pressed", inside);
    }
    paint("asked", at);
  }

  function rangeOf({ start, end }) {
    const range = document.createRange();
    const first = nodes[lastBefore(nodes, start, (one) => one.start)];
    const last = nodes[lastBefore(nodes, Math.max(start, end - 1), (one) => one.start)];
    range.setStart(first.node, start - first.start);
    range.setEnd(last.node, end - last.start);
    return range;
  }

  // Brings words into view and marks them as the place where one is.
  function goTo(at) {
    paint("here", at);
    pane.querySelectorAll(".here").forEach((part) => part.classList.remove("here"));
    if (!at) return;
    const { node } = nodes[lastBefore(nodes, at.start, (one) => one.start)];
    if (node.parentNode.matches(".speaking")) node.parentNode.classList.add("here");
    node.parentNode.scrollIntoView({ block: "nearest" }); // lays the block out, if it was out of sight before
    const show = (frames) => {
      if (!node.isConnected) return; // another note is shown by now
      const box = rangeOf(at).getBoundingClientRect(), around = pane.getBoundingClientRect();
      const out = box.top < around.top + 40 || box.bottom > around.bottom - 40;
      if (out) pane.scrollTop += box.top - around.top - around.height / 3;
      // blocks around are laid out later, at other heights than were guessed
      if (out && frames) requestAnimationFrame(() => show(frames - 1));
    };
    show(10);
  }

  function selected() {
    const selection = getSelection();
    if (selection.isCollapsed || !pane.contains(selection.anchorNode) || !pane.contains(selection.focusNode)) return null;
    const range = selection.getRangeAt(0);
    const before = document.createRange();
    before.setStart(pane, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    return trimmed(text, { start, end: start + range.toString().length });
  }

  function focusPart(part) {
    parts().forEach((other) => { other.tabIndex = -1; });
    part.tabIndex = 0;
    part.focus();
  }

  // By keys: from phrase to phrase, and from any phrase on to any words.
  function key(event) {
    const part = partAt(event.target);
    const at = words ?? (part ? span(part) : { start: 0, end: 0 });
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && event.shiftKey) {
      const end = step > 0 ? nextEnd(text, at.end) : previousStart(text, at.end - 1);
      asked((end > at.start && trimmed(text, { start: at.start, end })) || at);
    } else if (step && (event.ctrlKey || event.altKey)) {
      const end = step > 0 ? nextEnd(text, at.end) : nextEnd(text, previousStart(text, at.start));
      asked(trimmed(text, { start: previousStart(text, end), end }) ?? at);
    } else if (step) {
      const all = parts();
      const next = all[part ? all.indexOf(part) + step : 0];
      if (next) focusPart(next);
    } else if ((event.key === "Enter" || event.key === " ") && part) asked(span(part));
    else return false;
    if (words && step && (event.shiftKey || event.ctrlKey || event.altKey)) goTo(words);
    return true;
  }

  pane.addEventListener("mouseup", (event) => {
    const chosen = selected() ?? (partAt(event.target) ? span(partAt(event.target)) : null);
    if (chosen) asked(chosen);
  });

  // To the words that begin at `start`, if they still speak for a code; else to those that the Tab key reaches.
  function focus(start) {
    const same = start ? pane.querySelector(`.speaking[data-start="${start}"][role]`) : null;
    if (same) focusPart(same);
    else (pane.querySelector('.speaking[tabindex="0"]') ?? pane).focus();
  }
  return { show, light, ask, goTo, paint, key, focus };
}

// The text cut where something begins or ends to speak.
function segments(text, spans) {
  const changes = new Map([[0, [0, 0]], [text.length, [0, 0]]]);
  for (const { start, end, marked } of spans) {
    for (const [place, step] of [[start, 1], [end, -1]]) {
      const [all, own] = changes.get(place) ?? [0, 0];
      changes.set(place, [all + step, own + (marked ? step : 0)]);
    }
  }
  const cuts = [...changes.keys()].sort((one, other) => one - other);
  let over = 0, marked = 0;
  return cuts.slice(0, -1).map((start, i) => {
    over += changes.get(start)[0];
    marked += changes.get(start)[1];
    return { start, end: cuts[i + 1], speaking: over > 0, marked: marked > 0 };
  });
}

// A stretch without anything that speaks, cut at line ends into pieces of about a block.
function byBlocks(text, start, end) {
  const pieces = [];
  while (end - start > BLOCK) {
    const line = text.indexOf("\n", start + BLOCK);
    if (line < 0 || line + 1 >= end) break;
    pieces.push([start, line + 1]);
    start = line + 1;
  }
  // the last line end is a place where a block may end
  const line = text.lastIndexOf("\n", end - 1);
  if (line >= start && line + 1 < end) pieces.push([start, line + 1], [line + 1, end]);
  else pieces.push([start, end]);
  return pieces;
}

function speakingPart(node, [start, end], marked) {
  const part = make("span", marked ? "speaking marked" : "speaking");
  if (node.data.trim()) {
    part.setAttribute("role", "button");
    part.setAttribute("aria-pressed", "false");
    part.tabIndex = -1;
  }
  part.append(node);
  Object.assign(part.dataset, { start, end });
  return part;
}
