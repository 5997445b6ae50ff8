// Asking the server: with the token if it demands one, again where it is busy or, if told to, cannot be reached.

import { $, complain, sentence, tell } from "./dom.js";

const TOKEN = "icdbridge-token"; // kept for the tab only
const BUSY_TRIES = 5;

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}
export class Unreachable extends Error {}

export const inWords = (error) =>
  (error instanceof Refused ? sentence(error.message) : "The server cannot be reached.");

const pause = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, 1000 * seconds);
  signal?.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(signal.reason);
  }, { once: true });
});

// `busy` hears, in words, why the server is busy, and it is tried again until `signal` ends it; without it five times.
// `waiting` hears, in words, that the server cannot be reached and that it is tried again; without it nothing is.
export async function ask(path, options = {}) {
  const { body, file, method, headers: more, accept = "application/json", signal, waiting, busy } = options;
  for (let tries = 0, lost = 0; ;) {
    const headers = { Accept: accept, ...more };
    const token = sessionStorage.getItem(TOKEN);
    if (token) headers.Authorization = `Bearer ${token}`;
    const request = { method: method ?? (body ? "POST" : "GET"), headers, signal };
    if (body) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    } else if (file) request.body = file;
    let answer;
    try {
      answer = await fetch(path, request);
    } catch (error) {
      if (signal?.aborted) throw error;
      if (!waiting) throw new Unreachable();
      const seconds = Math.min(2 ** lost++, 8);
      waiting(`The server cannot be reached. Nothing is lost: it is tried again in ${seconds} s.`);
      await pause(seconds, signal);
      continue;
    }
    if (lost) waiting("");
    lost = 0;
    if (answer.ok) return answer;
    if (answer.status === 401) {
      await signIn(await askForToken());
      continue;
    }
    if (answer.status === 503 && (busy || tries++ < BUSY_TRIES)) {
      const seconds = Math.min(Number(answer.headers.get("Retry-After")) || 1, 10);
      if (busy) busy(sentence((await answer.json().catch(() => ({}))).detail ?? "the server is busy"));
      else tell(`The server is busy; trying again in ${seconds} s`);
      await pause(seconds, signal);
      continue;
    }
    const problem = await answer.json().catch(() => ({}));
    const told = (problem.errors ?? []).map((one) => one.message);
    const faults = answer.status === 409 ? told.join("; ") : told[0]; // who did what meanwhile: all of it
    throw new Refused(faults || problem.detail || `the server answered ${answer.status}`, answer.status);
  }
}

// With a store a token gives a session, which ends by itself; without one the token is used as it is.
async function signIn(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch("v1/desk/session", { method: "POST", headers }).catch(() => null);
  sessionStorage.setItem(TOKEN, answer?.ok ? (await answer.json()).token : token);
}

export const forget = () => sessionStorage.removeItem(TOKEN);

// Whoever asks while the question stands waits for the same answer.
let asking = null;
function askForToken() {
  const dialog = $("token");
  asking ??= new Promise((resolve) => {
    $("token-text").value = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      asking = null;
      resolve($("token-text").value.trim());
    }, { once: true });
  });
  return asking;
}

// Does the work and says in words what went wrong.
export async function attempt(work) {
  complain("");
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") complain(inWords(error));
  }
}
