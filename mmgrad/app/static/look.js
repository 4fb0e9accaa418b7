/* How every map of the page is drawn: one choice and one opacity for all, changed without a request. */
mmgrad.look = { mode: "heat", panels: new Set() };

mmgrad.MODES = {
  heat: ["Heat", "no evidence", "strongest"],
  contour: ["Contour", "white: an eighth of the strongest", "yellow: half of the strongest"],
  spotlight: ["Spotlight", "dark: no evidence", "clear: strongest"],
  signed: ["For and against", "against", "for"],
};

/* Forget what is no longer in the page. */
mmgrad.look.prune = () =>
  mmgrad.look.panels.forEach((each) => each.element.isConnected || mmgrad.look.panels.delete(each));

mmgrad.setMode = (mode) => {
  mmgrad.look.mode = mode;
  document.querySelectorAll(`.mm-modes input[value="${mode}"]`).forEach((each) => (each.checked = true));
  mmgrad.look.panels.forEach((each) => each.redraw());
};

/* One of a few ways to draw, as radio buttons, and the one slider of the opacity. */
mmgrad.toolbar = () => {
  const { el } = mmgrad;
  const choices = Object.entries(mmgrad.MODES).map(([mode, [name]]) =>
    el(
      "label",
      {},
      el("input", {
        type: "radio",
        name: "mm-mode",
        value: mode,
        checked: mode === mmgrad.look.mode,
        onchange: () => mmgrad.setMode(mode),
      }),
      el("span", {}, name),
    ),
  );
  const slider = el("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "80",
    oninput: () => document.documentElement.style.setProperty("--mm-heat", String(slider.value / 100)),
  });
  return el(
    "div",
    { class: "mm-toolbar" },
    el("fieldset", { class: "mm-modes" }, el("legend", { class: "mm-hidden" }, "How maps are drawn"), ...choices),
    el("label", { class: "mm-opacity" }, "Opacity", slider),
  );
};

/* What the colours mean. `name(scale, what)` says what the strongest is; `fixed` draws one way whatever is chosen. */
mmgrad.legend = (fixed = null) => {
  const { el, number, colours, MODES } = mmgrad;
  const low = el("span", {});
  const high = el("span", { class: "mm-end" });
  const bar = el("canvas", { width: "256", height: "1", role: "img", "aria-label": "colours of the scale" });
  const element = el("div", { class: "mm-legend" }, low, bar, high);
  let shown = [{ peak: 0, reach: 0 }, ""];
  const legend = {
    element,
    redraw() {
      const mode = fixed ?? mmgrad.look.mode;
      const [scale, what] = shown;
      const [, from, to] = MODES[mode];
      const strongest = mode === "signed" ? scale.reach : scale.peak;
      low.textContent = mode === "signed" ? `${from} (−${number(strongest)})` : from;
      high.textContent = `${to}${mode === "signed" ? "" : what} (${number(strongest)})`;
      bar.hidden = mode !== "heat" && mode !== "signed";
      if (bar.hidden) return;
      const table = colours[mode];
      const context = bar.getContext("2d");
      const image = context.createImageData(256, 1);
      for (let x = 0; x < 256; x += 1) {
        const step = mode === "heat" ? x : 2 * x;
        image.data.set(table.subarray(4 * step, 4 * step + 4), 4 * x);
      }
      context.putImageData(image, 0, 0);
    },
    name(scale, what = "") {
      shown = [scale, what];
      legend.redraw();
    },
  };
  mmgrad.look.panels.add(legend);
  return legend;
};
