/* One result, large: its map, what is known of it, and the way on from it. */
mmgrad.detail = ({ parent, hits, heat, scale, legend, choose }) => {
  const { el, panel } = mmgrad;
  let index = null;
  let shown = null;
  const picture = el("div", { class: "mm-large" });
  const facts = el("div", { class: "mm-facts" });
  const bar = mmgrad.legend(legend, "");
  const step = (by) => open((index + by + hits().length) % hits().length);
  const dialog = el(
    "dialog",
    {
      class: "mm-dialog",
      "aria-label": "A result",
      onclose: () => (index = null),
      onclick: (event) => event.target === dialog && dialog.close(), // beside the box
      onkeydown: (event) => {
        if (event.key === "ArrowLeft") step(-1);
        if (event.key === "ArrowRight") step(1);
      },
    },
    el(
      "div",
      { class: "mm-box" },
      el("div", {}, picture, bar.element, mmgrad.opacity()),
      el(
        "div",
        { class: "mm-side" },
        facts,
        el("button", { type: "button", class: "mm-next", onclick: () => choose(hits()[index].id) }, "Use as next reference"),
        el(
          "div",
          { class: "mm-steps" },
          el("button", { type: "button", onclick: () => step(-1) }, "← Previous"),
          el("button", { type: "button", onclick: () => step(1) }, "Next →"),
          el("button", { type: "button", class: "mm-close", onclick: () => dialog.close() }, "Close"),
        ),
      ),
    ),
  );
  parent.append(dialog);

  const fact = (name, content) => [el("dt", {}, name), el("dd", {}, content)];

  const open = (at) => {
    index = at;
    const hit = hits()[index];
    shown = panel({ ...hit, alt: hit.caption || `Result ${hit.rank}`, shape: null });
    shown.element.style.setProperty("--aspect", String(hit.width / hit.height));
    picture.replaceChildren(shown.element);
    const link = hit.link && el("a", { href: hit.link, rel: "noopener noreferrer", target: "_blank" }, hit.link);
    facts.replaceChildren(
      el("h2", {}, hit.caption || hit.id),
      el(
        "dl",
        {},
        ...fact("Rank", `${hit.rank} of ${hits().length} shown`),
        ...fact("Score", `${hit.score.toFixed(4)} (cosine similarity)`),
        ...fact("Picture", hit.id),
        ...fact("Licence", hit.licence || "not stated"),
        ...(link ? fact("Source", link) : []),
      ),
    );
    refresh();
    if (!dialog.open) dialog.showModal();
  };
  const refresh = () => {
    if (index === null) return;
    shown.light(heat(index));
    bar.name(scale());
  };
  return { open, refresh, close: () => dialog.open && dialog.close() };
};
