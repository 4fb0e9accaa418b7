/* Lines where a raster crosses a level: marching squares with linear crossings. Returns [[x, y], [x, y]] pieces in
   pixels, pixel centers at half-integers. */
export const contourLines = (all, width, height, level) => {
  const pieces = [];
  const cross = (a, b) => (level - a) / (b - a);
  for (let y = 0; y < height - 1; y += 1) {
    for (let x = 0; x < width - 1; x += 1) {
      const i = y * width + x;
      const [a, b, c, d] = [all[i], all[i + 1], all[i + width + 1], all[i + width]];
      const points = [];
      if (a >= level !== b >= level) points.push([x + cross(a, b), y]);
      if (b >= level !== c >= level) points.push([x + 1, y + cross(b, c)]);
      if (d >= level !== c >= level) points.push([x + cross(d, c), y + 1]);
      if (a >= level !== d >= level) points.push([x, y + cross(a, d)]);
      for (let p = 0; p + 1 < points.length; p += 2) {
        pieces.push([points[p], points[p + 1]].map(([px, py]) => [px + 0.5, py + 0.5]));
      }
    }
  }
  return pieces;
};

/* Where a raster is greatest, in words: one of nine places of the picture. */
export const placeOfPeak = (all, width, height) => {
  let best = 0;
  for (let i = 1; i < all.length; i += 1) if (all[i] > all[best]) best = i;
  const third = (at, length) => Math.min(2, Math.floor((3 * (at + 0.5)) / length));
  const column = third(best % width, width);
  const row = third(Math.floor(best / width), height);
  if (row === 1 && column === 1) return "the center";
  const vertical = ["upper", "", "lower"][row];
  const horizontal = ["left", "", "right"][column];
  if (!vertical) return `the ${horizontal}`;
  return horizontal ? `the ${vertical} ${horizontal}` : `the ${row === 0 ? "top" : "bottom"}`;
};
