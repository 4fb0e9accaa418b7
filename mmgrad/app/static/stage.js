/* The answer: the reference with its map, the sentence as words, the grid of results, and what can be asked further.
   Drawn from what the server sent, step by step; ways to draw, words and places stay in the page. */
mmgrad.stage = (element, props, trigger, watch) => {
  const { el, panel, legend } = mmgrad;
  mmgrad.galleries = props.galleries;
  mmgrad.colours = Object.fromEntries(Object.entries(props.colours).map(([name, text]) => [name, mmgrad.bytes(text)]));
  let value = null; // what is shown
  let word = null; // index of the word whose evidence is shown; null for the whole sentence
  let reference = null;

  /* A closer question about what is shown: resolves to the answer, or to null where there is none to show any more. */
  const closer = async (kind, data) => {
    const { run, query } = value;
    const answer = await mmgrad.closer.ask(kind, (ticket) => trigger(kind, { ticket, query, ...data }));
    return value.run === run || kind === "take" ? answer : null; // a file is wanted whatever is shown by then
  };

  const hitMap = (index) => (word === null ? value.hits[index].map : value.words[word].hits[index]);
  const hitScale = () => (word === null ? value.scale : value.word_scale.hits);

  const live = el("p", { class: "mm-live", role: "status", "aria-live": "polite" });
  const sentence = el("div", { class: "mm-sentence", role: "group", "aria-label": "Words of your sentence", dir: "auto" });
  const about = el("p", { class: "mm-about" });
  const lookAt = el("p", { class: "mm-look", hidden: true });
  const sure = el("p", { class: "mm-about mm-sure", hidden: true });
  const leftOut = el("p", { class: "mm-about", hidden: true });
  const foundIn = el("h2", {});
  const referenceLegend = legend();
  const hitsLegend = legend();
  const referenceBox = el("div", { class: "mm-reference-box" });
  const grid = mmgrad.grid({ open: (index) => detail.open(index) });
  const place = mmgrad.place({ value: () => value, closer, mark: grid.mark });
  const lab = mmgrad.lab({ value: () => value, closer });
  const take = mmgrad.take({ value: () => value, closer });
  const trail = mmgrad.trail({
    show: (step, before) => {
      draw(step, before);
      trigger("step", { query: step.query });
    },
  });
  const progress = el("div", { class: "mm-progress", "aria-hidden": "true" }, el("span", {}), el("span", {}), el("span", {}));
  const body = el(
    "div",
    { class: "mm-stage", hidden: true },
    trail.element,
    mmgrad.toolbar(),
    progress,
    el(
      "div",
      { class: "mm-columns" },
      el(
        "section",
        { class: "mm-reference", "aria-label": "Reference" },
        el("h2", {}, "The sentence acts here"),
        lookAt,
        referenceBox,
        referenceLegend.element,
        sentence,
        about,
        place.element,
      ),
      el(
        "section",
        { class: "mm-results", "aria-label": "Results" },
        el("div", { class: "mm-bar" }, foundIn, hitsLegend.element),
        mmgrad.howToRead(),
        sure,
        leftOut,
        grid.element,
      ),
    ),
    lab.element,
    take.element,
  );
  element.replaceChildren(live, body);

  const detail = mmgrad.detail({
    parent: element,
    value: () => value,
    map: hitMap,
    scale: hitScale,
    choose: (id) => trigger("pick_hit", { id, gallery: value.query.gallery }),
    contrast: (id) => lab.tools.labContrast.open(id),
    check: (id) => lab.tools.labCheck.open(id),
  });

  const light = () => {
    const [map, scale] =
      word === null
        ? [value.reference.map, value.reference.scale]
        : [value.words[word].reference, value.word_scale.reference];
    reference.light(map, scale);
    referenceLegend.name(scale, word === null ? " here" : " word");
    if (value.hits) {
      grid.light(hitMap, hitScale());
      hitsLegend.name(hitScale(), word === null ? " of the first" : " word");
    }
    sentence.querySelectorAll("button").forEach((chip) =>
      chip.setAttribute("aria-pressed", String(chip.dataset.word === (word === null ? "all" : String(word)))));
    detail.refresh();
  };

  const drawReference = () => {
    reference = panel({ ...value.reference, alt: "The reference picture" });
    reference.element.style.setProperty("--aspect", String(value.reference.width / value.reference.height));
    referenceBox.replaceChildren(reference.element);
    place.on(reference);
    foundIn.textContent = mmgrad.galleries.length > 1
      ? `Found in “${value.query.gallery}”, and where the change shows`
      : "Found, and where the change shows";
    grid.wait(12);
    hitsLegend.element.hidden = true;
    sentence.replaceChildren(el("span", {}, value.text));
    about.textContent = "Weighing the words…";
    lookAt.hidden = !value.look_at;
    lookAt.textContent = value.look_at ?? "";
    leftOut.hidden = sure.hidden = true;
    lab.element.hidden = take.element.hidden = true;
    body.hidden = false;
    live.textContent = "Reference map ready.";
  };

  const drawHits = (before) => {
    grid.draw(value.hits, before);
    hitsLegend.element.hidden = false;
    sure.hidden = typeof value.confidence !== "number";
    if (!sure.hidden) sure.textContent = mmgrad.sureness(value.confidence);
    leftOut.hidden = !value.left_out;
    leftOut.textContent = value.left_out === 1 ? "One copy of the reference is left out." : `${value.left_out} copies of the reference are left out.`;
    live.textContent = `${value.hits.length} results.`;
  };

  const drawWords = () => {
    const chips = mmgrad.words(value.text, value.words, (index) => show(word === index ? null : index));
    const all = mmgrad.button("all words", () => show(null), { class: "mm-all", "data-word": "all" });
    sentence.replaceChildren(chips, all);
    about.textContent = "Click a word to see its own evidence. Colour: how much the first score falls without it.";
    live.textContent = `Done in ${value.seconds} seconds.`;
    lab.element.hidden = take.element.hidden = false;
    lab.reset();
    take.draw();
  };

  const show = (index) => {
    word = index;
    light();
  };

  /* Draw what is new since `from`, the parts of the same answer that stand already. */
  const draw = (next, before, from = null) => {
    value = next;
    const fresh = !from || from.run !== value.run;
    if (fresh) {
      word = null;
      detail.close();
      drawReference();
    }
    if (value.hits && (fresh || !from.hits)) drawHits(before);
    if (value.words && (fresh || !from.words)) drawWords();
    progress.dataset.step = value.words ? "3" : value.hits ? "2" : "1";
    light();
    mmgrad.look.prune();
    return fresh;
  };

  const update = () => {
    const next = props.value;
    if (!next || !next.reference) return;
    const fresh = draw(next, trail.compared(next.query), value);
    if (next.words) {
      mmgrad.rest();
      trail.add(next);
    } else body.classList.remove("mm-busy");
    if (fresh && body.getBoundingClientRect().top > innerHeight / 3) mmgrad.scrollTo(body);
  };

  /* A question is on its way: dim what is shown. */
  mmgrad.busy = () => {
    body.classList.add("mm-busy");
    document.documentElement.dataset.mmBusy = "";
    live.textContent = "Working…";
  };
  mmgrad.rest = () => {
    body.classList.remove("mm-busy");
    progress.dataset.step = "3";
    delete document.documentElement.dataset.mmBusy;
  };
  /* Called off: what came stays, and nothing more is promised. */
  mmgrad.stop = () => {
    mmgrad.rest();
    if (!value || value.words) return;
    about.textContent = live.textContent = "Called off.";
    if (!value.hits) grid.wait(0);
  };
  /* A result has become the reference: ask for the next change. */
  mmgrad.onward = () => {
    detail.close();
    mmgrad.scrollTo(document.getElementById("mm-ask"));
    mmgrad.field()?.focus({ preventScroll: true });
    mmgrad.field()?.select();
  };
  watch("value", update);
  update();
  const link = mmgrad.link.read(location.search);
  if (link) requestAnimationFrame(() => trigger("reopen", { query: link }));
};

/* How sure the search is that its first result is the picture that was asked for. */
mmgrad.sureness = (chance) => {
  const percent = Math.round(100 * chance);
  const odds = percent < 1 ? "under 1 %" : percent > 99 ? "over 99 %" : `${percent} %`;
  const advice = chance < 0.25 ? " The gallery may not have it, or the sentence may not fit the picture." : "";
  return `Chance that the first is the one you mean: ${odds}.${advice}`;
};

/* How to read an answer, beside the first one; it can be folded away. */
mmgrad.howToRead = () => {
  const { el } = mmgrad;
  return el(
    "details",
    { class: "mm-how", open: true },
    el("summary", {}, "How to read this"),
    el(
      "ul",
      {},
      el("li", {}, "Left, the region that the sentence is changing. Right, where that change shows in each result."),
      el("li", {}, "All results share one scale, that of the first: the same colour is the same evidence. Hover or tap for the value."),
      el("li", {}, "“No evidence” is an answer: an addition has nothing to mark in the reference, a removal nothing in the result."),
      el("li", {}, "Click a word, a place in the reference, or a result."),
    ),
  );
};
