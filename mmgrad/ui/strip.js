/* The examples: a row of pictures with their sentences; a click asks. */
mmgrad.strip = (element, props, trigger) => {
  const { el } = mmgrad;
  const examples = props.value || [];
  const cards = examples.map((example) =>
    el(
      "button",
      {
        type: "button",
        class: "mm-example",
        title: example.look_at,
        onclick: () => {
          mmgrad.busy(example.look_at);
          trigger("pick_example", { id: example.id });
        },
      },
      el("img", { src: example.picture, alt: "" }),
      el("span", { class: "mm-edit" }, example.edit),
      el("span", { class: "mm-try", dir: "auto" }, example.text),
    ),
  );
  element.replaceChildren(
    el("h2", {}, "Or try one of these"),
    el("div", { class: "mm-strip", role: "group", "aria-label": "Examples" }, ...cards),
  );
};
