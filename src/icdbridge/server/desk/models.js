// What is served: models, versions, settings, and how to read the confidence.

import { $, label, make, number } from "./dom.js";
import { bandSign } from "./rows.js";
import { state } from "./state.js";

const EXPECTED = { likely: "half of them, or more", possible: "one in ten, or more", unlikely: "fewer" };

// `hands.show(versions)` hears what is to be shown.
export function useModel(model, versions, show) {
  state.model = model;
  $("model").value = model.name;
  $("synthetic").hidden = !model.synthetic;
  $("settings").hidden = !model.settings.length;
  $("setting").replaceChildren(new Option("as the note looks", ""), ...model.settings.map((name) => new Option(name, name)));
  $("setting").value = state.facts.setting;
  const names = model.versions.map((version) => version.name);
  const choices = names.map((name) => [label(name), [name]]);
  if (names.length > 1) choices.push(["Side by side", names]);
  const wanted = choices.find(([, some]) => some.join() === versions?.join()) ?? choices[0];
  $("versions").querySelectorAll("label").forEach((old) => old.remove());
  for (const one of choices) {
    const input = Object.assign(make("input"), { type: "radio", name: "version", checked: one === wanted });
    input.value = one[1].join(" ");
    input.onchange = () => show(one[1]);
    const choice = make("label");
    choice.append(input, one[0]);
    $("versions").append(choice);
  }
  $("versions").hidden = choices.length < 2;
  describeBands(model);
  return wanted[1];
}

function describeBands({ versions, measured, basis }) {
  const paragraph = (...parts) => {
    const made = make("p");
    made.append(...parts);
    return made;
  };
  const calibrated = versions.filter((version) => version.bands[0].suggestions !== null);
  const lines = versions[0].bands.map((band, i) => {
    const shares = calibrated.map((version) => {
      const { right, suggestions } = version.bands[i];
      const which = versions.length > 1 ? ` (${label(version.name)})` : "";
      return `${number(right)} of ${number(suggestions)}${which}`;
    });
    return paragraph(bandSign(band.name), shares.join(", ") || (measured ? EXPECTED[band.name] : ""));
  });
  const heading = calibrated.length ? "How many suggestions of each band were right on validation notes:"
    : measured ? "How many suggestions of each band are expected to be right:"
    : "This model was not calibrated: the bands say only where a code stands to the threshold that was tuned on validation notes.";
  $("legend-text").replaceChildren(paragraph(heading), ...lines, paragraph("A suggestion is a proposal: the note decides."));
  $("basis").textContent = `Confidence: ${basis}.`;
}
