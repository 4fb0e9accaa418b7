/* The steps of a visit: each answer that goes on from the one before, one click away. */
import { pictureName, severalGalleries } from "./config.js";
import { el } from "./dom.js";

/* Whether two questions are about the same picture and gallery, so that the ranks of their answers can be compared. */
export const comparable = (one, other) => one.picture === other.picture && one.gallery === other.gallery;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export const createHistory = ({ show }) => {
  const list = el("ol", {});
  const element = el("nav", { class: "mm-history", "aria-label": "Steps so far", hidden: true }, list);
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
            el("span", { dir: "auto" }, step.text, severalGalleries() ? ` · ${step.query.gallery}` : null),
          ),
        ),
      ),
    );
  };
  const back = (index) => {
    now = index;
    draw();
    const [last, current] = [steps[now - 1], steps[now]];
    show(current, last && comparable(last.query, current.query) ? last : null);
  };
  /* Whether a question goes on from the step that is shown: the same picture, or one of its results. */
  const follows = (query) => {
    const last = steps[now];
    if (!last) return false;
    const names = last.hits.map((hit) => pictureName(last.query, hit.id));
    return query.picture === last.query.picture || names.includes(query.picture);
  };

  return {
    element,
    /* Adds an answer; the answer to the question of the step that is shown takes its place. */
    add(value) {
      const kept = same(steps[now]?.query, value.query) ? now : now + 1;
      steps = follows(value.query) ? [...steps.slice(0, kept), value] : [value];
      now = steps.length - 1;
      draw();
    },
    /* For an answer on its way: the step that it will be compared with. */
    compared(query) {
      const last = steps[now];
      return last && comparable(last.query, query) ? last : null;
    },
  };
};
