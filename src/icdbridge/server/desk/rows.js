// One line of the list: a code, the words that speak for it, what it may be specified by, and what was decided.

const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? "" });
export const keyOf = (code) => `${code.system}:${code.code}`;

// Why a code stands apart, in a word and in words: what the note says is no reason to code it.
const APART = {
  negated: ["denied", "The note says that there is none"],
  family: ["a relative’s", "Said of a relative"],
  hypothetical: ["not yet", "Said of what may come"],
  uncertain: ["uncertain", "Uncertain diagnoses of outpatients are not coded"],
  integral: ["explained", "Comes with a diagnosis that is coded"],
  replaced: ["replaced", "Another code says it"],
};
export const isApart = (code) => code.context in APART && (code.context !== "uncertain" || !code.predicted);

export function bandSign(name) {
  const sign = make("span", `band ${name}`);
  const bars = make("i");
  bars.setAttribute("aria-hidden", "true");
  sign.append(bars, make("span", "", name));
  return sign;
}

function apartSign(context) {
  const [word, why] = APART[context];
  return Object.assign(make("span", "apart", word), { title: why });
}

const doubt = (context) => make("em", "doubt", context);

function worth({ confidence, probability }) {
  const of = (value) => (value > 0.99 ? "above 0.99" : value < 0.01 ? "below 0.01" : value.toFixed(2));
  if (confidence === null) return `Probability ${of(probability)}, not calibrated.`;
  const share = confidence > 0.99 ? "more than 99" : confidence < 0.01 ? "fewer than 1" : Math.round(100 * confidence);
  return `Expected to be right: ${share} of 100 such suggestions.`;
}

function facts(code, settled) {
  if (settled?.added) return "Added by you.";
  if (code.instead) return `Chosen by you instead of ${code.instead}.`;
  const seen = code.train_notes;
  const carried = seen === null ? ""
    : seen ? `${seen.toLocaleString("en")} training ${seen === 1 ? "note" : "notes"} carried this code.`
    : "No training note carried this code: it is known by its description alone.";
  return `${worth(code)} ${carried}`.trim();
}

// Every phrase once, in the order of its weight; `ask` hears which was chosen.
function words(code, ask) {
  const apart = isApart(code);
  const seen = new Set();
  return code.evidence.flatMap((span) => {
    const text = span.text.replace(/\s+/g, " ");
    const key = `${text.toLowerCase()}\n${span.context}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const button = Object.assign(make("button", "", text), { type: "button", tabIndex: -1 });
    if (span.context && !(apart && span.context === code.context)) button.append(" ", doubt(span.context));
    button.onclick = () => ask(span);
    return [button];
  });
}

function others(code, take) {
  return code.alternatives.map((other) => {
    const item = make("li");
    const button = Object.assign(make("button"), { type: "button" });
    button.append(make("span", "id", other.code), " ", make("span", "", other.description));
    button.onclick = () => take(other);
    item.append(button);
    return item;
  });
}

export function row(version, code, settled, { ask, take }) {
  const made = document.getElementById("a-code").content.cloneNode(true).firstElementChild;
  const find = (what) => made.querySelector(what);
  made.dataset.key = keyOf(code);
  made.dataset.version = version;
  find(".id").textContent = code.code;
  find(".name").textContent = code.description;
  const apart = isApart(code);
  if (code.context && !apart) find(".name").append(" ", doubt(code.context));
  find(".band").replaceWith(settled?.added ? bandSign("added") : code.instead ? bandSign("specified")
    : apart ? apartSign(code.context) : bandSign(code.band));
  find(".accept").setAttribute("aria-label", `Accept ${code.code}`);
  find(".reject").setAttribute("aria-label", `${settled?.added ? "Remove" : "Reject"} ${code.code}`);
  find(".accept").title = "Accept (A)";
  find(".reject").title = "Reject (R)";
  find(".words").append(...words(code, ask));
  if (code.reason) find(".words").append(make("span", "reason", code.reason));
  find(".facts").textContent = facts(code, settled);
  const list = others(code, (other) => take(made, other));
  find(".others").hidden = !list.length;
  find(".others summary").textContent = `specify (${list.length})`;
  find(".others summary").setAttribute("aria-label", `Specify ${code.code}: ${list.length} other codes`);
  find(".others ul").append(...list);
  showStatus(made, settled?.status);
  return made;
}

export function showStatus(made, status) {
  if (status) made.dataset.status = status;
  else delete made.dataset.status;
  made.querySelector(".accept").setAttribute("aria-pressed", status === "accepted");
  made.querySelector(".reject").setAttribute("aria-pressed", status === "rejected");
}

// Of a column one line at a time is reached by the Tab key.
export function setReachable(made, reachable) {
  made.querySelectorAll(".pick, .decide button, .words button, .others summary").forEach((one) => {
    one.tabIndex = reachable ? 0 : -1;
  });
}

// Opens what a code may be specified by, and goes to the first of it.
export function openOthers(made) {
  const details = made.querySelector(".others");
  if (details.hidden) return false;
  details.open = true;
  details.querySelector("ul button").focus();
  return true;
}

export function moveInOthers(button, step) {
  const buttons = [...button.closest("ul").querySelectorAll("button")];
  buttons[buttons.indexOf(button) + step]?.focus();
}
