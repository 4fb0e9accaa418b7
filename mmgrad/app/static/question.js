/* Whether the answer that is shown still belongs to the picture and the text in the fields. */
import { promptField } from "./fields.js";

const SETTLES = 1500; // milliseconds in which the field's picture follows one that the server set

let shown = null; // { text, picture } that the shown answer belongs to
let sent = null; // the same of a question on its way
let adopting = false; // the server is about to set the fields
let timer = 0;
const listeners = new Set();

const fields = () => ({
  text: promptField()?.value.trim() ?? "",
  picture: document.querySelector("#mm-picture img")?.getAttribute("src") ?? null,
});

/* `listener(change)` is called with "text", "picture" or null. */
export const onStale = (listener) => listeners.add(listener);

/* What has changed since the shown answer was asked for. */
export const staleness = (answered, now) => {
  if (!answered) return null;
  if (answered.picture !== now.picture) return "picture";
  return answered.text === now.text ? null : "text";
};

const check = () => {
  const now = fields();
  if (adopting) shown = now;
  const change = staleness(shown, now);
  for (const listener of listeners) listener(change);
};

/* The question in the fields is on its way. */
export const rememberQuestion = () => {
  sent = fields();
};

/* The first part of the answer to the question that was sent is shown. */
export const questionAnswered = () => {
  if (sent) shown = sent;
  sent = null;
  check();
};

/* The answer that is shown belongs to no question of the visitor's own. */
export const forgetQuestion = () => {
  shown = sent = null;
  adopting = false;
  check();
};

/* The server sets the fields to the question of the shown answer. */
export const adoptFields = () => {
  sent = null;
  adopting = true;
  clearTimeout(timer);
  timer = setTimeout(() => {
    adopting = false;
  }, SETTLES);
  check();
};

/* Watch the fields; called once, when they are there. */
export const watchFields = () => {
  const typed = (event) => {
    if (event.target !== promptField()) return;
    adopting = false; // the server sets the prompt without an event
    check();
  };
  document.addEventListener("input", typed, true);
  const field = document.getElementById("mm-ask");
  if (field) new MutationObserver(check).observe(field, { subtree: true, childList: true, attributeFilter: ["src"] });
};
