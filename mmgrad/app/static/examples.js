/* The examples by kind of edit: pictures with their sentences and what to look at. A click opens the answer, which is
   ready for the example's own gallery or else the first one, `props.gallery`, and is asked for in any other. */
import { button, el } from "./dom.js";
import { chosenGallery } from "./galleries.js";
import { readLink } from "./link.js";
import { adoptFields } from "./question.js";
import { setBusy, setIdle } from "./status.js";

let opening = false; // one at a time: the answers to two quick clicks could come in either order
let next = null;
let openNow = () => {};

/* The example that was opened is shown, or refused. */
export const exampleOpened = () => {
  const waiting = next;
  opening = false;
  next = null;
  setIdle();
  adoptFields();
  if (waiting) openNow(waiting);
};

const card = (example, open) =>
  el(
    "button",
    {
      type: "button",
      class: "mm-example",
      title: example.look_at,
      "data-edit": example.edit,
      onclick: () => open(example),
    },
    el("img", { src: example.picture, alt: "", loading: "lazy", decoding: "async" }),
    el("span", { class: "mm-edit" }, example.edit, example.fails ? el("span", { class: "mm-fails" }, "fails") : null),
    el("span", { class: "mm-try", dir: "auto" }, example.text),
  );

export const examples = (element, props, trigger) => {
  const all = props.value || [];
  openNow = (example) => {
    const { id, text } = example;
    const gallery = chosenGallery() ?? props.gallery;
    if (!example.gallery && gallery !== props.gallery) {
      trigger("reopen", { query: { picture: `example:${id}`, text, gallery } });
      return;
    }
    if (opening) {
      next = example;
      return;
    }
    opening = true;
    setBusy();
    trigger("pick_example", { id });
  };
  const cards = all.map((example) => card(example, (each) => openNow(each)));
  const kinds = ["all", ...new Set(all.map((example) => example.edit))];
  const choose = (kind) => {
    for (const each of cards) each.hidden = kind !== "all" && each.dataset.edit !== kind;
    for (const each of filters) each.setAttribute("aria-pressed", String(each.textContent === kind));
  };
  const filters = kinds.map((kind) =>
    button(kind, () => choose(kind), { class: "mm-kind", "aria-pressed": String(kind === "all") }),
  );
  element.replaceChildren(
    el(
      "div",
      { class: "mm-bar" },
      el("h2", {}, "Or try an example"),
      el("div", { class: "mm-kinds", role: "group", "aria-label": "Kinds of edit" }, ...filters),
    ),
    ...[...new Set(all.map((example) => example.group))].flatMap((group) => [
      group ? el("h3", { class: "mm-group" }, group) : "",
      el(
        "div",
        { class: "mm-example-list", role: "group", "aria-label": group || "Examples" },
        ...cards.filter((_, index) => all[index].group === group),
      ),
    ]),
  );
  const first = all[0];
  if (first && !readLink(location.search)) requestAnimationFrame(() => trigger("open_first", { id: first.id }));
};
