/* The words of legends and panels are true in every mode. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { legendText, noEvidenceText, valueText } from "../../mmgrad/app/static/legend-text.js";

const scale = { peak: 0.012, reach: 0.02 };

test("the top of a legend is the strongest of what it covers", () => {
  assert.deepEqual(legendText("heat", scale, "in the results"), {
    low: "none",
    high: "0.012, the strongest in the results",
    bar: true,
  });
  assert.match(legendText("spotlight", scale, "in the results").high, /^clear: 0\.012, the strongest/);
  assert.match(legendText("contour", scale, "in the results").high, /0\.012.*yellow line: 1\/2/);
});

test("a signed legend names both ends by the greatest absolute value", () => {
  assert.deepEqual(legendText("signed", scale, "here"), { low: "−0.02 against", high: "for +0.02", bar: true });
});

for (const mode of ["heat", "contour", "spotlight", "signed"]) {
  test(`without evidence the ${mode} legend has no colors and says so`, () => {
    const told = legendText(mode, { peak: 0, reach: 0 }, "in the results");
    assert.deepEqual(told, { low: "no evidence in the results", high: "", bar: false });
  });
}

test("a panel without evidence says why, where that is known", () => {
  assert.match(noEvidenceText("addition"), /an addition points to nothing/);
  assert.match(noEvidenceText("removal"), /a removal leaves nothing/);
  assert.match(noEvidenceText("below_level"), /below the level/);
  assert.equal(noEvidenceText(undefined), "no evidence");
});

test("no value is told to be above the top of its scale", () => {
  assert.equal(valueText(0.013, scale, "heat"), "0.013 · 100 %");
  assert.equal(valueText(0.006, scale, "heat"), "0.006 · 50 %");
  assert.equal(valueText(-0.01, scale, "signed"), "−0.01 · −50 %");
  assert.equal(valueText(0, { peak: 0, reach: 0 }, "heat"), "0");
});
