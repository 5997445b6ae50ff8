// What the rules of the code system say of the chosen codes, asked for anew with each decision.

import { ask, inWords } from "./api.js";
import { button, counted, make } from "./dom.js";
import { acceptedIn } from "./chart.js";

const CHECKED = ["icd10", "icd9"]; // versions whose rules are known
const MOST = 100; // codes of a set
const PAUSE = 150; // ms after the last decision
const RETRY = 5_000;

export const isChecked = (version) => CHECKED.includes(version);

// `found(findings, trouble)` hears the findings by version (a Map), or in words why there are none yet.
export function checker(found) {
  let timer = 0, request = null;

  async function check(chart, versions, facts) {
    request?.abort();
    const mine = (request = new AbortController());
    try {
      const all = await Promise.all(versions.filter(isChecked).map(async (version) => {
        const codes = acceptedIn(chart, version).slice(0, MOST)
          .map(({ code, poa }) => ({ code: `${code.system}:${code.code}`, poa: poa || null }));
        if (!codes.length) return [version, []];
        const body = { codes, version };
        for (const name of ["setting", "sex", "date"]) if (facts[name]) body[name] = facts[name];
        if (facts.age !== "") body.age = Number(facts.age);
        return [version, (await (await ask("v1/check", { body, signal: mine.signal })).json()).findings];
      }));
      found(new Map(all), "");
    } catch (error) {
      if (mine.signal.aborted) return;
      found(null, `Not checked. ${inWords(error)}`);
      timer = setTimeout(() => check(chart, versions, facts), RETRY);
    }
  }

  return (chart, versions, facts) => {
    clearTimeout(timer);
    request?.abort();
    if (versions.some((version) => isChecked(version) && acceptedIn(chart, version).length)) found(null, "checking…");
    timer = setTimeout(() => check(chart, versions, facts), PAUSE);
  };
}

const RANK = { error: 0, warning: 1, note: 2 };
export const worst = (findings) =>
  findings.reduce((best, one) => (best === null || RANK[one.severity] < RANK[best] ? one.severity : best), null);

export function countFindings(findings) {
  return ["error", "warning", "note"].map((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count ? counted(count, severity) : "";
  }).filter(Boolean).join(", ");
}

// One finding; `goTo(code)` shows a code of the set, `take(code)` adds one of the choices.
export function findingItem(finding, { goTo, take }) {
  const item = make("li", `finding ${finding.severity}`);
  const first = make("p");
  first.append(make("strong", "", finding.severity), " ", finding.message);
  item.append(first, make("p", "what", `${finding.action} `));
  item.lastChild.append(make("span", "source", finding.source));
  const ways = make("p", "ways");
  ways.append(...finding.codes.map((code) => button("plain id", code, () => goTo(code))),
    ...finding.choices.slice(0, 8).map((code) => button("choice id", `+ ${code}`, () => take(code))));
  item.append(ways);
  return item;
}
