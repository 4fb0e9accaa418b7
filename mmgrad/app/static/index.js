/* The page's entry. Gradio's parts call the functions of the first group with (element, props, trigger, watch); its
   events call those of the second group without arguments. See mmgrad/app/parts.py. */

export { badPicture } from "./errors.js";
export { exampleOpened, examples } from "./examples.js";
export { followUp, onError } from "./follow-up.js";
export { footer } from "./footer.js";
export { gallery } from "./galleries.js";
export { hints } from "./prompt.js";
export { adoptFields } from "./question.js";
export { report } from "./report.js";
export { resultChosen, results } from "./results.js";
export { setCancelled, setFailed, setIdle } from "./status.js";

import { adoptFields } from "./question.js";
import { setBusy } from "./status.js";

/* The server set the fields from a link, and asks the question of them. */
export const questionReopened = () => {
  adoptFields();
  setBusy();
};
