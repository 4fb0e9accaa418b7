/* Links, lines of Python and sentences. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdict } from "../../mmgrad/app/static/analysis/occlusion.js";
import { missing } from "../../mmgrad/app/static/errors.js";
import { confidenceText, list, number, pictures, signed } from "../../mmgrad/app/static/format.js";
import { comparable } from "../../mmgrad/app/static/history.js";
import { linkTo, readLink } from "../../mmgrad/app/static/link.js";
import { probeText } from "../../mmgrad/app/static/probe-point.js";
import { pythonLines } from "../../mmgrad/app/static/python.js";
import { staleness } from "../../mmgrad/app/static/question.js";
import { rankChange } from "../../mmgrad/app/static/result-grid.js";

const query = {
  picture: "gallery:05.png",
  text: 'a "b" & c',
  text_weight: 0.5,
  exclude_duplicates: true,
  gallery: "g",
};

test("a link is read as the question that it was made of", () => {
  const link = new URL(linkTo(query, "https://host.example/below/?old=1#part", true));
  assert.equal(link.pathname, "/below/");
  assert.deepEqual(readLink(link.search), query);
});

test("a link of an earlier release is read", () => {
  const read = readLink("?picture=p&text=t&strength=0.5&leave_out=1");
  assert.deepEqual(read, { picture: "p", text: "t", text_weight: 0.5, exclude_duplicates: true, gallery: null });
});

test("what is normal is not in a link, and another address holds no question", () => {
  const plain = { ...query, text_weight: 1, exclude_duplicates: false };
  assert.equal(new URL(linkTo(plain, "http://a/", false)).search, "?picture=gallery%3A05.png&text=a+%22b%22+%26+c");
  assert.equal(readLink("?picture=p"), null);
  assert.equal(readLink(""), null);
});

const galleries = [
  { name: "g", prefix: "gallery:", included: "" },
  { name: "h", prefix: "gallery/h:", included: "GALLERY" },
];
const answer = { query, hits: [1, 2, 3], model: "compact", gallery: "g" };

test("the lines of Python name the picture, the text and the settings", () => {
  const lines = pythonLines(answer, galleries).split("\n");
  assert.equal(lines[3], 'engine = mmgrad.load(gallery="g")  # model "compact", gallery "g"');
  assert.equal(
    lines[4],
    'explanation = engine.explain(engine.gallery.folder / "05.png", "a \\"b\\" & c", top_k=3, text_weight=0.5, ' +
      "exclude_duplicates=True)",
  );
});

test("the lines of Python for an example find its picture", () => {
  const example = { ...answer, query: { ...query, picture: "example:add-car", gallery: "h" } };
  const lines = pythonLines(example, galleries);
  assert.match(lines, /load_examples\(\) if each\.id == "add-car"/);
  assert.match(lines, /mmgrad\.load\(\)/);
  assert.doesNotMatch(lines, /your-picture/);
});

test("a picture of another gallery and an upload are told in a comment", () => {
  const other = pythonLines({ ...answer, query: { ...query, picture: "gallery/h:1.png" } }, galleries);
  assert.match(other, /"1\.png".*# a picture of the gallery "h"/);
  const upload = pythonLines({ ...answer, query: { ...query, picture: "upload:1" } }, galleries);
  assert.match(upload, /"your-picture\.png".*# the picture that you uploaded/);
});

const check = {
  whole: { rank: 1 },
  marked: { rank: 9 },
  share: 0.08,
  places: 5,
  cost: 0.27,
  cost_elsewhere: 0.03,
  rank_elsewhere: 3,
};

test("the verdict goes by which area mattered more", () => {
  assert.match(
    verdict(check),
    /by −0\.270 and the rank from 1 to 9\. .*−0\.030 on average, median rank 3\. .*the map holds\.$/,
  );
  assert.match(verdict({ ...check, cost: 0.02 }), /do not trust this map\.$/);
  assert.match(verdict({ ...check, cost: -0.02 }), /score by \+0\.020.*do not trust this map\.$/);
  assert.match(verdict({ ...check, cost_elsewhere: null }), /leaves no room/);
});

test("a point tells words and results, or that nothing depends on it", () => {
  assert.equal(
    probeText([["spaniel", 0.594]], [6, 2]),
    "Active here: spaniel (59 % of the strongest word). Matters most for results 6 and 2.",
  );
  assert.equal(probeText([], []), "Neither your words nor the results depend on this spot.");
  assert.equal(probeText([], [3]), "Matters most for result 3.");
  assert.match(probeText([["a", 0.5]], []), /No result depends on this spot\.$/);
  assert.equal(probeText([], null, true), "No word is active here. Asking the results…");
});

test("a chance is told with its level and, where it is low, with advice", () => {
  assert.equal(confidenceText(0.823), "How likely the top result is what you asked for: 82 % (high).");
  assert.match(confidenceText(0.12), /12 % \(low\)\. The gallery may not hold/);
  assert.match(confidenceText(0.001), /under 1 %/);
  assert.match(confidenceText(0.999), /over 99 %/);
});

test("an answer is stale once the text or the picture is another", () => {
  const asked = { text: "a", picture: "p" };
  assert.equal(staleness(asked, { text: "a", picture: "p" }), null);
  assert.equal(staleness(asked, { text: "b", picture: "p" }), "text");
  assert.equal(staleness(asked, { text: "a", picture: null }), "picture");
  assert.equal(staleness(null, { text: "b", picture: "q" }), null);
});

test("what is missing is told at its field", () => {
  assert.deepEqual(missing(false, "a").at(0), "picture");
  assert.deepEqual(missing(true, "  ").at(0), "text");
  assert.equal(missing(true, "a"), null);
});

test("a change of rank is new, up or down", () => {
  const earlier = [
    { id: "a", rank: 1 },
    { id: "b", rank: 2 },
  ];
  assert.equal(rankChange({ id: "a", rank: 1 }, earlier), null);
  assert.equal(rankChange({ id: "b", rank: 1 }, earlier).mark, "▲ 1");
  assert.equal(rankChange({ id: "a", rank: 2 }, earlier).mark, "▼ 1");
  assert.equal(rankChange({ id: "c", rank: 3 }, earlier).mark, "new");
});

test("answers are compared only of one picture in one gallery", () => {
  assert.ok(comparable({ picture: "p", gallery: "g" }, { picture: "p", gallery: "g" }));
  assert.ok(!comparable({ picture: "p", gallery: "g" }, { picture: "p", gallery: "h" }));
});

test("numbers are short and have a true minus", () => {
  assert.deepEqual([number(0.012345), number(-3), number(0)], ["0.012", "−3", "0"]);
  assert.deepEqual([signed(0.1), signed(-0.05)], ["+0.100", "−0.050"]);
  assert.deepEqual([pictures(1), pictures(3150)], ["1 picture", "3,150 pictures"]);
  assert.deepEqual([list([1]), list([1, 2]), list([1, 2, 3])], ["1", "1 and 2", "1, 2 and 3"]);
});
