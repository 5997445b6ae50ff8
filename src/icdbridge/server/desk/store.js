// The department's desk as the server keeps it: the paths of /v1/desk.

import { ask } from "./api.js";

const json = async (path, options) => (await ask(`v1/desk/${path}`, options)).json();

export const me = (options) => json("me", options);
export const users = () => json("users");
export const worklist = (body, signal) => json("worklist", { body, signal });
export const encounter = (id, options) => json(`encounters/${id}`, options);
export const documentOf = (id, options) => json(`documents/${id}`, options);
export const change = (id, body) => json(`encounters/${id}`, { body, method: "PATCH" });
export const comment = (id, body) => json(`encounters/${id}/comments`, { body });
export const decide = (id, body, options) => json(`encounters/${id}/decisions`, { body, ...options });
export const report = (weeks) => json(`report?weeks=${weeks}`);
export const results = async (id, format) => (await ask(`v1/desk/encounters/${id}/results?format=${format}`,
  { accept: "*/*" })).text();
export const signOut = () => ask("v1/desk/session", { method: "DELETE" });

// A file as it is; of the encounter of this number, if the file names none. A document without a title gets its name.
export const sendFile = (file, number) => json("files", { file, method: "POST", headers: {
  "Document-Title": encodeURIComponent([...file.name].slice(0, 60).join("")),
  ...number && { "Encounter-Number": number } } });
