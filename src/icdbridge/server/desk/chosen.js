// The codes that the coder chose, in their order, with what the rules say of them beside.

import { $, button, counted, label, make } from "./dom.js";
import { acceptedIn, entriesOf } from "./chart.js";
import { countFindings, findingItem, isChecked, worst } from "./findings.js";

const POA = [["", "POA –"], ["Y", "Y yes"], ["N", "N no"], ["U", "U unknown"], ["W", "W clinically undetermined"],
  ["1", "1 exempt"]];

function poaSelect(code, value, change) {
  const select = make("select", "poa");
  select.append(...POA.map(([key, text]) => new Option(text, key)));
  select.value = value ?? "";
  select.setAttribute("aria-label", `${code.code}: present on admission`);
  select.onchange = () => change(select.value || null);
  return select;
}

function line(version, entry, at, findings, setting, hands) {
  const { code } = entry;
  const made = make("li", "taken");
  Object.assign(made.dataset, { version, key: entry.key });
  const severity = worst(findings.filter((one) => one.codes.includes(code.code)));
  const first = at === 0 && code.kind === "diagnosis";
  const pick = button("pick-taken", "", () => hands.goTo(version, entry.key));
  pick.append(make("span", "at", `${at + 1}`), make("span", "id", code.code), make("span", "name", code.description));
  const titled = (title, ...what) => pick.append(Object.assign(make("span", ...what), { title }));
  if (first) titled("Principal (first-listed) diagnosis", "principal", "PDx");
  if (severity) titled(`See the ${severity} beside`, `sign ${severity}`, severity);
  made.append(pick);
  if (code.kind === "diagnosis" && setting !== "outpatient") {
    made.append(poaSelect(code, entry.poa, (poa) => hands.poa(version, entry.key, poa)));
  }
  const small = (text, name, act) => {
    const made = button("small", text, act);
    made.setAttribute("aria-label", `${name} ${code.code}`);
    made.title = name;
    return made;
  };
  made.append(
    small("↑", "Move up", () => hands.move(version, entry.key, -1)),
    small("↓", "Move down", () => hands.move(version, entry.key, 1)),
    small("×", "Take out", () => hands.takeOut(version, entry.key)));
  return made;
}

function tally(chart, versions) {
  const all = versions.flatMap((version) => entriesOf(chart, version));
  const count = (test) => all.filter(test).length;
  return [
    [count((one) => one.status === "accepted" && !one.added), "accepted"],
    [count((one) => one.added), "added"],
    [count((one) => one.status === "rejected"), "rejected"],
  ].filter(([many]) => many).map(([many, what]) => `${many} ${what}`).join(", ") || "Nothing settled yet";
}

export function renderChosen(chart, versions, { findings, trouble, facts }, hands) {
  const focus = focusHere();
  $("tally").textContent = tally(chart, versions);
  const lists = [], wrong = [];
  let any = false;
  for (const version of versions) {
    const found = findings.get(version) ?? [];
    const accepted = acceptedIn(chart, version);
    any ||= accepted.length > 0;
    if (versions.length > 1 && accepted.length) lists.push(make("li", "of-version", label(version)));
    lists.push(...accepted.map((entry, i) => line(version, entry, i, found, facts.setting, hands)));
    const items = (some) => some.map((one) => findingItem(one, {
      goTo: (code) => {
        const entry = accepted.find((other) => other.code.code === code);
        if (entry) hands.goTo(version, entry.key);
      },
      take: (code) => hands.take(version, code),
    }));
    wrong.push(...items(found.filter((one) => one.severity !== "note")));
    const notes = found.filter((one) => one.severity === "note");
    if (notes.length) {
      const more = make("details");
      more.append(make("summary", "", counted(notes.length, "note")), make("ul"));
      more.lastChild.append(...items(notes));
      more.open = hands.notesOpen;
      more.ontoggle = () => { hands.notesOpen = more.open; };
      wrong.push(make("li"));
      wrong.at(-1).append(more);
    }
  }
  $("chosen").replaceChildren(...lists);
  $("chosen-body").hidden = !any;
  $("wrong").replaceChildren(...wrong);
  $("wrong").hidden = !wrong.length;
  const all = versions.flatMap((version) => findings.get(version) ?? []);
  const checked = versions.some(isChecked);
  $("checked").textContent = !any || !checked ? "" : trouble || countFindings(all) || "nothing found wrong";
  $("checked").dataset.worst = trouble ? (trouble.startsWith("Not") ? "warning" : "") : worst(all) ?? "";
  for (const id of ["copy", "csv", "json", "fhir", "print"]) $(id).disabled = !any;
  focus();
}

function focusHere() {
  const made = document.activeElement?.closest?.(".taken");
  if (!made) return () => {};
  const all = [...$("chosen").children];
  const at = all.indexOf(made), control = [...made.children].indexOf(document.activeElement);
  const { version, key } = made.dataset;
  return () => {
    const lines = [...$("chosen").querySelectorAll(".taken")];
    const same = lines.find((one) => one.dataset.version === version && one.dataset.key === key);
    const next = same ?? lines[Math.min(at, lines.length - 1)];
    (same?.children[control] ?? next?.firstChild ?? $("columns").querySelector(".pick"))?.focus();
  };
}

// By keys: from line to line, up and down in the order, out.
export function chosenKey(event, hands) {
  const made = event.target.closest(".taken");
  if (!made || event.target.matches("select")) return false;
  const { version, key } = made.dataset;
  const lines = [...$("chosen").querySelectorAll(".taken")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && event.altKey) hands.move(version, key, step);
  else if (step) lines[lines.indexOf(made) + step]?.firstChild.focus();
  else if (event.key === "Delete" || event.key === "Backspace") hands.takeOut(version, key);
  else if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey) hands.move(version, key, -Infinity);
  else return false;
  return true;
}
