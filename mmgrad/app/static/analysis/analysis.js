/* Three closer questions, each behind its own heading. */
import { el, scrollTo } from "../dom.js";
import { contrastTool } from "./contrast.js";
import { gradcamTool } from "./gradcam.js";
import { occlusionTool } from "./occlusion.js";

/* A tool has `element`, `ready()` for the first opening, `choose(id)` to be sent to with a result, and `reset()` for
   another answer. */
const TOOLS = {
  contrast: [contrastTool, "Why this and not that?", "Compare two results."],
  gradcam: [gradcamTool, "Does it read the text?", "The same pictures explained with your words and without them."],
  occlusion: [occlusionTool, "Can I trust this map?", "Hide the marked area and rank again; hide other areas as well."],
};

export const createAnalysis = (context) => {
  const tools = {};
  const section = ([name, [create, title, about]]) => {
    const tool = create(context);
    const element = el(
      "details",
      { class: "mm-tool", name: "mm-analysis", ontoggle: () => element.open && tool.ready() },
      el("summary", {}, el("span", { class: "mm-question" }, title), el("span", { class: "mm-soft" }, about)),
      tool.element,
    );
    tools[name] = {
      reset: () => {
        element.open = false;
        tool.reset();
      },
      open: (id) => {
        element.open = true;
        tool.choose(id);
        scrollTo(element);
      },
    };
    return element;
  };
  const element = el(
    "section",
    { class: "mm-analysis", "aria-label": "Closer questions", hidden: true },
    el("h2", {}, "Look closer"),
    ...Object.entries(TOOLS).map(section),
  );
  return { element, tools, reset: () => Object.values(tools).forEach((tool) => tool.reset()) };
};
