/* The fields of the question, which are Gradio's own parts. Their inner structure is named here and nowhere else. */

export const promptField = () => document.querySelector("#mm-text textarea, #mm-text input");
export const pictureField = () => document.getElementById("mm-picture");
export const fileInput = () => document.querySelector("#mm-picture input[type=file]");
export const hasPicture = () => Boolean(document.querySelector("#mm-picture img"));
export const askButton = () => document.getElementById("mm-go");

/* Write a sentence into the prompt as if it had been typed. */
export const writePrompt = (text) => {
  const field = promptField();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
};

export const focusPrompt = () => {
  promptField()?.focus({ preventScroll: true });
  promptField()?.select();
};
