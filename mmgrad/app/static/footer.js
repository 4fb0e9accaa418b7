/* What the page runs on. */
import { el } from "./dom.js";
import { pictures } from "./format.js";

export const footer = (element, props) => {
  const { version, model, galleries, license } = props.value;
  const named = galleries.map(([name, count]) => `${pictures(count)} in “${name}”`).join(", ");
  element.replaceChildren(el("p", {}, `mmgrad ${version} · model ${model} · ${named} · ${license}`));
};
