// What a coder decided: for each version a list of entries, in the coder's order. A chart is never changed in place:
// each function gives a new one, so that undo is an older chart.
//
// entry: {key, status: accepted | rejected, added, instead, code, marks, poa}; `instead`: the key of the suggestion
// whose place it takes; `marks`: words that the coder marked for it, {document, start, end, text} in characters.

export const keyOf = (code) => `${code.system}:${code.code}`;
const UNMEASURED = { probability: null, confidence: null, band: null, context: null, reason: null, train_notes: null };

export const entriesOf = (chart, version) => chart[version] ?? [];
export const entryOf = (chart, version, key) => entriesOf(chart, version).find((one) => one.key === key);
export const acceptedIn = (chart, version) => entriesOf(chart, version).filter((one) => one.status === "accepted");

const withEntries = (chart, version, entries) => ({ ...chart, [version]: entries });
const without = (chart, version, key) =>
  withEntries(chart, version, entriesOf(chart, version).filter((one) => one.key !== key));
const made = (code, more) =>
  ({ key: keyOf(code), status: "accepted", added: false, instead: null, code, marks: [], poa: null, ...more });

// Puts an entry in the place of the one of its key, or last.
function put(chart, version, entry, key = entry.key) {
  const entries = entriesOf(chart, version);
  const at = entries.findIndex((one) => one.key === key);
  return withEntries(chart, version, at < 0 ? [...entries, entry] : entries.with(at, entry));
}

// The same status again opens the code again; a rejected code of the coder's own is gone.
export function settle(chart, version, code, status) {
  const before = entryOf(chart, version, keyOf(code));
  if (before?.status === status || (before?.added && status === "rejected")) return without(chart, version, keyOf(code));
  return put(chart, version, before ? { ...before, status } : made(code, { status }));
}

export function add(chart, version, hit, marks) {
  const key = keyOf(hit);
  const before = entryOf(chart, version, key);
  if (before) return put(chart, version, { ...before, status: "accepted", marks: joined(before.marks, marks) });
  const code = { ...hit, ...UNMEASURED, evidence: [], alternatives: [], predicted: true };
  return put(chart, version, made(code, { added: true, marks }));
}

// Another code of the family in place of a line, which stays among its choices.
export function specify(chart, version, before, other) {
  const entry = entryOf(chart, version, keyOf(before));
  const instead = entry?.instead ?? (entry?.added ? null : keyOf(before));
  const { system, code, description } = before;
  const alternatives = [{ system, code, description }, ...before.alternatives.filter((one) => one.code !== other.code)];
  const chosen = { ...before, ...other, ...UNMEASURED, alternatives, predicted: true, was: before.was ?? code };
  const marks = entry?.marks ?? [], poa = entry?.poa ?? null;
  if (keyOf(other) === instead) delete chosen.was;
  const more = { marks, poa, instead: keyOf(other) === instead ? null : instead, added: entry?.added ?? false };
  return put(chart, version, made(chosen, more), keyOf(before));
}

const sameWords = (one, other) =>
  one.document === other.document && one.start === other.start && one.end === other.end;
const joined = (marks, more) => [...marks, ...more.filter((one) => !marks.some((other) => sameWords(one, other)))];

// Words that speak for a code accept it; the same words again are no longer marked.
export function mark(chart, version, code, words) {
  const entry = entryOf(chart, version, keyOf(code)) ?? made(code);
  const had = entry.marks.some((one) => sameWords(one, words));
  const marks = had ? entry.marks.filter((one) => !sameWords(one, words)) : [...entry.marks, words];
  return put(chart, version, { ...entry, status: had ? entry.status : "accepted", marks });
}

export const change = (chart, version, key, more) => put(chart, version, { ...entryOf(chart, version, key), ...more });

// Moves an accepted entry by so many places among the accepted ones; -Infinity makes it the first.
export function move(chart, version, key, step) {
  const accepted = acceptedIn(chart, version);
  const at = accepted.findIndex((one) => one.key === key);
  const to = Math.max(0, Math.min(accepted.length - 1, at + step));
  if (to === at) return chart;
  const order = accepted.toSpliced(at, 1).toSpliced(to, 0, accepted[at]);
  return withEntries(chart, version, [...order, ...entriesOf(chart, version).filter((one) => !order.includes(one))]);
}

// The lines to show: the suggestions, each in its own words or as it was specified, then what else was decided.
export function linesOf(chart, version, suggestions) {
  const entries = entriesOf(chart, version);
  const lines = suggestions.map((code) => {
    const key = keyOf(code);
    const entry = entries.find((one) => one.instead === key) ?? entries.find((one) => one.key === key);
    return { code: entry?.instead === key ? entry.code : code, entry };
  });
  const shown = new Set(lines.map((line) => keyOf(line.code)));
  return [...lines, ...entries.filter((one) => !shown.has(one.key)).map((entry) => ({ code: entry.code, entry }))];
}

// All words that speak for a line, those that the coder marked first.
export const wordsOf = ({ code, entry }) =>
  [...(entry?.marks ?? []).map((span) => ({ ...span, weight: 1, context: null, marked: true })), ...code.evidence];

// After the text changed: words that stand elsewhere now are found again, others are let go.
export function rebased(chart, text) {
  const characters = [...text];
  const placed = (span) => {
    if (characters.slice(span.start, span.end).join("").startsWith(span.text)) return [span];
    const at = text.indexOf(span.text);
    if (at < 0) return [];
    const start = [...text.slice(0, at)].length;
    return [{ ...span, start, end: start + (span.end - span.start) }];
  };
  const entry = (one) => ({ ...one, marks: one.marks.flatMap(placed),
    code: { ...one.code, evidence: one.code.evidence.flatMap(placed) } });
  return Object.fromEntries(Object.entries(chart).map(([version, entries]) => [version, entries.map(entry)]));
}
