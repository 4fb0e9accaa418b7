/* Errors stand at the field that they are about, and the field says that it is invalid. */
import { el } from "./dom.js";
import { hasPicture, pictureField, promptField } from "./fields.js";

const NO_PICTURE = "There is no picture yet. Upload one, paste one, or use a random gallery picture.";
const NO_TEXT = "The text is empty. Say in words what should be different.";
const BAD_PICTURE = "This file cannot be used as a picture.";

const holder = (name) => document.getElementById(name === "picture" ? "mm-picture" : "mm-text");
const control = (name) => (name === "picture" ? pictureField() : promptField());

export const showError = (name, message) => {
  clearError(name);
  const id = `mm-error-${name}`;
  holder(name).append(el("p", { class: "mm-error", id, role: "alert" }, message));
  control(name).setAttribute("aria-invalid", "true");
  control(name).setAttribute("aria-describedby", id);
};

export const clearError = (name) => {
  document.getElementById(`mm-error-${name}`)?.remove();
  control(name)?.removeAttribute("aria-invalid");
  control(name)?.removeAttribute("aria-describedby");
};

export const badPicture = () => showError("picture", BAD_PICTURE);

/* Which field keeps the question from being asked, and why; null where none does. */
export const missing = (picture, text) => {
  if (!picture) return ["picture", NO_PICTURE];
  return text.trim() ? null : ["text", NO_TEXT];
};

/* Whether the question can be asked; shows what is missing at its field otherwise. */
export const checkFields = () => {
  clearError("picture");
  clearError("text");
  const problem = missing(hasPicture(), promptField()?.value ?? "");
  if (!problem) return true;
  showError(...problem);
  if (problem[0] === "text") promptField().focus();
  else pictureField().querySelector("button")?.focus();
  return false;
};
