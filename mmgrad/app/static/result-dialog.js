/* One result, large: its map, the reference beneath a slider, what is known of it, and what can be done with it. */
import { severalGalleries } from "./config.js";
import { legend } from "./display.js";
import { button, el } from "./dom.js";
import { createPanel } from "./panel.js";

export const createDialog = ({ parent, value, map, scale, covers, choose, contrast, check }) => {
  let index = null;
  let shown = null;
  const picture = el("div", { class: "mm-large" });
  const facts = el("div", { class: "mm-facts" });
  const bar = legend();
  const slider = el("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "0",
    "aria-label": "How much of your picture covers the result",
    oninput: () => slide(),
  });
  /* Your picture lies left of the slider's handle, the result right of it. */
  const slide = () => picture.style.setProperty("--cut", `${100 - slider.value}%`);
  const hits = () => value().hits;
  const step = (by) => open((index + by + hits().length) % hits().length);
  const leaveWith = (action) => () => {
    const { id } = hits()[index];
    dialog.close();
    action(id);
  };
  const dialog = el(
    "dialog",
    {
      class: "mm-dialog",
      "aria-label": "A result",
      onclose: () => {
        index = null;
      },
      onclick: (event) => event.target === dialog && dialog.close(), // beside the box
      onkeydown: (event) => {
        if (event.target === slider) return; // there the arrows move the slider
        if (event.key === "ArrowLeft") step(-1);
        if (event.key === "ArrowRight") step(1);
      },
    },
    el(
      "div",
      { class: "mm-box" },
      el(
        "div",
        {},
        picture,
        el("div", { class: "mm-opacity" }, el("span", {}, "Your picture"), slider, el("span", {}, "Result")),
        bar.element,
      ),
      el(
        "div",
        { class: "mm-side" },
        facts,
        button("Use as next reference", leaveWith(choose), { class: "mm-next" }),
        button("Why this and not another?", leaveWith(contrast), { class: "mm-plain" }),
        button("Hide the marked area and rank again", leaveWith(check), { class: "mm-plain" }),
        el(
          "div",
          { class: "mm-steps" },
          button("← Previous", () => step(-1), { class: "mm-plain" }),
          button("Next →", () => step(1), { class: "mm-plain" }),
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
    shown = createPanel({ ...hit, alt: hit.caption || `Result ${hit.rank}` });
    shown.element.style.setProperty("--aspect", String(hit.width / hit.height));
    shown.element.append(el("img", { class: "mm-before", src: value().reference.picture, alt: "" }));
    picture.replaceChildren(shown.element);
    slider.value = 0;
    slide();
    const link =
      hit.link && el("a", { href: hit.link, rel: "noopener noreferrer", target: "_blank", dir: "ltr" }, hit.link);
    facts.replaceChildren(
      el("h2", { dir: "auto", tabindex: "-1" }, hit.caption || hit.id),
      el(
        "dl",
        {},
        ...fact("Rank", `${hit.rank} of ${hits().length} shown`),
        ...fact("Match score", `${hit.score.toFixed(4)} (cosine similarity)`),
        ...fact("Picture", el("span", { dir: "auto" }, hit.id)),
        ...(severalGalleries() ? fact("Gallery", value().query.gallery) : []),
        ...fact("License", el("span", { dir: "auto" }, hit.license || "not stated")),
        ...(link ? fact("Source", link) : []),
      ),
    );
    refresh();
    if (dialog.open) return;
    dialog.showModal();
    dialog.scrollTop = 0; // the picture first, on the smallest window too
    facts.querySelector("h2").focus({ preventScroll: true });
  };
  const refresh = () => {
    if (index === null) return;
    shown.showMap(map(index), scale());
    bar.show(scale(), covers());
  };
  return { open, refresh, close: () => dialog.open && dialog.close() };
};
