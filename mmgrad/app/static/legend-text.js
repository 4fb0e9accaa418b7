/* The words of a legend and of a panel without evidence. They are true in every mode: nothing lies above the top. */
import { number } from "./format.js";

/* `covers` names the panels of the scale, such as "in the results". */
export const legendText = (mode, { peak, reach }, covers) => {
  const top = mode === "signed" ? reach : peak;
  if (!(top > 0)) return { low: `no evidence ${covers}`, high: "", bar: false };
  if (mode === "signed") return { low: `−${number(top)} against`, high: `for +${number(top)}`, bar: true };
  const strongest = `${number(top)}, the strongest ${covers}`;
  if (mode === "contour") return { low: "white line: 1/8 of", high: `${strongest}; yellow line: 1/2`, bar: false };
  if (mode === "spotlight") return { low: "dark: none", high: `clear: ${strongest}`, bar: false };
  return { low: "none", high: strongest, bar: true };
};

const REASONS = {
  addition: "an addition points to nothing in your picture",
  removal: "a removal leaves nothing to point at in a result",
  below_level: "below the level of noise",
};

/* What a panel without evidence says; `reason` comes from the server. */
export const noEvidenceText = (reason) => (REASONS[reason] ? `no evidence: ${REASONS[reason]}` : "no evidence");

/* A value, and which share of the scale it is. A share never exceeds 100 %: the scale ends at its greatest value. */
export const valueText = (value, { peak, reach }, mode) => {
  const top = mode === "signed" ? reach : peak;
  if (!(top > 0)) return number(value);
  const share = Math.min(100, Math.max(-100, Math.round((100 * value) / top)));
  return `${number(value)} · ${String(share).replace("-", "−")} %`;
};
