/* The examples by kind of edit: pictures with their sentences and what to look at; a click opens the answer, which is
   ready for the first gallery, `props.gallery`, and is asked for in any other. */
mmgrad.strip = (element, props, trigger) => {
  const { el } = mmgrad;
  const examples = props.value || [];
  let opening = false; // one at a time: the answers to two quick clicks could come in either order
  let next = null;
  const open = (example) => {
    const { id, text } = example;
    const gallery = mmgrad.chosen() ?? props.gallery;
    if (gallery !== props.gallery) {
      trigger("reopen", { query: { picture: `example:${id}`, text, gallery } });
      return;
    }
    if (opening) {
      next = example;
      return;
    }
    opening = true;
    mmgrad.busy();
    trigger("pick_example", { id });
  };
  /* The example that was opened is shown, or refused. */
  mmgrad.opened = () => {
    const waiting = next;
    opening = false;
    next = null;
    mmgrad.rest();
    if (waiting) open(waiting);
  };
  const cards = examples.map((example) =>
    el(
      "button",
      {
        type: "button",
        class: "mm-example",
        "data-edit": example.edit,
        onclick: () => open(example),
      },
      el("img", { src: example.picture, alt: "" }),
      el("span", { class: "mm-edit" }, example.edit, example.fails ? el("span", { class: "mm-fails" }, "fails") : null),
      el("span", { class: "mm-try", dir: "auto" }, example.text),
      el("span", { class: "mm-tell" }, example.look_at),
    ),
  );
  const kinds = ["all", ...new Set(examples.map((example) => example.edit))];
  const choose = (kind) => {
    cards.forEach((card) => (card.hidden = kind !== "all" && card.dataset.edit !== kind));
    filters.forEach((each) => each.setAttribute("aria-pressed", String(each.textContent === kind)));
  };
  const filters = kinds.map((kind) => mmgrad.button(kind, () => choose(kind), { class: "mm-kind", "aria-pressed": String(kind === "all") }));
  element.replaceChildren(
    el("div", { class: "mm-bar" }, el("h2", {}, "Or open one of these"),
      el("div", { class: "mm-kinds", role: "group", "aria-label": "Kinds of edit" }, ...filters)),
    el("div", { class: "mm-strip", role: "group", "aria-label": "Examples" }, ...cards),
  );
};
