/* One result, large: its map, the reference before it, what is known of it, and the ways on from it. */
mmgrad.detail = ({ parent, value, map, scale, choose, contrast, check }) => {
  const { el, panel, button } = mmgrad;
  let index = null;
  let shown = null;
  const picture = el("div", { class: "mm-large" });
  const facts = el("div", { class: "mm-facts" });
  const bar = mmgrad.legend();
  const cut = el("input", { type: "range", min: "0", max: "100", value: "0", oninput: () => slide() });
  const slide = () => picture.style.setProperty("--cut", `${100 - cut.value}%`);
  const hits = () => value().hits;
  const step = (by) => open((index + by + hits().length) % hits().length);
  const leave = (way) => () => {
    const { id } = hits()[index];
    dialog.close();
    way(id);
  };
  const dialog = el(
    "dialog",
    {
      class: "mm-dialog",
      "aria-label": "A result",
      onclose: () => (index = null),
      onclick: (event) => event.target === dialog && dialog.close(), // beside the box
      onkeydown: (event) => {
        if (event.target === cut) return; // there the arrows move the slider
        if (event.key === "ArrowLeft") step(-1);
        if (event.key === "ArrowRight") step(1);
      },
    },
    el(
      "div",
      { class: "mm-box" },
      el("div", {}, picture, el("label", { class: "mm-opacity" }, "After", cut, "Before"), bar.element),
      el(
        "div",
        { class: "mm-side" },
        facts,
        button("Use as next reference", leave(choose), { class: "mm-next" }),
        button("Why this and not another?", leave(contrast), { class: "mm-plain" }),
        button("Cover the region and rank again", leave(check), { class: "mm-plain" }),
        el(
          "div",
          { class: "mm-steps" },
          button("← Previous", () => step(-1), { class: "mm-plain" }),
          button("Next →", () => step(1), { class: "mm-plain", autofocus: true }),
          button("Close", () => dialog.close(), { class: "mm-plain mm-close" }),
        ),
      ),
    ),
  );
  parent.append(dialog);

  const fact = (name, content) => [el("dt", {}, name), el("dd", {}, content)];

  const open = (at) => {
    index = at;
    const hit = hits()[index];
    shown = panel({ ...hit, alt: hit.caption || `Result ${hit.rank}` });
    shown.element.style.setProperty("--aspect", String(hit.width / hit.height));
    shown.element.append(el("img", { class: "mm-before", src: value().reference.picture, alt: "" }));
    picture.replaceChildren(shown.element);
    cut.value = 0;
    slide();
    const link = hit.link && el("a", { href: hit.link, rel: "noopener noreferrer", target: "_blank", dir: "ltr" }, hit.link);
    facts.replaceChildren(
      el("h2", { dir: "auto" }, hit.caption || hit.id),
      el(
        "dl",
        {},
        ...fact("Rank", `${hit.rank} of ${hits().length} shown`),
        ...fact("Score", `${hit.score.toFixed(4)} (cosine similarity)`),
        ...fact("Picture", el("span", { dir: "auto" }, hit.id)),
        ...(mmgrad.galleries.length > 1 ? fact("Gallery", value().query.gallery) : []),
        ...fact("Licence", el("span", { dir: "auto" }, hit.licence || "not stated")),
        ...(link ? fact("Source", link) : []),
      ),
    );
    refresh();
    if (!dialog.open) dialog.showModal();
  };
  const refresh = () => {
    if (index === null) return;
    shown.light(map(index), scale());
    bar.name(scale());
  };
  return { open, refresh, close: () => dialog.open && dialog.close() };
};
