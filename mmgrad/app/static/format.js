/* Numbers as the page writes them, and the decoding of base 64. */

/* A raw map value in two digits. The scale is the model's own and has no unit. */
export const number = (value) =>
  Math.abs(value) < 1e-9 ? "0" : String(Number(Number(value).toPrecision(2))).replace("-", "−");

/* A score difference or a weight with its sign. */
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

export const percent = (share) => `${Math.round(100 * share)} %`;

export const pictures = (count) => (count === 1 ? "1 picture" : `${count.toLocaleString("en")} pictures`);

/* "1", "1 and 2", "1, 2 and 3". */
export const list = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;

export const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/* How likely the first result is what was asked for, with advice where it is not. */
export const confidenceText = (chance) => {
  const share = Math.round(100 * chance);
  const odds = share < 1 ? "under 1 %" : share > 99 ? "over 99 %" : `${share} %`;
  const level = chance < 0.25 ? "low" : chance < 0.6 ? "medium" : "high";
  const advice =
    chance < 0.25 ? " The gallery may not hold such a picture, or the sentence may not fit your picture." : "";
  return `How likely the top result is what you asked for: ${odds} (${level}).${advice}`;
};
