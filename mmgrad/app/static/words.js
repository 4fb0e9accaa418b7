/* A text as it was written, its words as chips colored by their weight. Offsets count code points, as Python does. */
import { el } from "./dom.js";
import { signed } from "./format.js";

/* The word that a part of a text is. */
export const wordOf = (text, { start, end }) => Array.from(text).slice(start, end).join("");

/* `words` have start, end, weight and tone from -1 to 1; `onclick(index)` makes buttons of them. */
export const wordChips = (text, words, onclick = null) => {
  const letters = Array.from(text);
  const parts = [];
  let done = 0;
  words.forEach((each, index) => {
    parts.push(letters.slice(done, each.start).join(""));
    const attributes = {
      class: each.weight < 0 ? "mm-word mm-against" : "mm-word",
      style: { "--tone": String(Math.abs(each.tone)) },
      title: `weight ${signed(each.weight)}`,
    };
    const action = { type: "button", "data-word": String(index), onclick: () => onclick(index) };
    parts.push(
      onclick
        ? el("button", { ...action, ...attributes }, wordOf(text, each))
        : el("span", attributes, wordOf(text, each)),
    );
    done = each.end;
  });
  parts.push(letters.slice(done).join(""));
  return el("span", { class: "mm-text", dir: "auto" }, ...parts);
};
