// A chart as the server keeps it, and back: what has to be saved for the kept chart to become the coder's.

import { acceptedIn, entriesOf, keyOf } from "./chart.js";

const place = ({ document, start, end }) => `${document}:${start}:${end}`;

// The chart of an encounter that was opened: {version: entries}.
export function chartOf({ codes, suggestions }, version) {
  const suggested = new Map(suggestions.map((one) => [keyOf(one), one]));
  const entries = codes.map((one) => {
    const original = suggested.get(one.instead_of) ?? suggested.get(keyOf(one));
    const known = new Set((original?.evidence ?? []).map(place));
    const { system, code, description, kind } = one;
    const measured = { probability: null, confidence: null, band: null, context: null, reason: null,
      train_notes: null, predicted: true, alternatives: [], evidence: [] };
    const line = { ...measured, ...original, system, code, description, kind };
    if (one.instead_of && original) Object.assign(line, { ...measured, evidence: original.evidence, was: original.code,
      alternatives: original.alternatives });
    return { key: keyOf(one), status: one.verdict, added: !original, instead: one.instead_of, code: line,
      marks: one.evidence.filter((span) => !known.has(place(span))), poa: one.poa, by: one.by };
  });
  return { [version]: entries };
}

// The words that the coder confirmed: those marked and, for a suggestion that was accepted, its own.
const confirmed = (entry) => (entry.status === "accepted" ? [...entry.marks, ...entry.code.evidence] : entry.marks)
  .slice(0, 50).map(({ document, start, end }) => ({ document, start, end }));

const asDecision = (entry) => ({ system: entry.code.system, code: entry.code.code, verdict: entry.status,
  poa: entry.poa || null, instead_of: entry.instead, evidence: confirmed(entry) });

const same = (one, other) => one && other
  && JSON.stringify(asDecision(one)) === JSON.stringify(asDecision(other));

// What the server has to be told: {decisions, order}, or null if nothing.
export function difference(kept, chart, version) {
  const before = new Map(entriesOf(kept, version).map((one) => [one.key, one]));
  const after = new Map(entriesOf(chart, version).map((one) => [one.key, one]));
  const decisions = [...after.values()].filter((one) => !same(before.get(one.key), one)).map(asDecision);
  for (const [key, one] of before) {
    if (!after.has(key)) decisions.push({ ...asDecision(one), verdict: "undecided", evidence: [], instead_of: null });
  }
  const keys = (some) => acceptedIn(some, version).map((one) => one.key);
  const order = keys(chart);
  if (!decisions.length && order.join() === keys(kept).join()) return null;
  return { decisions, order };
}

// Mine on top of what another has saved meanwhile: {chart, lost}; `lost`: codes that both decided on, theirs holds.
export function merged(kept, mine, theirs, version) {
  const find = (chart, key) => entriesOf(chart, version).find((one) => one.key === key);
  const keys = [kept, mine].flatMap((chart) => entriesOf(chart, version).map((one) => one.key));
  let entries = entriesOf(theirs, version);
  const lost = [];
  for (const key of new Set(keys)) {
    const [old, own, other] = [kept, mine, theirs].map((chart) => find(chart, key));
    const changed = own ? !same(old, own) : Boolean(old);
    if (!changed) continue;
    const alike = own ? same(own, other) : !other;
    const untouched = old ? same(old, other) : !other;
    if (alike) continue;
    if (!untouched) lost.push((own ?? old).code.code);
    else entries = own ? [...entries.filter((one) => one.key !== key), own] : entries.filter((one) => one.key !== key);
  }
  return { chart: { ...theirs, [version]: entries }, lost };
}
