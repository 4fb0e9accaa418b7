/* The occlusion check: hide what the map marks in a result, hide areas of the same size elsewhere, and compare. */
import { button, el } from "../dom.js";
import { percent, signed } from "../format.js";
import { resultChoice, waiting } from "./parts.js";

/* What the check says, in words. */
export const verdict = ({ whole, marked, share, places, cost, cost_elsewhere: other, rank_elsewhere: rank }) => {
  if (other === null) return "The marked area leaves no room to hide an area of the same size elsewhere.";
  const told =
    `Hiding the marked ${percent(share)} of the picture changes the score by ${signed(-cost)} and the rank from ` +
    `${whole.rank} to ${marked.rank}. Hiding the same area in ${places} other places: ${signed(-other)} on average, ` +
    `median rank ${rank}.`;
  return cost > other
    ? `${told} Hiding the marked area mattered more: the map holds.`
    : `${told} Hiding it mattered no more than hiding other areas: do not trust this map.`;
};

export const occlusionTool = ({ value, followUp }) => {
  const result = resultChoice("In", () => place.replaceChildren());
  const place = el("div", {});

  const card = (title, { picture, score, rank }, whole) =>
    el(
      "figure",
      { class: "mm-figure" },
      el("figcaption", {}, title),
      el("div", { class: "mm-cover" }, el("img", { src: picture, alt: title })),
      el(
        "div",
        { class: "mm-gauge", "aria-hidden": "true" },
        el("span", { style: { "--share": String(Math.max(0, score)) } }),
      ),
      el("p", {}, el("b", {}, `score ${score.toFixed(3)}`), whole ? ` (${signed(score - whole.score)})` : ""),
      el("p", {}, el("b", {}, `rank ${rank}`), whole && rank !== whole.rank ? ` (was ${whole.rank})` : ""),
    );

  const draw = (answer) => {
    const { whole, marked, elsewhere } = answer;
    place.replaceChildren(
      el("p", { class: "mm-verdict", role: "status" }, verdict(answer)),
      el(
        "div",
        { class: "mm-cards" },
        card("As it is", whole),
        card("Marked area hidden", marked, whole),
        ...elsewhere.map((each) => card("Same-size area hidden elsewhere", each, whole)),
      ),
    );
  };

  const run = async () => {
    const answer = await waiting(place, followUp("check", { id: result.id }));
    if (answer) draw(answer);
  };

  const fill = (id) => {
    const { hits } = value();
    const lit = hits.filter((hit) => !hit.map.empty);
    result.fill(lit.length ? lit : hits, id ?? (lit[0] ?? hits[0]).id);
  };

  return {
    element: el(
      "div",
      { class: "mm-tool-body" },
      el(
        "div",
        { class: "mm-choices" },
        result.element,
        button("Hide and rank again", run, { class: "mm-plain mm-run" }),
      ),
      place,
    ),
    ready: () => result.id || fill(),
    choose: (id) => {
      fill(id);
      result.id = id;
      run();
    },
    reset: () => {
      place.replaceChildren();
      if (value().hits) fill();
    },
  };
};
