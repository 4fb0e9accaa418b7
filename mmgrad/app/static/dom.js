/* Building blocks of the page. Text enters through textContent only, so nothing that a visitor writes becomes markup. */

/* Create an element. `on*` attributes are listeners, `style` is an object of properties, null and false are left out. */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") {
      for (const [key, entry] of Object.entries(value)) element.style.setProperty(key, entry);
    } else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

export const button = (label, onclick, attributes = {}) =>
  el("button", { type: "button", onclick, ...attributes }, label);

/* A panel with a line above it. */
export const figure = (title, panel, ...below) =>
  el("figure", { class: "mm-figure" }, el("figcaption", {}, title), panel.element, ...below);

export const scrollTo = (element) => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
};
