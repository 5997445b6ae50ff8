// Small helpers for the page. Text of notes and codes goes into it as text only (textContent), never as markup.

export const $ = (id) => document.getElementById(id);
export const make = (tag, className = "", text = "") =>
  Object.assign(document.createElement(tag), { className, textContent: text });
export const template = (id) => $(id).content.cloneNode(true).firstElementChild;
export const number = (value) => value.toLocaleString("en");
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
export const oneLine = (text) => text.replace(/\s+/g, " ").trim();
export const shortened = (text, most = 60) => (text.length > most ? `${text.slice(0, most)}…` : text);
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
export const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

const LABELS = { icd9: "ICD-9", icd10: "ICD-10" };
export const label = (version) => LABELS[version] ?? version;

// For those who hear the page.
export function tell(text) {
  $("live").textContent = text;
}

export function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

export function button(className, text, act) {
  return Object.assign(make("button", className, text), { type: "button", onclick: act });
}
