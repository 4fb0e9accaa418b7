/* A picture of what the page shows now: the mode, the word and the opacity that are chosen, drawn side by side. */
import { number } from "./format.js";

const CELL = 300; // pixels a side of one panel
const GAP = 14;
const COLUMNS = 5;
const TEXT = 17; // pixels a line
const LINES = 2; // under each panel

const wrap = (context, text, width) => {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter(Boolean);
};

/* Draw the picture of a panel's element, its map, and a line about a missing map. */
const drawPanel = (context, element, x, y, opacity) => {
  const picture = element.querySelector("img.mm-picture");
  const share = CELL / Math.max(picture.naturalWidth, picture.naturalHeight);
  const [width, height] = [picture.naturalWidth * share, picture.naturalHeight * share];
  const [left, top] = [x + (CELL - width) / 2, y + (CELL - height) / 2];
  context.drawImage(picture, left, top, width, height);
  const heat = element.querySelector("canvas.mm-heat");
  if (!heat.hidden) {
    context.globalAlpha = opacity;
    context.drawImage(heat, left, top, width, height);
    context.globalAlpha = 1;
  }
  const none = element.querySelector(".mm-none");
  if (none.hidden) return;
  context.fillStyle = "rgb(20 18 16 / 78%)";
  context.fillRect(left, top + height - TEXT - 6, width, TEXT + 6);
  context.fillStyle = "#fff";
  context.fillText("no evidence", left + 6, top + height - 8);
};

/* A PNG of an answer: `title` lines above, then the panels { element, caption }. Resolves to a Blob. */
export const snapshot = (title, panels) => {
  const opacity = Number(getComputedStyle(document.documentElement).getPropertyValue("--mm-heat"));
  const columns = Math.min(COLUMNS, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const below = TEXT * LINES + GAP;
  const canvas = document.createElement("canvas");
  canvas.width = GAP + columns * (CELL + GAP);
  canvas.height = GAP + title.length * (TEXT + 4) + GAP + rows * (CELL + below + GAP);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.font = `${TEXT - 3}px sans-serif`;
  context.fillStyle = "#211d1a";
  title.forEach((line, index) => context.fillText(line, GAP, GAP + (index + 0.8) * (TEXT + 4)));
  const start = GAP + title.length * (TEXT + 4) + GAP;
  panels.forEach(({ element, caption }, index) => {
    const x = GAP + (index % columns) * (CELL + GAP);
    const y = start + Math.floor(index / columns) * (CELL + below + GAP);
    drawPanel(context, element, x, y, opacity);
    context.fillStyle = "#211d1a";
    const lines = wrap(context, caption, CELL).slice(0, LINES);
    lines.forEach((line, at) => context.fillText(line, x, y + CELL + TEXT * (at + 1)));
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
};

/* The lines above the panels. */
export const snapshotTitle = ({ text, model, gallery, confidence }, word, mode, scales) => [
  `“${text}”${word ? `: evidence of the word “${word}”` : ""}`,
  `${mode}; scale of your picture to ${number(scales.reference)}, of the results to ${number(scales.hits)}` +
    (typeof confidence === "number" ? `; top result is what was asked for: ${Math.round(100 * confidence)} %` : ""),
  `model ${model}, gallery ${gallery}`,
];
