/* The measured tables of the Method page: each wide table scrolls by itself, by keyboard too, under its own name. */
import { el } from "./dom.js";

const headingBefore = (table) => {
  const headings = Array.from(table.closest("#mm-tables").querySelectorAll("h1, h2, h3, h4"));
  const above = headings.filter((each) => each.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING);
  return above.at(-1)?.textContent.trim() ?? "Measurements";
};

const wrapTables = () => {
  const count = new Map();
  for (const table of document.querySelectorAll("#mm-tables table")) {
    const heading = headingBefore(table);
    const number = (count.get(heading) ?? 0) + 1;
    count.set(heading, number);
    if (table.closest(".mm-scroll")) continue;
    const name = number === 1 ? heading : `${heading}, table ${number}`;
    const region = el("div", { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": name });
    table.replaceWith(region);
    region.append(table);
  }
};

/* An invisible part beside the report, which Gradio draws sooner or later. */
export const report = () => {
  new MutationObserver(wrapTables).observe(document.body, { subtree: true, childList: true });
  wrapTables();
};
