/* The answer: the picture with its map, the sentence as words, the grid of results, and what can be asked further.
   Drawn from what the server sent, step by step; modes, words and points stay in the page. */
import { createAnalysis } from "./analysis/analysis.js";
import { configure, galleryOf, severalGalleries } from "./config.js";
import { currentModeName, legend, prune, toolbar } from "./display.js";
import { button, el, scrollTo } from "./dom.js";
import { createExport } from "./export.js";
import { focusPrompt } from "./fields.js";
import { askFollowUp } from "./follow-up.js";
import { confidenceText } from "./format.js";
import { createHistory } from "./history.js";
import { howToRead } from "./how-to-read.js";
import { readLink } from "./link.js";
import { createPanel } from "./panel.js";
import { createProbe } from "./probe-point.js";
import { adoptFields, forgetQuestion, onStale, questionAnswered } from "./question.js";
import { createDialog } from "./result-dialog.js";
import { createGrid } from "./result-grid.js";
import { snapshot, snapshotTitle } from "./snapshot.js";
import { isBusy, onStatus, setIdle } from "./status.js";
import { wordChips, wordOf } from "./words.js";

const WORKING = "Working…";
const CANCELLED = "Cancelled.";

let shownDialog = null;

/* A result has become the reference: on to the next change. */
export const resultChosen = () => {
  shownDialog?.close();
  scrollTo(document.getElementById("mm-ask"));
  focusPrompt();
};

