/* The one place where the page reads a map between its cells. It repeats `mmgrad.imaging.letterbox.Letterbox.restore`:
   cubic convolution with a = -1/2 (Keys, IEEE Trans. ASSP 29, 1981), half-pixel centers, edges held, positive and
   negative values apart, each clipped at 0. tests/js/golden/interpolation.json holds values that Python computed.

   A map is { values, shape: [rows, columns], ... } with float32 values in base 64 over the square that the model saw.
   A box is where the picture lies in that square: [top, left, height, width, size]. */
import { bytes } from "./format.js";

const decoded = new Map();
const KEPT = 512; // decoded maps; an answer with eight words has about a hundred

/* The float32 values of a base 64 text. */
export const decode = (base64) => {
  let values = decoded.get(base64);
  if (!values) {
    values = new Float32Array(bytes(base64).buffer);
    if (decoded.size >= KEPT) decoded.clear();
    decoded.set(base64, values);
  }
  return values;
};

/* Signed evidence for and against the change; `change` is missing where it is the map itself. */
export const signedValues = (map) => decode(map.change ?? map.values);

/* Positive evidence: what every view but "for and against" shows. */
export const positiveValues = (map) => decode(map.values).map((value) => Math.max(value, 0));

/* The four cells, and their weights, that a point of one axis reads. `share` is the point's place in the picture,
   from 0 to 1. */
const taps = (share, start, inner, size, cells) => {
  const at = ((start + share * inner) * cells) / size - 0.5;
  const lower = Math.floor(at);
  const t = at - lower;
  const weights = [
    (t * (-1 + t * (2 - t))) / 2,
    1 + (t * t * (3 * t - 5)) / 2,
    (t * (1 + t * (4 - 3 * t))) / 2,
    (t * t * (t - 1)) / 2,
  ];
  const held = weights.map((_, index) => Math.min(Math.max(lower + index - 1, 0), cells - 1));
  return { held, weights };
};

/* The map at the points xs x ys of the picture, shares of its sides, row by row: Float64Array [ys.length * xs.length]. */
export const resample = (values, [rows, columns], [top, left, height, width, size], xs, ys) => {
  const across = xs.map((share) => taps(share, left, width, size, columns));
  const down = ys.map((share) => taps(share, top, height, size, rows));
  const part = (sign) => {
    const lines = new Float64Array(rows * xs.length); // every row of cells, read at the points of a line
    for (let row = 0; row < rows; row += 1) {
      across.forEach(({ held, weights }, x) => {
        let sum = 0;
        for (let tap = 0; tap < 4; tap += 1)
          sum += weights[tap] * Math.max(sign * values[row * columns + held[tap]], 0);
        lines[row * xs.length + x] = sum;
      });
    }
    const out = new Float64Array(ys.length * xs.length);
    down.forEach(({ held, weights }, y) => {
      for (let x = 0; x < xs.length; x += 1) {
        let sum = 0;
        for (let tap = 0; tap < 4; tap += 1) sum += weights[tap] * lines[held[tap] * xs.length + x];
        out[y * xs.length + x] = Math.max(sum, 0);
      }
    });
    return out;
  };
  const above = part(1);
  if (!values.some((value) => value < 0)) return above;
  const below = part(-1);
  return above.map((value, index) => value - below[index]);
};

/* The map at the centers of width x height pixels laid over the picture. */
export const rasterize = (values, shape, box, width, height) => {
  const centers = (count) => Array.from({ length: count }, (_, index) => (index + 0.5) / count);
  return resample(values, shape, box, centers(width), centers(height));
};

/* The value at a point of the picture, x and y from 0 to 1. */
export const valueAt = (values, shape, box, x, y) => resample(values, shape, box, [x], [y])[0];
