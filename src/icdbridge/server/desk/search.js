// The box that finds a code to add: a combobox whose list shows what was found, why, and what may be specified.

import { make } from "./dom.js";

const KEPT = "icdbridge-codes"; // in the browser's storage: codes last added and favourites, never words of a note
const RECENT = 8;
const PAUSE = 120; // ms after the last key
const LONGEST = 200; // characters of a query
const NOTHING = "Nothing found: use fewer words, the last may be cut short.";

const plain = ({ system, code, description, kind }) => ({ system, code, description, kind });
const same = (one, other) => one.system === other.system && one.code === other.code;

// Storage may be off or full: then nothing is kept.
function kept(version) {
  try {
    const found = JSON.parse(localStorage.getItem(`${KEPT}-${version}`)) ?? {};
    return { recent: found.recent ?? [], favourites: found.favourites ?? [] };
  } catch {
    return { recent: [], favourites: [] };
  }
}

function keep(version, codes) {
  try {
    localStorage.setItem(`${KEPT}-${version}`, JSON.stringify(codes));
  } catch { /* not kept */ }
}

function remember(version, hit) {
  const codes = kept(version);
  codes.recent = [plain(hit), ...codes.recent.filter((one) => !same(one, hit))].slice(0, RECENT);
  keep(version, codes);
}

function toggleFavourite(version, hit) {
  const codes = kept(version);
  const had = codes.favourites.some((one) => same(one, hit));
  codes.favourites = had ? codes.favourites.filter((one) => !same(one, hit)) : [...codes.favourites, plain(hit)];
  keep(version, codes);
  return !had;
}

// What a line stands for: {hit, note, open}; `open`: what choosing it does instead of adding the code.
export function searchBox({ box, version, name, find, add, tell, trouble }) {
  const [input, panel, list, caption] = ["input", ".found", "ul", ".searched"].map((what) => box.querySelector(what));
  list.id = `found-${version}`;
  list.setAttribute("aria-label", "Codes found");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-label", `Add a code of ${name}`);
  input.placeholder = "Add a code: left hip fx, hx of MI, I50…";
  let lines = [], at = -1, timer = 0, request = null, results = null;

  const close = () => {
    request?.abort();
    clearTimeout(timer);
    panel.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const move = (to) => {
    if (!lines.length) return;
    at = (to + lines.length) % lines.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", i === at));
    list.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[at].id);
  };
  const draw = (line, i) => {
    const item = make("li");
    const text = make("span", "name", line.hit.description);
    if (line.note) text.append(make("small", "", line.note));
    item.append(make("span", "id", line.label ?? line.hit.code), text);
    if (line.hit.specify?.length && !line.open) {
      const more = make("span", "more", "specify");
      more.onmousedown = (event) => { event.preventDefault(); event.stopPropagation(); specify(line.hit); };
      item.append(more);
    }
    item.id = `${list.id}-${i}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.onmousedown = (event) => { event.preventDefault(); take(i); };
    return item;
  };
  const show = (next, said, spoken) => {
    lines = next;
    caption.textContent = said;
    caption.hidden = !said;
    const items = lines.map(draw);
    if (!items.length) {
      const none = make("li", "", spoken);
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      items.push(none);
    }
    list.replaceChildren(...items);
    panel.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    at = -1;
    tell([said, spoken].filter(Boolean).join(". "));
  };

  const take = (i) => {
    const line = lines[i];
    if (line.open) return line.open();
    if (line.hit.billable === false) return specify(line.hit);
    input.value = "";
    close();
    remember(version, line.hit);
    add(version, line.hit);
  };
  const showResults = () => {
    const { codes, searched, suggestions } = results;
    const said = [searched && `searched for ${searched}`, suggestions.length && `did you mean ${suggestions.join(", ")}?`];
    const note = (hit) => (hit.billable ? "" : "category: opens") || hit.why || (hit.matched_on === "term" ? hit.term : "");
    show(codes.map((hit) => ({ hit, note: note(hit) })), said.filter(Boolean).join("; "),
      codes.length ? `${codes.length} codes found` : NOTHING);
  };
  // The code itself, to be added, and below it what may be said instead.
  const specify = (hit) => {
    const others = (hit.specify ?? []).filter((one) => one.code !== hit.code);
    const itself = hit.billable === false ? [] : [{ hit: { ...hit, specify: [] }, note: "add this code" }];
    show([...itself, ...others.map((one) => ({
      hit: { ...plain(hit), code: one.code, description: one.description },
      label: `${one.axis === "kind" ? one.code : `${one.axis}: ${one.value}`}`,
      note: one.axis === "kind" ? "" : one.code,
      open: () => ask(`${hit.system}:${one.code}`, (answer) => answer.codes[0] && specify(answer.codes[0])),
    }))], `specify ${hit.code}`, `${others.length} choices; the first adds ${hit.code}`);
    move(0);
  };
  const ask = async (query, then) => {
    request?.abort();
    const mine = (request = new AbortController());
    try {
      const answer = await find(query, mine.signal, (told) => show([], "", told));
      if (mine === request && !mine.signal.aborted) then(answer);
    } catch (error) {
      if (error.name !== "AbortError" && mine === request) show([], "", trouble(error));
    }
  };
  const showKept = () => {
    const { recent, favourites } = kept(version);
    const others = recent.filter((one) => !favourites.some((other) => same(one, other)));
    const kinds = [...favourites.map((hit) => ({ hit, note: "favourite" })), ...others.map((hit) => ({ hit, note: "recent" }))];
    if (kinds.length) show(kinds, "", `${kinds.length} codes of before`);
  };

  const search = (pause) => {
    clearTimeout(timer);
    request?.abort();
    const query = input.value.trim();
    if (!query) return close();
    timer = setTimeout(() => ask(query, (answer) => { results = answer; showResults(); }), pause);
  };
  input.oninput = () => search(PAUSE);
  input.onblur = close;
  input.onkeydown = (event) => {
    const open = !panel.hidden;
    const specifying = open && caption.textContent.startsWith("specify ");
    if (event.key === "ArrowDown" && !open && !input.value.trim()) showKept();
    else if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at < 0 ? -1 : at - 1);
    else if (event.key === "ArrowRight" && at >= 0 && !lines[at].open && lines[at].hit.specify?.length) specify(lines[at].hit);
    else if (event.key === "ArrowLeft" && specifying && results) showResults();
    else if (event.key === "Enter" && open && event.shiftKey && at >= 0 && !lines[at].open) {
      const now = toggleFavourite(version, lines[at].hit);
      tell(`${lines[at].hit.code} is ${now ? "now" : "no longer"} a favourite`);
    } else if (event.key === "Enter" && open && !event.ctrlKey && !event.metaKey) at >= 0 ? take(at) : move(0);
    else if (event.key === "Escape" && specifying && results) showResults();
    else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Goes to the box; with words, they are searched for.
  return (query = "") => {
    input.value = query.slice(0, LONGEST);
    input.focus();
    search(0);
  };
}
