/* The question: sentences that suit the picture, the guard against a second question, and pasting a picture. */
import { button, el, scrollTo } from "./dom.js";
import { checkFields, clearError } from "./errors.js";
import { fileInput, hasPicture, promptField, writePrompt } from "./fields.js";
import { rememberQuestion, watchFields } from "./question.js";
import { isBusy, setBusy } from "./status.js";

let wantsFocus = false; // a gallery picture was asked for; the button may leave the page meanwhile

/* Sentences that suit the picture, each one click from the prompt, and a picture of the gallery to begin with. */
export const hints = (element, props, trigger, watch) => {
  const random = button(
    "Use a random gallery picture",
    () => {
      wantsFocus = true;
      trigger("any_picture");
    },
    { class: "mm-any" },
  );
  const list = el("ul", { class: "mm-hints", "aria-label": "Ways to say it" });
  const update = () => {
    list.replaceChildren(
      ...(props.value || []).map((text) =>
        el(
          "li",
          {},
          button(text, () => writePrompt(text)),
        ),
      ),
    );
    if (wantsFocus && hasPicture()) {
      wantsFocus = false;
      promptField()?.focus({ preventScroll: true });
    }
    if (hasPicture()) clearError("picture");
  };
  const skip = button("Skip to the results", skipToResults, { class: "mm-skip" });
  element.replaceChildren(skip, el("div", { class: "mm-suggestions" }, random, list));
  watch("value", update);
  update();
  listen();
};

/* A click on the button, or Enter in the prompt, asks; nothing else does. */
const asks = (event) =>
  event.type === "click"
    ? Boolean(event.target.closest?.("#mm-go"))
    : event.key === "Enter" && !event.shiftKey && event.target === promptField();

/* One question at a time, and only a whole one: anything else is stopped before Gradio hears of it. The page is busy at
   once, so that the second click of two finds it so. */
const guard = (event) => {
  if (!asks(event)) return;
  if (!isBusy() && checkFields()) {
    rememberQuestion();
    setBusy();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
};

const pastePicture = (event) => {
  const file = Array.from(event.clipboardData?.files || []).find((each) => each.type.startsWith("image/"));
  const input = fileInput();
  if (!file || !input) return; // text goes where the cursor is
  event.preventDefault();
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

/* The page has a base address, against which a plain link to a part of it would be read. */
const skipToResults = () => {
  const start = document.getElementById("mm-answer-start");
  start?.focus({ preventScroll: true });
  scrollTo(start);
};

const followSkipLink = (event) => {
  if (!event.target.closest?.("a.mm-skip")) return;
  event.preventDefault();
  skipToResults();
};

let listening = false;
const listen = () => {
  if (listening) return;
  listening = true;
  document.addEventListener("click", guard, true);
  document.addEventListener("keypress", guard, true);
  document.addEventListener("click", followSkipLink);
  document.addEventListener("paste", pastePicture);
  document.addEventListener("input", (event) => event.target === promptField() && clearError("text"), true);
  watchFields();
};
