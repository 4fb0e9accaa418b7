/* The steps of a visit: each answer that goes on from the one before, one click away. */
mmgrad.trail = ({ show }) => {
  const { el, button } = mmgrad;
  const list = el("ol", {});
  const element = el("nav", { class: "mm-trail", "aria-label": "Steps so far", hidden: true }, list);
  let steps = [];
  let now = -1;

  const draw = () => {
    element.hidden = steps.length < 2;
    list.replaceChildren(
      ...steps.map((step, index) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", "aria-current": index === now ? "step" : null, onclick: () => back(index) },
            el("img", { src: step.reference.picture, alt: "" }),
            el("span", { dir: "auto" }, step.text, mmgrad.galleries.length > 1 ? ` · ${step.query.gallery}` : null),
          ),
        ),
      ),
    );
  };
  const back = (index) => {
    now = index;
    draw();
    show(steps[index], before());
  };
  /* Whether two questions are of the same picture and gallery, so that what moved between their answers can be told. */
  const alike = (one, other) => one.picture === other.picture && one.gallery === other.gallery;
  /* The step before, where it asked something else of the same. */
  const before = () => {
    const [last, current] = [steps[now - 1], steps[now]];
    return last && alike(last.query, current.query) ? last : null;
  };

  return {
    element,
    /* Whether a question goes on from the step that is shown: the same picture, or one of its results. */
    follows(query) {
      const last = steps[now];
      return Boolean(last) && (query.picture === last.query.picture || last.hits.some((hit) => mmgrad.pictureOf(last.query, hit.id) === query.picture));
    },
    add(value) {
      steps = this.follows(value.query) ? steps.slice(0, now + 1).concat([value]) : [value];
      now = steps.length - 1;
      draw();
    },
    /* For an answer on its way: the step it will be compared with. */
    compared(query) {
      const last = steps[now];
      return last && alike(last.query, query) ? last : null;
    },
  };
};
