/* The same pictures explained with the text and without it, side by side. */
import { legend } from "../display.js";
import { el, figure } from "../dom.js";
import { createPanel } from "../panel.js";
import { nameOf, waiting } from "./parts.js";

const SHOWN = 3; // results beside the reference

export const gradcamTool = ({ value, followUp }) => {
  const place = el("div", {});

  const heatPanel = (shown, alt, map, scale) => {
    const panel = createPanel({ ...shown, alt, shape: 1, fixed: "heat" });
    panel.showMap(map, scale);
    return panel;
  };
  const heatLegend = (scale, covers) => {
    const part = legend("heat");
    part.show(scale, covers);
    return part.element;
  };

  /* `reference` is { map, peak }, `targets` are { maps, peak }. */
  const column = (title, about, reference, targets) => {
    const { colors, reference: shown, hits } = value();
    const own = { peak: reference.peak, colors };
    const shared = { peak: targets.peak, colors };
    const below = hits
      .slice(0, SHOWN)
      .map((hit, index) => figure(`Result ${hit.rank}`, heatPanel(hit, nameOf(hit), targets.maps[index], shared)));
    return el(
      "div",
      { class: "mm-column" },
      el("h3", {}, title),
      el("p", { class: "mm-soft" }, about),
      el(
        "div",
        { class: "mm-quartet" },
        figure("Your picture", heatPanel(shown, "Your picture", reference.map, own)),
        ...below,
      ),
      heatLegend(own, "in your picture"),
      heatLegend(shared, "in these results"),
    );
  };

  const draw = (answer) => {
    const { reference, hits } = value();
    const scored = hits.slice(0, SHOWN);
    const ours = { maps: scored.map((hit) => hit.map), peak: Math.max(0, ...scored.map((hit) => hit.peak)) };
    place.replaceChildren(
      el(
        "div",
        { class: "mm-pair" },
        column(
          "MMGrad",
          "Uses your words: the gradient of what they change.",
          { map: reference.map, peak: reference.scale.peak },
          ours,
        ),
        column(
          "Text-blind Grad-CAM",
          "What makes your picture and the result alike. It never reads your words.",
          answer.reference,
          { maps: answer.targets, peak: answer.targets_peak },
        ),
      ),
      el(
        "p",
        { class: "mm-soft" },
        "The two methods have different units, so each column has its own scales. Change your words: only the left " +
          "column changes.",
      ),
    );
  };

  const show = async () => {
    if (place.firstChild) return;
    const ids = value()
      .hits.slice(0, SHOWN)
      .map((hit) => hit.id);
    const answer = await waiting(place, followUp("text_blind", { ids }));
    if (answer) draw(answer);
  };

  return {
    element: el("div", { class: "mm-tool-body" }, place),
    ready: show,
    choose: show,
    reset: () => place.replaceChildren(),
  };
};
