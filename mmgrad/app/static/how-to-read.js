/* How to read an answer, beside it; it can be folded away. */
import { el } from "./dom.js";

const POINTS = [
  "Left: the part of your picture that your words change. Right: where that change appears in each result.",
  "All results share one scale: the same color is the same evidence. Hover or tap for the value.",
  "“No evidence” is an answer: an addition has nothing to mark in your picture, a removal nothing in a result.",
  "Click a word, a spot in your picture, or a result.",
];

export const howToRead = () =>
  el(
    "details",
    { class: "mm-how" },
    el("summary", {}, "How to read this"),
    el("ul", {}, ...POINTS.map((point) => el("li", {}, point))),
  );
