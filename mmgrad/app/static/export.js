/* Download and share: files, a link, the lines of Python. */
import { config, severalGalleries } from "./config.js";
import { button, el } from "./dom.js";
import { bytes } from "./format.js";
import { linkTo } from "./link.js";
import { pythonLines } from "./python.js";

const FILES = [
  ["png", "Figure (PNG)"],
  ["pdf", "Figure (PDF)"],
  ["json", "Numbers (JSON)"],
  ["npz", "Raw maps (.npz)"],
];
const READ_BY_THEN = 10_000; // milliseconds after which the browser has read a file that is saved

/* `picture()` resolves to a PNG of what the page shows now. */
export const createExport = ({ value, followUp, picture }) => {
  const told = el("span", { class: "mm-soft", role: "status" });
  const code = el("code", {});

  const save = (blob, name) => {
    const address = URL.createObjectURL(blob);
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), READ_BY_THEN);
    told.textContent = `${name} is saved.`;
  };
  const download = ([file, label]) =>
    button(
      label,
      async () => {
        told.textContent = "Making the file…";
        const answer = await followUp("take", { file });
        if (answer) save(new Blob([bytes(answer.data)], { type: answer.mime }), answer.name);
        else told.textContent = "";
      },
      { class: "mm-plain" },
    );
  const view = button("This view (PNG)", async () => save(await picture(), "mmgrad-view.png"), { class: "mm-plain" });
  const copy = async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = done;
    } catch {
      told.textContent = text; // no clipboard here: show it to be copied by hand
    }
  };
  const copyLink = () => {
    const upload = value().query.picture.startsWith("upload:");
    const kept = "Your picture stays on this server for at most an hour; anyone with the link can open it until then.";
    const done = "Link copied; it repeats this search.";
    copy(linkTo(value().query, location.href, severalGalleries()), upload ? `${done} ${kept}` : done);
  };
  const element = el(
    "section",
    { class: "mm-export", "aria-label": "Download and share", hidden: true },
    el("h2", {}, "Download and share"),
    el(
      "div",
      { class: "mm-choices" },
      view,
      ...FILES.map(download),
      button("Copy link", copyLink, { class: "mm-plain" }),
      told,
    ),
    el(
      "details",
      { class: "mm-code" },
      el("summary", {}, "The same in Python"),
      el("pre", { tabindex: "0" }, code),
      button("Copy", () => copy(code.textContent, "Copied."), { class: "mm-plain" }),
    ),
  );
  return {
    element,
    draw: () => {
      told.textContent = "";
      code.textContent = pythonLines(value(), config.galleries);
    },
  };
};
