// Taking the chosen codes away: copied, as a file, or printed.

import { $, label, make, oneLine, tell } from "./dom.js";
import { acceptedIn, entriesOf, wordsOf } from "./chart.js";

const statusOf = (entry) => (entry.added ? "added" : "accepted");

export function chosenCodes(chart, versions) {
  return versions.flatMap((version) => acceptedIn(chart, version)
    .map((entry) => ({ version, ...entry.code, status: statusOf(entry), poa: entry.poa, entry })));
}

export const asText = (codes) => codes.map((code) => `${code.code}\t${code.description}`).join("\n");

export function asCsv(codes) {
  // a cell that begins as a formula does would be one for a spreadsheet
  const cell = (value) => `"${String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const columns = ["version", "system", "code", "description", "kind", "status", "poa", "band", "probability"];
  const lines = codes.map((code) => columns.map((name) => cell(code[name])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

export function asJson(chart, versions, model) {
  const record = ({ version, status, poa, entry, system, code, description, kind, band, probability }) => ({
    version, system, code, description, kind, status, poa, band, probability,
    evidence: wordsOf({ code: entry.code, entry }).map(({ start, end, weight, context, marked }) =>
      ({ start, end, weight, context, marked: Boolean(marked) })),
  });
  const rejected = versions.flatMap((version) => entriesOf(chart, version)
    .filter((entry) => entry.status === "rejected")
    .map((entry) => record({ version, ...entry.code, status: "rejected", poa: null, entry })));
  return JSON.stringify({ model, codes: chosenCodes(chart, versions).map(record), rejected }, null, 2);
}

export function download(name, type, content) {
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  tell(`${name} downloaded`);
}

// What is printed: the codes in order with their words, and what was found wrong; not the note.
export function fillSheet(chart, versions, { facts, findings, model }) {
  const known = [["setting", facts.setting], ["sex", facts.sex], ["age", facts.age], ["discharged", facts.date]];
  const parts = [make("h1", "", "Codes"), make("p", "", [
    `${new Date().toLocaleString("en-GB")}, suggested by ${model}, decided by a coder`,
    ...known.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`)].join(" · "))];
  for (const version of versions) {
    const table = make("table");
    const head = table.createTHead().insertRow();
    for (const name of ["", "Code", "Description", "POA", "Words of the note"]) {
      head.append(Object.assign(make("th", "", name), { scope: "col" }));
    }
    const body = table.createTBody();
    acceptedIn(chart, version).forEach((entry, i) => {
      const words = [...new Set(wordsOf({ code: entry.code, entry }).map((span) => oneLine(span.text)))];
      const line = body.insertRow();
      for (const text of [i + 1, entry.code.code, entry.code.description, entry.poa ?? "", words.join("; ")]) {
        line.insertCell().textContent = text;
      }
    });
    const wrong = make("ul");
    for (const one of findings.get(version) ?? []) {
      wrong.append(make("li", "", `${one.severity}: ${one.message} ${one.action} (${one.source})`));
    }
    parts.push(make("h2", "", label(version)), table, wrong);
  }
  $("sheet").replaceChildren(...parts);
}
