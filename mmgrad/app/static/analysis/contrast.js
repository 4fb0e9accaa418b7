/* Why this and not that: the score of one result less that of another, explained at the reference and at both. */
import { legend } from "../display.js";
import { el, figure } from "../dom.js";
import { signed } from "../format.js";
import { createPanel } from "../panel.js";
import { wordChips } from "../words.js";
import { nameOf, resultChoice, waiting } from "./parts.js";

export const contrastTool = ({ value, followUp }) => {
  const first = resultChoice("Why", () => show());
  const second = resultChoice("and not", () => show());
  const place = el("div", {});
  let asked = null;

  const signedPanel = (shown, alt, map, scale) => {
    const panel = createPanel({ ...shown, alt, shape: 1, fixed: "signed" });
    panel.showMap({ ...map, empty: false }, scale); // evidence against is shown even where there is none for
    return panel;
  };
  const signedLegend = (scale, covers) => {
    const part = legend("signed");
    part.show(scale, covers);
    return part.element;
  };

  const draw = (answer) => {
    const { hits, reference, text } = value();
    const pair = [answer.first, answer.second].map((id) => hits.find((hit) => hit.id === id));
    const [one, other] = pair.map((hit) => hit.rank);
    const [high, low] = answer.scores;
    const own = { peak: answer.reference.reach, reach: answer.reference.reach };
    const shared = { peak: answer.targets_reach, reach: answer.targets_reach };
    const left = signedPanel(reference, "Your picture", answer.reference.map, own);
    const [here, there] = pair.map((hit, index) => signedPanel(hit, nameOf(hit), answer.targets[index], shared));
    place.replaceChildren(
      el(
        "p",
        {},
        `Score of result ${one}: ${high.toFixed(3)}; of result ${other}: ${low.toFixed(3)} (${signed(high - low)}). ` +
          `Orange words and areas favor result ${one}, blue ones favor result ${other}.`,
      ),
      el(
        "div",
        { class: "mm-sentence", role: "group", "aria-label": "Which words favor the first" },
        wordChips(text, answer.words),
      ),
      el(
        "div",
        { class: "mm-trio" },
        figure(`Your picture: orange for ${one}, blue for ${other}`, left, signedLegend(own, "in your picture")),
        figure(`Result ${one}: for and against your request`, here, signedLegend(shared, "in the two results")),
        figure(`Result ${other}: for and against your request`, there),
      ),
    );
  };

  const show = async () => {
    const pair = `${first.id}\n${second.id}`;
    if (pair === asked) return;
    asked = pair;
    if (first.id === second.id) {
      place.replaceChildren(el("p", { class: "mm-soft" }, "Choose two different results."));
      return;
    }
    const answer = await waiting(place, followUp("contrast", { first: first.id, second: second.id }));
    if (answer) draw(answer);
    else if (pair === asked) asked = null; // it may be asked again
  };

  const fill = (one, other) => {
    const { hits } = value();
    first.fill(hits, one ?? hits[0].id);
    second.fill(hits, other ?? hits[Math.min(1, hits.length - 1)].id);
  };

  return {
    element: el(
      "div",
      { class: "mm-tool-body" },
      el("div", { class: "mm-choices" }, first.element, second.element),
      place,
    ),
    ready: () => {
      if (!first.id) fill();
      show();
    },
    choose: (id) => {
      const [best, next] = value().hits;
      if (id === best.id) fill(id, next?.id);
      else fill(best.id, id);
      show();
    },
    reset: () => {
      asked = null;
      place.replaceChildren();
      if (value().hits) fill();
    },
  };
};
