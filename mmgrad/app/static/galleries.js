/* The choice among several galleries. */
import { el } from "./dom.js";
import { pictures } from "./format.js";

/* The gallery that is chosen now; undefined where there is only one. */
export const chosenGallery = () => document.querySelector("#mm-gallery select")?.value;

export const gallery = (element, props, _trigger, watch) => {
  const select = el(
    "select",
    {
      onchange: () => {
        props.value = select.value;
      },
    },
    ...props.choices.map(([name, count]) => el("option", { value: name }, `${name} (${pictures(count)})`)),
  );
  const update = () => {
    select.value = props.value;
  };
  element.replaceChildren(el("label", { class: "mm-choice" }, "Search in", select));
  watch("value", update);
  update();
};
