/* The page reads maps as the engine does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  decode,
  positiveValues,
  rasterize,
  resample,
  signedValues,
  valueAt,
} from "../../mmgrad/app/static/interpolation.js";

const golden = JSON.parse(readFileSync(new URL("golden/interpolation.json", import.meta.url)));
const TOLERANCE = 1e-6; // of the greatest value: Python computes in float32

const encode = (values) => Buffer.from(new Float32Array(values).buffer).toString("base64");

for (const { map, box, width, height, expected } of golden) {
  test(`${map.shape} cells over ${width} x ${height} pixels are read as Python reads them`, () => {
    const read = rasterize(decode(map.values), map.shape, box, width, height);
    assert.equal(read.length, expected.length);
    const greatest = Math.max(...expected.map(Math.abs));
    assert.ok(greatest > 0);
    const apart = Math.max(...expected.map((value, index) => Math.abs(value - read[index])));
    assert.ok(apart <= TOLERANCE * greatest, `${apart / greatest} of the greatest value apart`);
  });
}

test("a point is read as the pixel whose center it is", () => {
  const { map, box, width, height, expected } = golden[1];
  const greatest = Math.max(...expected.map(Math.abs));
  for (const [x, y] of [
    [0, 0],
    [5, 11],
    [width - 1, height - 1],
  ]) {
    const value = valueAt(decode(map.values), map.shape, box, (x + 0.5) / width, (y + 0.5) / height);
    assert.ok(Math.abs(value - expected[y * width + x]) <= TOLERANCE * greatest);
  }
});

test("a uniform map is uniform, up to the edges", () => {
  const values = new Float32Array(49).fill(0.25);
  const read = resample(values, [7, 7], [0, 0, 224, 224, 224], [0, 0.3, 1], [0, 0.5, 1]);
  for (const value of read) assert.ok(Math.abs(value - 0.25) < 1e-7);
});

test("evidence against leaves no overshoot in evidence for", () => {
  const map = { values: encode([0, -1, 0, 0]), shape: [1, 4] };
  const read = rasterize(signedValues(map), map.shape, [0, 0, 224, 224, 224], 64, 64);
  assert.ok(Math.max(...read) <= 0);
});

test("the change is what speaks against, where a map has one", () => {
  const map = { values: encode([1, 2]), change: encode([-1, 2]), shape: [1, 2] };
  assert.deepEqual(Array.from(signedValues(map)), [-1, 2]);
  assert.deepEqual(Array.from(positiveValues(map)), [1, 2]);
});
