/* What the gallery says of a result, in a line. */
mmgrad.said = ({ caption, id, licence }) => [caption || id, licence].filter(Boolean).join(" · ");

/* The results as a grid of cards. */
mmgrad.grid = ({ open }) => {
  const { el, panel } = mmgrad;
  const element = el("ol", { class: "mm-grid" });
  let panels = [];

  const moved = (hit, before) => {
    if (!before) return null;
    const was = before.hits.find((each) => each.id === hit.id)?.rank;
    if (was === hit.rank) return null;
    const words = was === undefined ? "new" : was > hit.rank ? `▲ ${was - hit.rank}` : `▼ ${hit.rank - was}`;
    const spoken = was === undefined ? "was not among the results" : `was ${was}`;
    return el("span", { class: "mm-moved", title: `before: ${spoken}` }, words);
  };

  const card = (hit, index, before) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "mm-hit", title: mmgrad.said(hit), onclick: () => open(index) },
        panels[index].element,
        el(
          "span",
          { class: "mm-caption" },
          el("b", {}, String(hit.rank)),
          moved(hit, before),
          el("span", { class: "mm-score", title: "cosine similarity" }, hit.score.toFixed(3)),
          el("span", { class: "mm-title", dir: "auto" }, hit.caption || hit.id),
        ),
      ),
    );

  return {
    element,
    wait(count) {
      panels = [];
      element.replaceChildren(...Array.from({ length: count }, () => el("li", { class: "mm-wait", "aria-hidden": "true" })));
    },
    /* `before` is an earlier answer about the same picture, to show what moved. */
    draw(hits, before) {
      panels = hits.map((hit) => panel({ ...hit, alt: hit.caption || `Result ${hit.rank}`, shape: 1 }));
      element.replaceChildren(...hits.map((hit, index) => card(hit, index, before)));
    },
    light: (map, scale) => panels.forEach((each, index) => each.light(map(index), scale)),
    mark: (indexes) =>
      Array.from(element.children).forEach((each, index) => each.classList.toggle("mm-answers", indexes.includes(index))),
  };
};
