/* What the analyses share. */
import { el } from "../dom.js";

/* A choice of one result. */
export const resultChoice = (label, onchange) => {
  const select = el("select", { onchange });
  return {
    element: el("label", { class: "mm-choice" }, label, select),
    fill: (hits, id) => {
      const option = (hit) => el("option", { value: hit.id }, `${hit.rank}  ${hit.caption || hit.id}`);
      select.replaceChildren(...hits.map(option));
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

/* Show "Working…" until the answer comes. Resolves to it, or to null where none came or the place serves another
   question by then. */
export const waiting = async (place, question) => {
  const sign = el("p", { class: "mm-soft", role: "status" }, "Working…");
  place.replaceChildren(sign);
  const answer = await question;
  if (sign.parentElement !== place) return null;
  sign.remove();
  return answer;
};

export const nameOf = (hit) => hit.caption || `Result ${hit.rank}`;
