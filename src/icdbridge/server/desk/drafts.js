// Drafts: the note and what was decided, kept in this browser until the coder is done, so that nothing is lost when the
// page is loaded anew, the network or the server fails, or the browser is closed. One draft a tab.

const KEPT = "icdbridge-draft-"; // in localStorage
const TAB = "icdbridge-tab"; // in sessionStorage: which draft is this tab's
const DAYS = 3;
const DAY = 24 * 3600 * 1000;

// Storage may be off or full: then nothing is kept, which the page says.
function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

let id = null;

// Claims a draft for as long as the tab lives; of two tabs with the same one, as after "duplicate tab", one gets it.
async function claim(wanted) {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks.request(KEPT + wanted, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise(() => {});
    });
  });
}

async function use(wanted) {
  const free = wanted && (await claim(wanted));
  id = free ? wanted : crypto.getRandomValues(new Uint32Array(2)).join("");
  if (!free) await claim(id);
  try {
    sessionStorage.setItem(TAB, id);
  } catch { /* not kept */ }
  return read(KEPT + id);
}

// The draft of this tab, or null; drafts that are too old are forgotten.
export async function ownDraft() {
  for (const name of names()) {
    const age = Date.now() - (read(name)?.saved ?? 0);
    if (!(age < DAYS * DAY)) localStorage.removeItem(name);
  }
  if (id !== null) return read(KEPT + id);
  let wanted = null;
  try {
    wanted = sessionStorage.getItem(TAB);
  } catch { /* off */ }
  return use(wanted);
}

function names() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(KEPT));
  } catch {
    return [];
  }
}

// Drafts of tabs that are closed, the newest first: [{id, saved, ...}].
export async function leftDrafts() {
  const held = new Set(((await navigator.locks?.query())?.held ?? []).map((lock) => lock.name));
  return names().filter((name) => name !== KEPT + id && !held.has(name))
    .map((name) => ({ id: name.slice(KEPT.length), ...read(name) }))
    .sort((one, other) => other.saved - one.saved);
}

export async function takeOver(draft) {
  drop();
  return use(draft.id);
}

// Whether it could be kept.
export function keep(content) {
  try {
    localStorage.setItem(KEPT + id, JSON.stringify({ saved: Date.now(), ...content }));
    return true;
  } catch {
    drop();
    return false;
  }
}

// What was decided on an encounter of the store and not acknowledged yet.
const UNSAVED = "icdbridge-unsaved-";
export const unsaved = (encounter) => read(UNSAVED + encounter);

export function keepUnsaved(encounter, content) {
  try {
    localStorage.setItem(UNSAVED + encounter, JSON.stringify(content));
  } catch { /* the page says what is not saved */ }
}

export const dropUnsaved = (encounter) => remove(UNSAVED + encounter);
export const drop = (which = id) => remove(KEPT + which);

function remove(name) {
  try {
    localStorage.removeItem(name);
  } catch { /* was not kept */ }
}