export const results = (element, props, trigger, watch) => {
  configure(props);
  let value = null; // what is shown
  let word = null; // index of the word whose evidence is shown; null for the whole sentence
  let reference = null;
  let change = null; // what the visitor changed since: "text", "picture" or null

  /* A question about what is shown: resolves to its answer, or to null where another answer is shown by then. */
  const followUp = async (kind, data) => {
    const { run, query } = value;
    const answer = await askFollowUp(kind, (ticket) => trigger(kind, { ticket, query, ...data }));
    return value.run === run || kind === "take" ? answer : null; // a file is wanted whatever is shown
  };

  const hitMap = (index) => (word === null ? value.hits[index].map : value.words[word].hits[index]);
  const withColors = (scale) => ({ ...scale, colors: value.colors });
  const hitScale = () => withColors(word === null ? value.scale : value.word_scale.hits);
  const hitCovers = () => (word === null ? "in the results" : "of any word in the results");

  const live = el("p", { class: "mm-live", role: "status", "aria-live": "polite" });
  const stale = el("p", { class: "mm-stale", role: "status", hidden: true });
  const sentence = el("div", {
    class: "mm-sentence",
    role: "group",
    "aria-label": "Words of your sentence",
    dir: "auto",
  });
  const about = el("p", { class: "mm-about" });
  const lookAt = el("p", { class: "mm-look-at", hidden: true });
  const notes = el("ul", { class: "mm-text-notes", role: "status", hidden: true });
  const confidence = el("p", { class: "mm-about mm-confidence", hidden: true });
  const excluded = el("p", { class: "mm-about", hidden: true });
  const heading = el("h2", { tabindex: "-1", id: "mm-answer-start" }, "What your words change");
  const foundIn = el("h2", {});
  const referenceLegend = legend();
  const hitsLegend = legend();
  const referenceBox = el("div", { class: "mm-reference-box" });
  const help = howToRead();
  let helped = false; // whether the help was open beside an answer of the visitor's own
  const grid = createGrid({ open: (index) => dialog.open(index) });
  const probe = createProbe({ value: () => value, followUp, mark: grid.mark });
  const analysis = createAnalysis({ value: () => value, followUp });
  const share = createExport({ value: () => value, followUp, picture: () => pictureOfView() });
  const history = createHistory({
    show: (step, before) => {
      draw(step, before);
      adoptFields();
      trigger("step", { query: step.query });
    },
  });
  const progress = el("div", { class: "mm-progress", "aria-hidden": "true" });
  progress.append(...Array.from({ length: 3 }, () => el("span", {})));
  const body = el(
    "div",
    { class: "mm-answer", hidden: true },
    stale,
    history.element,
    toolbar(),
    progress,
    el(
      "div",
      { class: "mm-columns" },
      el(
        "section",
        { class: "mm-reference", "aria-label": "Your picture" },
        heading,
        lookAt,
        notes,
        referenceBox,
        referenceLegend.element,
        sentence,
        about,
        probe.element,
      ),
      el(
        "section",
        { class: "mm-results", "aria-label": "Results" },
        el("div", { class: "mm-bar" }, foundIn, hitsLegend.element),
        help,
        confidence,
        excluded,
        grid.element,
      ),
    ),
    analysis.element,
    share.element,
  );
  element.replaceChildren(live, body);

  const dialog = createDialog({
    parent: element,
    value: () => value,
    map: hitMap,
    scale: hitScale,
    covers: hitCovers,
    choose: (id) => trigger("pick_hit", { id, gallery: value.query.gallery }),
    contrast: (id) => analysis.tools.contrast.open(id),
    check: (id) => analysis.tools.occlusion.open(id),
  });
  shownDialog = dialog;

  const referenceMap = () => (word === null ? value.reference.map : value.words[word].reference);
  const referenceScale = () => withColors(word === null ? value.reference.scale : value.word_scale.reference);

  const showMaps = () => {
    reference.showMap(referenceMap(), referenceScale());
    referenceLegend.show(referenceScale(), word === null ? "in your picture" : "of any word in your picture");
    if (value.hits) {
      grid.showMaps(hitMap, hitScale());
      hitsLegend.show(hitScale(), hitCovers());
    }
    const chosen = word === null ? "all" : String(word);
    for (const chip of sentence.querySelectorAll("button")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.word === chosen));
    }
    dialog.refresh();
  };

  const pictureOfView = () => {
    const name = word === null ? null : wordOf(value.text, value.words[word]);
    const scales = { reference: referenceScale().peak, hits: hitScale().peak };
    const cards = Array.from(grid.element.children).map((card, index) => {
      const { rank, score, caption, id } = value.hits[index];
      return { element: card, caption: `${rank}  ${score.toFixed(3)}  ${caption || id}` };
    });
    const own = { element: reference.element, caption: "Your picture" };
    return snapshot(snapshotTitle(value, name, currentModeName(), scales), [own, ...cards]);
  };

  /* What the model did not read or does not know of the text. */
  const drawNotes = () => {
    notes.hidden = !value.notes?.length;
    notes.replaceChildren(...(value.notes ?? []).map((note) => el("li", { dir: "auto" }, note)));
  };

  const drawReference = () => {
    reference = createPanel({ ...value.reference, alt: "Your picture" });
    reference.element.style.setProperty("--aspect", String(value.reference.width / value.reference.height));
    referenceBox.replaceChildren(reference.element);
    probe.listenTo(reference);
    foundIn.textContent = severalGalleries()
      ? `Best matches in “${value.query.gallery}”, and where the change appears`
      : "Best matches, and where the change appears";
    grid.wait(galleryOf(value.query).results);
    hitsLegend.element.hidden = true;
    sentence.replaceChildren(el("span", {}, value.text));
    about.textContent = "Finding which words mattered…";
    lookAt.hidden = !value.look_at;
    lookAt.textContent = value.look_at ?? "";
    excluded.hidden = confidence.hidden = true;
    analysis.element.hidden = share.element.hidden = true;
    body.hidden = false;
    document.documentElement.dataset.mmAnswer = "";
    live.textContent = "The map of your picture is ready.";
  };

  const drawHits = (before) => {
    grid.draw(value.hits, before);
    hitsLegend.element.hidden = false;
    confidence.textContent =
      typeof value.confidence === "number"
        ? confidenceText(value.confidence)
        : "How likely the top result is what you asked for is known only for the normal weight of the text.";
    confidence.hidden = typeof value.confidence !== "number" && value.query.text_weight === 1; // none was calibrated
    excluded.hidden = !value.excluded;
    excluded.textContent =
      value.excluded === 1
        ? "One copy of your picture is hidden."
        : `${value.excluded} copies of your picture are hidden.`;
    live.textContent = `${value.hits.length} results.`;
  };

  const drawWords = () => {
    const chips = wordChips(value.text, value.words, (index) => showWord(word === index ? null : index));
    const all = button("all words", () => showWord(null), { class: "mm-all", "data-word": "all" });
    sentence.replaceChildren(chips, all);
    about.textContent =
      "Orange words raise the top result's score, blue words lower it. Click a word to see where it acts.";
    live.textContent = `Done in ${value.seconds} seconds.`;
    analysis.element.hidden = share.element.hidden = false;
    analysis.reset();
    share.draw();
  };

  const showWord = (index) => {
    word = index;
    showMaps();
  };

  /* Draw what is new since `from`, the parts of the same answer that are shown already. */
  const draw = (next, before, from = null) => {
    value = next;
    const fresh = !from || from.run !== value.run;
    if (fresh) {
      word = null;
      dialog.close();
      drawReference();
    }
    if (value.hits && (fresh || !from.hits)) drawHits(before);
    if (value.words && (fresh || !from.words)) drawWords();
    drawNotes();
    progress.dataset.step = value.words ? "3" : value.hits ? "2" : "1";
    showMaps();
    prune();
    return fresh;
  };

  /* Say that the answer belongs to another question than the fields hold. */
  const tellStale = () => {
    const arrival = value?.arrival && !isBusy();
    stale.hidden = isBusy() || !value || (!change && !arrival);
    if (stale.hidden) return;
    stale.textContent = arrival
      ? `An example, answered: “${value.text}”. Give your own picture and words above, or try another example.`
      : `These results answer “${value.text}”${change === "picture" ? " for an earlier picture" : ""}. Press “Search and explain” to update them.`;
  };

  const update = () => {
    const next = props.value;
    if (!next?.reference) return;
    const fresh = draw(next, history.compared(next.query), value);
    if (!next.arrival && !helped) helped = help.open = true;
    if (next.arrival) forgetQuestion();
    else if (fresh) questionAnswered();
    if (next.words) {
      if (!next.arrival) setIdle();
      history.add(next);
    } else body.classList.remove("mm-busy");
    tellStale();
    if (fresh && !next.arrival && body.getBoundingClientRect().top > innerHeight / 3) scrollTo(body);
  };

  onStale((changed) => {
    change = changed;
    tellStale();
  });
  onStatus((status) => {
    body.classList.toggle("mm-busy", status === "busy");
    if (status === "busy") live.textContent = WORKING;
    else {
      progress.dataset.step = "3";
      if (status !== "idle" && live.textContent === WORKING) live.textContent = "";
      if (status === "cancelled") {
        live.textContent = CANCELLED;
        if (value && !value.words) {
          about.textContent = CANCELLED;
          if (!value.hits) grid.wait(0);
        }
      }
    }
    tellStale();
  });
  watch("value", update);
  update();
  const link = readLink(location.search);
  if (link) requestAnimationFrame(() => trigger("reopen", { query: link }));
};
