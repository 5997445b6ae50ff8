// The codes of a version: what was said beside the codes that it speaks for, and apart what is not coded.

import { make, label, template } from "./dom.js";
import { keyOf, wordsOf } from "./chart.js";
import { chips, isApart, phrasesOf, row, setReachable } from "./rows.js";

const heaviest = (line) => wordsOf(line).reduce((best, one) => (best && best.weight >= one.weight ? best : one), null);
const overlap = (one, other) => one.document === other.document && one.start < other.end && other.start < one.end;

// Lines whose heaviest words are the same belong together; the first of them names the group.
export function groupsOf(lines) {
  const groups = [];
  for (const line of lines) {
    const words = heaviest(line);
    const group = words && groups.find((one) => one.words && overlap(one.words, words));
    if (group) group.lines.push(line);
    else groups.push({ words, lines: [line] });
  }
  return groups.map((group) => group.lines);
}

// An empty column with its search box; `fill` puts the lines into it.
export function makeColumn(version, several) {
  const made = template("a-column");
  made.dataset.version = version;
  made.setAttribute("aria-label", `${label(version)} codes`);
  const heading = made.querySelector("h3");
  heading.textContent = label(version);
  heading.hidden = !several;
  return made;
}

function groupItem(version, lines, hands) {
  const item = make("li", "group");
  const phrases = phrasesOf(lines[0]);
  const said = make("div", "said");
  said.append(...chips(phrases, isApart(lines[0]) ? lines[0].code.context : null, hands.ask));
  if (!phrases.size) said.append(make("span", "unsaid", lines[0].entry?.added ? "added by you" : "no words found"));
  const codes = make("ul", "codes");
  codes.append(...lines.map((line) => row(version, line, new Set(phrases.keys()), hands)));
  item.append(said, codes);
  return item;
}

// `lines`: of `linesOf`; `coded`: whether the version has procedures at all.
export function fill(column, version, lines, hasProcedures, hands) {
  const apart = lines.filter(isApart);
  const items = (some) => groupsOf(some).map((group) => groupItem(version, group, hands));
  for (const group of column.querySelectorAll(".kind")) {
    const codes = lines.filter((line) => line.code.kind === group.dataset.kind && !apart.includes(line));
    const main = codes.filter((line) => line.code.predicted || line.entry);
    const rest = codes.filter((line) => !main.includes(line));
    group.querySelector("h4 span").textContent = main.length || "";
    group.querySelector(".likely").replaceChildren(...items(main));
    group.querySelector(".rest").replaceChildren(...items(rest));
    const more = group.querySelector(":scope > details");
    more.querySelector("summary").textContent = `${rest.length} less likely`;
    more.hidden = !rest.length;
    group.hidden = group.dataset.kind === "procedure" && !codes.length && !hasProcedures;
    const none = group.querySelector(".none");
    none.hidden = main.length > 0;
    none.textContent = rest.length ? "None above the threshold." : "None.";
  }
  const below = column.querySelector(".not-coded");
  below.hidden = !apart.length;
  below.querySelector("h4 span").textContent = apart.length;
  below.querySelector("ul").replaceChildren(...items(apart));
}

// What has the focus, to be found again after the lines were made anew.
export function focusIn(columns) {
  const made = document.activeElement?.closest?.(".code");
  if (!made || !columns.contains(made)) return () => {};
  const { version, key } = made.dataset;
  const control = [".accept", ".reject"].find((one) => document.activeElement.matches(one)) ?? ".pick";
  const rows = [...columns.querySelectorAll(".code")];
  const near = rows.slice(rows.indexOf(made) + 1).concat(rows.slice(0, rows.indexOf(made)).reverse());
  const names = near.filter((one) => one.dataset.version === version).map((one) => one.dataset.key);
  return () => {
    const found = rowOf(columns, version, key);
    const next = found ?? names.map((name) => rowOf(columns, version, name)).find((one) => one?.checkVisibility());
    next?.querySelector(found ? control : ".pick").focus();
  };
}

export const rowsIn = (columns) => [...columns.querySelectorAll(".code")];
export const rowOf = (columns, version, key) =>
  rowsIn(columns).find((made) => made.dataset.version === version && made.dataset.key === key);
export const rowOfCode = (columns, version, code) => rowOf(columns, version, keyOf(code));

// Which line of each column the Tab key reaches: the one given, or the first.
export function makeReachable(columns, made) {
  for (const column of columns.querySelectorAll(".column")) {
    const rows = [...column.querySelectorAll(".code")];
    const reached = rows.includes(made) ? made : rows[0];
    rows.forEach((one) => setReachable(one, one === reached));
  }
}
