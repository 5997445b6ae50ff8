// The report on what was decided: for auditors and admins. It holds codes and people, no words of notes.

import { $, counted, make, number, shortened } from "./dom.js";
import * as store from "./store.js";

const BANDS = ["likely", "possible", "unlikely"];
const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(0)}%`);
const decimal = (value, digits = 1) => (value === null ? "–" : value.toFixed(digits));
const bare = (key) => key.split(":")[1];

export function startReport() {
  $("report-weeks").onchange = showReport;
  $("report-print").onclick = () => window.print();
}

export async function showReport() {
  $("report-body").setAttribute("aria-busy", "true");
  const found = await store.report(Number($("report-weeks").value));
  $("report-body").removeAttribute("aria-busy");
  $("report-facts").textContent = found.encounters
    ? `${counted(found.encounters, "encounter")} done, ${counted(found.decisions, "decision")} of ${counted(found.coders.length, "person", "people")}`
    : "No encounter was done in these weeks: there is nothing to report yet.";
  $("report-body").replaceChildren(...(found.encounters ? sections(found) : []));
}

function sections(found) {
  const odd = found.coders.filter((one) => one.by_chance).map((one) => one.coder);
  return [
    part("Is the confidence right?",
      "Of the suggestions of each band the share that stands, beside the share that the confidence promised. Where they differ, icdbridge calibrate fits it anew.",
      ["Band", "Shown", "Accepted", "Rejected", "Left", "Promised", "Stands"],
      found.bands.map((one) => [one.band, one.shown, one.accepted, one.rejected,
        one.shown - one.accepted - one.rejected, percent(one.expected), share(one.shown ? one.accepted / one.shown : null)])),
    part("Week by week", "F1 of what was predicted. Minutes and codes added by hand are those of a chart; pauses count as 5 minutes at most.",
      ["Week", "Encounters", "F1", "Likely, stands", "Added", "Minutes"],
      found.weeks.toReversed().map((one) => [one.week, one.encounters, share(one.f1), percent(one.likely), decimal(one.added), decimal(one.minutes)])),
    part("Coder by coder", odd.length
      ? `Look at ${odd.join(", ")}: what was accepted hardly follows the confidence, though that of others does. Let a second person read these encounters.`
      : "Follows: of an accepted and a rejected suggestion, how often the accepted one was the more confident; 50% is what tossed coins reach.",
    ["Person", "Encounters", "Decisions", ...BANDS.map((band) => `${band} accepted`), "Follows", "Added", "Overruled", "Minutes a chart"],
    found.coders.map((one) => [one.coder, one.encounters, one.decisions, ...BANDS.map((band) => percent(one.acceptance[band] ?? null)),
      percent(one.follows), one.added, one.overruled, decimal(one.minutes)]), (i) => found.coders[i].by_chance),
    part("Do two people agree?", "Who reads second sees what the first decided. Kappa: agreement beyond chance.",
      ["First", "Second", "Codes", "Same", "Kappa"],
      found.agreement.map((one) => [one.first, one.second, one.codes, percent(one.same), decimal(one.kappa, 2)])),
    part("Most often added by hand", "", ["Code", "Description", "Times"],
      found.added.map((one) => [bare(one.key), shortened(one.description, 70), one.times])),
    part("Confidence furthest from what stands", "", ["Code", "Description", "Shown", "Promised", "Stand"],
      found.codes.map((one) => [bare(one.key), shortened(one.description, 70), one.shown, decimal(one.expected, 0), one.accepted])),
    part("Do the notes change?", `How far words and codes of a month are from those of ${found.drift_from} (0 to 1), beside what as many of these would show by chance.`,
      ["Month", "Encounters", "Words", "by chance", "Codes", "by chance"],
      found.drift.map((one) => [one.month, one.encounters, ...["words", "words_by_chance", "codes", "codes_by_chance"].map((name) => decimal(one[name], 3))])),
  ];
}

// A share with a bar as long as it is.
function share(value) {
  const made = make("span", "share", percent(value));
  made.style.setProperty("--share", value ?? 0);
  return made;
}

function part(title, lead, columns, rows, stands = () => false) {
  const made = make("section");
  made.append(make("h3", "", title), ...(lead ? [make("p", "", lead)] : []));
  if (!rows.length) {
    made.append(make("p", "none", "Nothing to tell yet."));
    return made;
  }
  const table = make("table");
  const head = table.createTHead().insertRow();
  head.append(...columns.map((name) => Object.assign(make("th", "", name), { scope: "col" })));
  const body = table.createTBody();
  rows.forEach((cells, i) => {
    const line = body.insertRow();
    line.classList.toggle("stands-out", stands(i));
    for (const cell of cells) {
      const one = line.insertCell();
      if (typeof cell !== "string") one.className = "figure";
      one.append(typeof cell === "number" ? number(cell) : cell);
    }
  });
  const held = make("div", "held");
  held.tabIndex = 0; // long tables scroll, by keys too
  held.setAttribute("role", "group");
  held.setAttribute("aria-label", title);
  held.append(table);
  made.append(held);
  return made;
}
