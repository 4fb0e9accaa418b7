/* Maps drawn on canvases, from raw values, on a scale { peak, reach, colors }: the greatest positive value, the
   greatest absolute value, and the name of the color table, all shared by the panels that are compared. */
import { config } from "./config.js";
import { contourLines, placeOfPeak } from "./contours.js";
import { positiveValues, rasterize, signedValues } from "./interpolation.js";

const LONGEST_SIDE = 240; // pixels that a map is drawn at; the browser enlarges the rest
const SPOTLIGHT_ALPHA = 235; // of a place without evidence
const LEVELS = { half: 1 / 2, eighth: 1 / 8 };

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

const paint = (context, width, height, pixel) => {
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) pixel(image.data, 4 * i, i);
  const layer = new OffscreenCanvas(width, height); // putImageData knows no scale
  layer.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(layer, 0, 0);
};

const stroke = (context, pieces, color, width) => {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  for (const [from, to] of pieces) {
    context.moveTo(...from);
    context.lineTo(...to);
  }
  context.stroke();
};

/* A line with a dark edge, which shows on any picture. */
const outline = (context, all, width, height, level, color, thick, pixel) => {
  const pieces = contourLines(all, width, height, level);
  stroke(context, pieces, "#000", thick + 2 * pixel);
  stroke(context, pieces, color, thick);
};

const heat = (context, all, width, height, scale) => {
  const table = config.colors[scale.colors] ?? config.colors.ember;
  paint(context, width, height, (data, at, i) => {
    const step = Math.round(clip(all[i] / scale.peak, 0, 1) * 255);
    data.set(table.subarray(4 * step, 4 * step + 4), at);
  });
};

const signed = (context, all, width, height, { reach }) =>
  paint(context, width, height, (data, at, i) => {
    const step = 255 + Math.round(clip(all[i] / reach, -1, 1) * 255);
    data.set(config.colors.signed.subarray(4 * step, 4 * step + 4), at);
  });

const spotlight = (context, all, width, height, { peak }) =>
  paint(context, width, height, (data, at, i) => {
    data[at + 3] = SPOTLIGHT_ALPHA * (1 - Math.sqrt(peak > 0 ? clip(all[i] / peak, 0, 1) : 0));
  });

const contour = (context, all, width, height, { peak }, pixel) => {
  outline(context, all, width, height, peak * LEVELS.eighth, "#fff", 1.2 * pixel, pixel);
  outline(context, all, width, height, peak * LEVELS.half, "#ffd24a", 2 * pixel, pixel);
};

const DRAW = { heat, signed, spotlight, contour };

const sizeFor = (width, height) => {
  const share = LONGEST_SIDE / Math.max(width, height);
  return [width, height].map((side) => Math.max(2, Math.round(side * share)));
};

/* The positive map of a picture of this shape at the resolution of the page: { all, width, height }. */
export const rasterOf = (map, box, width, height) => {
  const [w, h] = sizeFor(width, height);
  return { all: rasterize(positiveValues(map), map.shape, box, w, h), width: w, height: h };
};

/* In words, where a map is strongest. */
export const strongestPlace = (map, box, width, height) => {
  const raster = rasterOf(map, box, width, height);
  return placeOfPeak(raster.all, raster.width, raster.height);
};

/* Draw a map on a canvas that lies over its picture, of the shape width : height. A map without evidence has nothing
   to draw, except that the spotlight leaves its picture dark. */
export const drawMap = (canvas, map, box, width, height, mode, scale) => {
  const [w, h] = sizeFor(width, height);
  const across = canvas.parentElement?.clientWidth || w; // as wide as it is shown, so that lines stay lines
  const fine = mode === "contour" ? Math.max(1, (across * Math.min(devicePixelRatio, 2)) / w) : 1;
  canvas.width = Math.round(w * fine);
  canvas.height = Math.round(h * fine);
  const context = canvas.getContext("2d");
  context.scale(canvas.width / w, canvas.height / h);
  const top = mode === "signed" ? scale.reach : scale.peak;
  if (!(top > 0) && mode !== "spotlight") return;
  const values = mode === "signed" ? signedValues(map) : positiveValues(map);
  const all = map.empty && mode === "spotlight" ? new Float64Array(w * h) : rasterize(values, map.shape, box, w, h);
  DRAW[mode](context, all, w, h, scale, w / across);
};
