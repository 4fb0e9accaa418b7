/* A picture with its heat map over it: two images in one box of the picture's own shape, so that they always match. */

/* `shape` is the aspect (width / height) of the frame that the picture is fitted into; null takes the picture's own. */
mmgrad.panel = ({ picture, width, height, alt, shape }) => {
  const { el } = mmgrad;
  const aspect = width / height;
  const frame = shape ?? aspect;
  const heat = el("img", { class: "mm-heat", alt: "", "aria-hidden": "true", hidden: true });
  const none = el("span", { class: "mm-none", hidden: true }, "no evidence");
  const fit = el(
    "div",
    {
      class: "mm-fit",
      style: {
        width: `${Math.min(1, aspect / frame) * 100}%`,
        height: `${Math.min(1, frame / aspect) * 100}%`,
      },
    },
    el("img", { class: "mm-picture", src: picture, alt }),
    heat,
  );
  const element = el("div", { class: "mm-frame", style: { "aspect-ratio": String(frame) } }, fit, none);
  return {
    element,
    /* Show a heat map (a data URI), or say that there is none; undefined clears both. */
    light(uri) {
      none.hidden = uri !== null;
      heat.hidden = !uri;
      if (uri) heat.src = uri;
      else heat.removeAttribute("src");
    },
  };
};

mmgrad.legend = (uri, strongest) => {
  const { el } = mmgrad;
  const end = el("span", { class: "mm-end" }, strongest);
  const element = el(
    "div",
    { class: "mm-legend" },
    el("span", {}, "no evidence"),
    el("img", { src: uri, alt: "colours from no evidence to the strongest" }),
    end,
  );
  return { element, name: (words) => (end.textContent = words) };
};

/* A slider for the opacity of every heat map of the page: one CSS variable, no request. All such sliders agree. */
mmgrad.opacity = () => {
  const { el } = mmgrad;
  const set = (percent) => {
    document.documentElement.style.setProperty("--mm-heat", String(percent / 100));
    document.querySelectorAll(".mm-opacity input").forEach((each) => (each.value = percent));
  };
  const slider = el("input", { type: "range", min: "0", max: "100", value: "75", oninput: () => set(slider.value) });
  return el("label", { class: "mm-opacity" }, "Glow", slider);
};
