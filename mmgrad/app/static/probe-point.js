/* A point of the reference: which words and which results depend on it. Tapped, or reached with the arrow keys. */
import { el } from "./dom.js";
import { list, percent } from "./format.js";
import { positiveValues, valueAt } from "./interpolation.js";
import { wordOf } from "./words.js";

const HINT = "Tap a spot in your picture to see which words and which results depend on it.";
const FAINT = 0.1; // shares of the strongest below this one are not told
const MOST = 3;

const strongest = (pairs) =>
  pairs
    .filter(([, share]) => share > FAINT)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST);

/* The sentence about a point. `words` are [word, share] pairs; `ranks` is null where the results are not known. */
export const probeText = (words, ranks, waiting = false) => {
  const names = words.map(([word, share]) => `${word} (${percent(share)} of the strongest word)`);
  const parts = [];
  if (names.length) parts.push(`Active here: ${names.join(", ")}.`);
  if (ranks?.length) parts.push(`Matters most for result${ranks.length > 1 ? "s" : ""} ${list(ranks)}.`);
  else if (ranks && !names.length) return "Neither your words nor the results depend on this spot.";
  else if (ranks) parts.push("No result depends on this spot.");
  else if (!names.length) parts.push("No word is active here.");
  if (waiting) parts.push("Asking the results…");
  return parts.join(" ");
};

export const createProbe = ({ value, followUp, mark }) => {
  const pin = el("span", { class: "mm-pin", "aria-hidden": "true" });
  const told = el("p", { class: "mm-probe", role: "status" }, HINT);
  let at = null;
  let responses = null; // a map for each result, once they were asked for
  let asking = false;
  let panel = null;

  const tell = () => {
    const { words, word_scale: scale, reference, text } = value();
    const read = (map) => valueAt(positiveValues(map), map.shape, reference.box, ...at);
    const active = strongest(words.map((each) => [each, read(each.reference) / (scale.reference.peak || 1)]));
    const named = active.map(([each, share]) => [wordOf(text, each), Math.min(1, share)]);
    let ranks = null;
    if (responses) {
      const found = strongest(responses.maps.map((map, index) => [index, read(map) / (responses.reach || 1)]));
      mark(found.map(([index]) => index));
      ranks = found.map(([index]) => value().hits[index].rank);
    }
    told.textContent = probeText(named, ranks, asking && !responses);
  };

  const go = async (x, y) => {
    if (!value()?.words) return;
    at = [x, y];
    pin.style.left = `${100 * x}%`;
    pin.style.top = `${100 * y}%`;
    panel.fit.append(pin);
    const first = !responses && !asking; // the results answer for every point, so once is enough
    asking = asking || first;
    tell();
    if (!first) return;
    const asked = panel;
    const answer = await followUp("responses", { ids: value().hits.map((hit) => hit.id) });
    if (panel !== asked) return; // another answer is shown by now
    asking = false;
    responses = answer;
    tell();
  };

  /* One cell of the map, as shares of the picture's sides. */
  const cell = () => {
    const { box, map } = value().reference;
    const [, , height, width, size] = box;
    return [size / map.shape[1] / width, size / map.shape[0] / height];
  };
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  return {
    element: told,
    /* Listen to the reference's panel, which is another one for every answer. */
    listenTo(reference) {
      panel = reference;
      at = null;
      responses = null;
      asking = false;
      told.textContent = HINT;
      panel.fit.addEventListener("click", (event) => go(...panel.point(event)));
      panel.fit.tabIndex = 0;
      panel.fit.setAttribute("role", "group");
      panel.fit.setAttribute(
        "aria-label",
        "Your picture. Arrow keys move a point over it and tell what depends on it.",
      );
      panel.fit.addEventListener("keydown", (event) => {
        const move = MOVES[event.key];
        if (!move) return;
        event.preventDefault();
        const [across, down] = cell();
        const [x, y] = at ?? [0.5, 0.5];
        go(...[x + move[0] * across, y + move[1] * down].map((each) => Math.min(Math.max(each, 0), 1)));
      });
    },
  };
};
