/* Building blocks of the page. Text goes in through textContent only, so nothing a visitor writes is ever markup. */
window.mmgrad = window.mmgrad || {};

/* An element: `attributes` are set as they are; `on*` are listeners; children are elements or strings. */
mmgrad.el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, entry] of Object.entries(value)) element.style.setProperty(key, entry);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

mmgrad.button = (label, onclick, attributes = {}) => mmgrad.el("button", { type: "button", onclick, ...attributes }, label);

mmgrad.reduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

mmgrad.scrollTo = (element) =>
  element?.scrollIntoView({ behavior: mmgrad.reduced() ? "auto" : "smooth", block: "start" });

/* A raw map value in few digits; the scale is the model's own and has no unit. */
mmgrad.number = (value) => (Math.abs(value) < 1e-9 ? "0" : String(Number(Number(value).toPrecision(2))).replace("-", "−"));

/* A score or a weight with its sign. */
mmgrad.signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

mmgrad.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
