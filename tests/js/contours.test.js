import assert from "node:assert/strict";
import { test } from "node:test";
import { contourLines, placeOfPeak } from "../../mmgrad/app/static/contours.js";

const raster = (width, height, at) =>
  Float64Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));

test("a contour of a cone is a circle of the right radius", () => {
  const [size, center, radius] = [60, 30, 12];
  const cone = raster(size, size, (x, y) => 100 - Math.hypot(x + 0.5 - center, y + 0.5 - center));
  const pieces = contourLines(cone, size, size, 100 - radius);
  assert.ok(pieces.length > 50);
  for (const [[x, y]] of pieces) assert.ok(Math.abs(Math.hypot(x - center, y - center) - radius) < 0.2);
});

test("a level that nothing crosses has no line", () => {
  assert.deepEqual(
    contourLines(
      raster(8, 8, () => 1),
      8,
      8,
      0.5,
    ),
    [],
  );
});

for (const [x, y, place] of [
  [1, 1, "the upper left"],
  [15, 1, "the top"],
  [28, 28, "the lower right"],
  [1, 15, "the left"],
  [15, 15, "the center"],
  [15, 28, "the bottom"],
]) {
  test(`a peak at ${x}, ${y} of 30 x 30 lies at ${place}`, () => {
    assert.equal(
      placeOfPeak(
        raster(30, 30, (px, py) => (px === x && py === y ? 1 : 0)),
        30,
        30,
      ),
      place,
    );
  });
}
