/* A picture with its map over it: an image and a canvas in one box of the picture's own shape, so that they always
   match, and the value under the pointer. */
import { currentMode, redrawOnModeChange } from "./display.js";
import { el } from "./dom.js";
import { positiveValues, signedValues, valueAt } from "./interpolation.js";
import { noEvidenceText, valueText } from "./legend-text.js";
import { drawMap, strongestPlace } from "./maps.js";

/* `shape` is the aspect (width / height) of the frame that the picture is fitted into; null takes the picture's own.
   `fixed` keeps one mode, whatever is chosen for the page. `alt` is empty where a caption beside it says the same. */
export const createPanel = ({ picture, width, height, box, alt, shape = null, fixed = null }) => {
  const aspect = width / height;
  const frame = shape ?? aspect;
  const heat = el("canvas", { class: "mm-heat", "aria-hidden": "true", hidden: true });
  const none = el("span", { class: "mm-none", hidden: true });
  const value = el("span", { class: "mm-value", hidden: true });
  const where = el("span", { class: "mm-hidden" });
  let shown = null; // { map, scale }
  const mode = () => fixed ?? currentMode();

  /* The point of the picture under a pointer, as shares of its sides. */
  const point = (event) => {
    const { left, top, width: across, height: down } = fit.getBoundingClientRect();
    return [(event.clientX - left) / across, (event.clientY - top) / down].map((at) => Math.min(Math.max(at, 0), 1));
  };
  const showValue = (event) => {
    if (!shown) return;
    const { map, scale } = shown;
    const values = mode() === "signed" ? signedValues(map) : positiveValues(map);
    value.textContent = map.empty
      ? "no evidence"
      : valueText(valueAt(values, map.shape, box, ...point(event)), scale, mode());
    value.hidden = false;
  };
  const fit = el(
    "div",
    {
      class: "mm-fit",
      style: { width: `${Math.min(1, aspect / frame) * 100}%`, height: `${Math.min(1, frame / aspect) * 100}%` },
      onpointermove: showValue,
      onpointerdown: showValue,
      onpointerleave: () => {
        value.hidden = true;
      },
    },
    el("img", { class: "mm-picture", src: picture, alt }),
    heat,
  );
  const element = el("div", { class: "mm-frame", style: { "aspect-ratio": String(frame) } }, fit, none, value, where);
  const panel = {
    element,
    fit,
    point,
    /* Show a map on a scale { peak, reach, colors }. */
    showMap(map, scale) {
      shown = map && { map, scale };
      where.textContent =
        map && !map.empty ? `Evidence is strongest at ${strongestPlace(map, box, width, height)}.` : "";
      panel.redraw();
    },
    redraw() {
      const empty = !shown || shown.map.empty;
      none.hidden = !shown?.map.empty;
      if (shown) none.textContent = noEvidenceText(shown.map.reason);
      heat.hidden = !shown || (empty && mode() !== "spotlight");
      if (!heat.hidden) drawMap(heat, shown.map, box, width, height, mode(), shown.scale);
    },
  };
  redrawOnModeChange(panel);
  return panel;
};
