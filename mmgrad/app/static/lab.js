/* Three closer questions, each behind its own heading. Each tool has `element`, `reset()` for another answer, and
   `open(...)` to be sent to from elsewhere. */
mmgrad.lab = (context) => {
  const { el } = mmgrad;
  const tools = {};
  const section = (name, title, about) => {
    const tool = mmgrad[name](context);
    const element = el(
      "details",
      { class: "mm-tool", name: "mm-lab", ontoggle: () => element.open && tool.ready() },
      el("summary", {}, el("span", { class: "mm-question" }, title), el("span", { class: "mm-soft" }, about)),
      tool.element,
    );
    tools[name] = {
      reset: () => {
        element.open = false;
        tool.reset();
      },
      open: (...at) => {
        element.open = true;
        tool.choose(...at);
        mmgrad.scrollTo(element);
      },
    };
    return element;
  };
  const element = el(
    "section",
    { class: "mm-lab", "aria-label": "Closer questions", hidden: true },
    el("h2", {}, "Ask why"),
    section("labContrast", "Why this and not that?", "Two results, and what sets one before the other."),
    section("labBlind", "Does it read the text?", "The same pictures, explained with the text and without it."),
    section("labCheck", "Is the map true?", "Cover what it marks and rank again; cover as much elsewhere."),
  );
  return {
    element,
    tools,
    reset: () => Object.values(tools).forEach((tool) => tool.reset()),
  };
};

/* A choice of one result. */
mmgrad.resultChoice = (label, onchange) => {
  const { el } = mmgrad;
  const select = el("select", { onchange });
  return {
    element: el("label", { class: "mm-choice" }, label, select),
    fill: (hits, id) => {
      select.replaceChildren(
        ...hits.map((hit) => el("option", { value: hit.id }, `${hit.rank}  ${hit.caption || hit.id}`)),
      );
      select.value = id;
    },
    get id() {
      return select.value;
    },
    set id(id) {
      select.value = id;
    },
  };
};

/* A panel with a line above it. */
mmgrad.figure = (title, panel, ...below) =>
  mmgrad.el("figure", { class: "mm-figure" }, mmgrad.el("figcaption", {}, title), panel.element, ...below);

/* What a tool shows while it waits. Resolves to the answer, or to null where none came or the place was put to another
   use meanwhile. */
mmgrad.waiting = async (place, question) => {
  const sign = mmgrad.el("p", { class: "mm-soft", role: "status" }, "Working…");
  place.replaceChildren(sign);
  const answer = await question;
  if (sign.parentElement !== place) return null;
  sign.remove();
  return answer;
};
