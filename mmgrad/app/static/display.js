/* How every map of the page is drawn: one mode and one opacity for all, changed without a request. */
import { config } from "./config.js";
import { el } from "./dom.js";
import { legendText } from "./legend-text.js";

const MODES = { heat: "Heat", contour: "Contour", spotlight: "Spotlight", signed: "For and against" };
const OPACITY = 80; // percent, as the page opens

const drawn = new Set(); // what is drawn again when the mode changes
let mode = "heat";

export const currentMode = () => mode;
export const currentModeName = () => MODES[mode];

/* `element` is the part's root: a part that left the page is forgotten. */
export const redrawOnModeChange = (part) => drawn.add(part);

export const prune = () => {
  for (const part of drawn) if (!part.element.isConnected) drawn.delete(part);
};

const setMode = (chosen) => {
  mode = chosen;
  prune();
  for (const part of drawn) part.redraw();
};

/* The modes as radio buttons, and the one slider of the opacity. */
export const toolbar = () => {
  const choices = Object.entries(MODES).map(([value, name]) =>
    el(
      "label",
      {},
      el("input", { type: "radio", name: "mm-mode", value, checked: value === mode, onchange: () => setMode(value) }),
      el("span", {}, name),
    ),
  );
  const slider = el("input", {
    type: "range",
    min: "0",
    max: "100",
    value: String(OPACITY),
    oninput: () => document.documentElement.style.setProperty("--mm-heat", String(slider.value / 100)),
  });
  return el(
    "div",
    { class: "mm-toolbar" },
    el("fieldset", { class: "mm-modes" }, el("legend", { class: "mm-hidden" }, "How maps are drawn"), ...choices),
    el("label", { class: "mm-opacity" }, "Opacity", slider),
  );
};

/* What the colors mean. `show(scale, covers)` tells the scale and which panels it covers; `fixed` keeps one mode. */
export const legend = (fixed = null) => {
  const low = el("span", { class: "mm-end" });
  const high = el("span", { class: "mm-end" });
  const bar = el("canvas", { width: "256", height: "1", role: "img", "aria-label": "colors of the scale" });
  const element = el("div", { class: "mm-legend" }, low, bar, high);
  let shown = [{ peak: 0, reach: 0 }, ""];

  const paintBar = (table) => {
    const context = bar.getContext("2d");
    const image = context.createImageData(256, 1);
    const last = table.length / 4 - 1;
    for (let x = 0; x < 256; x += 1) {
      const step = Math.round((x * last) / 255);
      image.data.set(table.subarray(4 * step, 4 * step + 4), 4 * x);
    }
    context.putImageData(image, 0, 0);
  };
  const part = {
    element,
    redraw() {
      const way = fixed ?? mode;
      const [scale, covers] = shown;
      const text = legendText(way, scale, covers);
      low.textContent = text.low;
      high.textContent = text.high;
      bar.hidden = !text.bar;
      if (text.bar) paintBar(config.colors[way === "signed" ? "signed" : (scale.colors ?? "ember")]);
    },
    show(scale, covers) {
      shown = [scale, covers];
      part.redraw();
    },
  };
  redrawOnModeChange(part);
  return part;
};
