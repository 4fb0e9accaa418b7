/* The results as a grid of cards. */
import { el } from "./dom.js";
import { createPanel } from "./panel.js";

/* What the gallery tells of a result, in a line. */
const metadata = ({ caption, id, license }) => [caption || id, license].filter(Boolean).join(" · ");

/* How a result's rank changed since an earlier answer about the same picture; null where it did not. */
export const rankChange = (hit, earlier) => {
  const was = earlier.find((each) => each.id === hit.id)?.rank;
  if (was === hit.rank) return null;
  if (was === undefined) return { mark: "new", spoken: "was not among the results" };
  return { mark: was > hit.rank ? `▲ ${was - hit.rank}` : `▼ ${hit.rank - was}`, spoken: `was ${was}` };
};

export const createGrid = ({ open }) => {
  const element = el("ol", { class: "mm-grid" });
  let panels = [];

  const changed = (hit, before) => {
    const change = before && rankChange(hit, before.hits);
    return change && el("span", { class: "mm-rank-change", title: `before: ${change.spoken}` }, change.mark);
  };

  const card = (hit, index, before) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "mm-hit", title: metadata(hit), onclick: () => open(index) },
        panels[index].element,
        el(
          "span",
          { class: "mm-caption" },
          el("b", {}, String(hit.rank)),
          changed(hit, before),
          el("span", { class: "mm-score", title: "match score (cosine similarity)" }, hit.score.toFixed(3)),
          el("span", { class: "mm-title", dir: "auto" }, hit.caption || hit.id),
        ),
      ),
    );

  return {
    element,
    /* Placeholders for the results on their way. */
    wait(count) {
      panels = [];
      const place = () => el("li", { class: "mm-placeholder", "aria-hidden": "true" });
      element.replaceChildren(...Array.from({ length: count }, place));
    },
    /* `before` is an earlier answer about the same picture, to show what moved. */
    draw(hits, before) {
      panels = hits.map((hit) => createPanel({ ...hit, alt: "", shape: 1 })); // the caption beside it is read
      element.replaceChildren(...hits.map((hit, index) => card(hit, index, before)));
    },
    showMaps: (map, scale) => panels.forEach((each, index) => each.showMap(map(index), scale)),
    mark: (indexes) =>
      Array.from(element.children).forEach((each, index) =>
        each.classList.toggle("mm-responds", indexes.includes(index)),
      ),
  };
};
