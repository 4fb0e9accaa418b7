/* A picture with its map over it: an image and a canvas in one box of the picture's own shape, so that they always
   match, and the value under the pointer. */

/* `shape` is the aspect (width / height) of the frame that the picture is fitted into; null takes the picture's own.
   `fixed` draws one way, whatever is chosen for the page. */
mmgrad.panel = ({ picture, width, height, box, alt, shape = null, fixed = null }) => {
  const { el, number } = mmgrad;
  const aspect = width / height;
  const frame = shape ?? aspect;
  const heat = el("canvas", { class: "mm-heat", "aria-hidden": "true", hidden: true });
  const none = el("span", { class: "mm-none", hidden: true }, "no evidence");
  const value = el("span", { class: "mm-value", hidden: true });
  let shown = null; // [map, scale]

  /* The point of the picture under a pointer, as shares of its sides. */
  const point = (event) => {
    const { left, top, width: across, height: down } = fit.getBoundingClientRect();
    return [(event.clientX - left) / across, (event.clientY - top) / down].map((at) => Math.min(Math.max(at, 0), 1));
  };
  const tell = (event) => {
    if (!shown) return;
    const [map, scale] = shown;
    const at = mmgrad.valueAt(map, box, ...point(event));
    const strongest = at < 0 ? scale.reach : scale.peak;
    value.textContent = strongest > 0 ? `${number(at)} · ${Math.round((100 * at) / strongest)} %` : number(at);
    value.hidden = false;
  };
  const fit = el(
    "div",
    {
      class: "mm-fit",
      style: {
        width: `${Math.min(1, aspect / frame) * 100}%`,
        height: `${Math.min(1, frame / aspect) * 100}%`,
      },
      onpointermove: tell,
      onpointerdown: tell,
      onpointerleave: () => (value.hidden = true),
    },
    el("img", { class: "mm-picture", src: picture, alt }),
    heat,
  );
  const element = el("div", { class: "mm-frame", style: { "aspect-ratio": String(frame) } }, fit, none, value);
  const panel = {
    element,
    fit,
    point,
    /* Show a map on a scale { peak, reach }; null shows the picture alone. */
    light(map, scale) {
      shown = map && [map, scale];
      panel.redraw();
    },
    redraw() {
      const mode = fixed ?? mmgrad.look.mode;
      const empty = !shown || (shown[0].empty && mode !== "signed");
      none.hidden = !shown || !shown[0].empty;
      heat.hidden = empty;
      if (!empty) mmgrad.drawMap(heat, shown[0], box, width, height, mode, shown[1]);
    },
  };
  mmgrad.look.panels.add(panel);
  return panel;
};
