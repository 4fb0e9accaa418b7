/* The result: the reference with its map, the sentence as words, the grid of results. Drawn from what the server sent,
   step by step; clicks on words and the slider stay in the page. */
mmgrad.stage = (element, props, trigger, watch) => {
  const { el, panel, legend, number } = mmgrad;
  let value = null; // what the server sent last
  let word = null; // index of the word whose evidence is shown; null for the whole sentence
  let panels = []; // of the hits
  let note = null; // what to look at, for an example

  const live = el("p", { class: "mm-live", role: "status", "aria-live": "polite" });
  const sentence = el("div", { class: "mm-sentence", role: "group", "aria-label": "Words of your sentence", dir: "auto" });
  const about = el("p", { class: "mm-about" });
  const lookAt = el("p", { class: "mm-look", hidden: true });
  const referenceLegend = legend(props.legend, "");
  const hitsLegend = legend(props.legend, "");
  const referenceBox = el("div", { class: "mm-reference-box" });
  const grid = el("ol", { class: "mm-grid" });
  const body = el(
    "div",
    { class: "mm-stage", hidden: true },
    el(
      "section",
      { class: "mm-reference", "aria-label": "Reference" },
      el("h2", {}, "The sentence acts here"),
      referenceBox,
      referenceLegend.element,
      sentence,
      about,
      lookAt,
      mmgrad.opacity(),
    ),
    el(
      "section",
      { class: "mm-results", "aria-label": "Results" },
      el("div", { class: "mm-bar" }, el("h2", {}, "Found, and where the change shows"), hitsLegend.element),
      grid,
    ),
  );
  element.replaceChildren(live, body);

  const detail = mmgrad.detail({
    parent: element,
    hits: () => value.hits,
    heat: (index) => hitHeat(index),
    scale: () => hitsScale(),
    legend: props.legend,
    choose: (id) => trigger("pick_hit", { id }),
  });

  const hitHeat = (index) => (word === null ? value.hits[index].heat : value.words[word].hits[index]);
  const hitsScale = () =>
    word === null ? `strongest result (${number(value.scale)})` : `strongest word (${number(value.word_scale.hits)})`;

  const light = () => {
    const shown = word === null ? value.reference : value.words[word];
    reference.light(word === null ? shown.heat : shown.reference);
    const scale = word === null ? value.reference.scale : value.word_scale.reference;
    referenceLegend.name(`${word === null ? "strongest here" : "strongest word"} (${number(scale)})`);
    panels.forEach((each, index) => each.light(hitHeat(index)));
    if (value.hits) hitsLegend.name(hitsScale());
    sentence.querySelectorAll("button").forEach((chip) =>
      chip.setAttribute("aria-pressed", String(chip.dataset.word === (word === null ? "all" : String(word)))));
    detail.refresh();
  };

  let reference = null;
  const drawReference = () => {
    reference = panel({ ...value.reference, alt: "The reference picture", shape: null });
    const aspect = value.reference.width / value.reference.height;
    reference.element.style.setProperty("--aspect", String(aspect));
    referenceBox.replaceChildren(reference.element);
    panels = [];
    grid.replaceChildren(...Array.from({ length: 12 }, () => el("li", { class: "mm-wait", "aria-hidden": "true" })));
    sentence.replaceChildren(el("span", {}, value.text));
    about.textContent = "Weighing the words…";
    lookAt.hidden = !note;
    lookAt.textContent = note ?? "";
    body.hidden = false;
    live.textContent = "Reference map ready.";
  };

  const drawHits = () => {
    panels = value.hits.map((hit) => panel({ ...hit, alt: hit.caption || `Result ${hit.rank}`, shape: 1 }));
    grid.replaceChildren(
      ...value.hits.map((hit, index) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: "mm-hit", onclick: () => detail.open(index) },
            panels[index].element,
            el(
              "span",
              { class: "mm-caption" },
              el("b", {}, String(hit.rank)),
              el("span", { class: "mm-title" }, hit.caption || hit.id),
              el("span", { class: "mm-score", title: "cosine similarity" }, hit.score.toFixed(3)),
            ),
          ),
        ),
      ),
    );
    live.textContent = `${value.hits.length} results.`;
  };

  /* The sentence as it was written, its words as buttons. Offsets count code points, as Python does. */
  const drawWords = () => {
    const letters = Array.from(value.text);
    const parts = [];
    let done = 0;
    value.words.forEach((each, index) => {
      parts.push(letters.slice(done, each.start).join(""));
      const sign = each.weight < 0 ? "−" : "+";
      parts.push(
        el(
          "button",
          {
            type: "button",
            class: each.weight < 0 ? "mm-word mm-against" : "mm-word",
            style: { "--tone": String(Math.abs(each.tone)) },
            title: `weight ${sign}${Math.abs(each.weight).toFixed(3)}`,
            "data-word": String(index),
            onclick: () => show(word === index ? null : index),
          },
          letters.slice(each.start, each.end).join(""),
        ),
      );
      done = each.end;
    });
    parts.push(letters.slice(done).join(""));
    sentence.replaceChildren(
      el("span", { class: "mm-text", dir: "auto" }, ...parts),
      el("button", { type: "button", class: "mm-all", "data-word": "all", onclick: () => show(null) }, "all words"),
    );
    about.textContent = "Click a word to see its own evidence. Colour: how much the first score falls without it.";
    live.textContent = `Done in ${value.seconds} seconds.`;
  };

  const show = (index) => {
    word = index;
    light();
  };

  const update = () => {
    const before = value;
    value = props.value;
    if (!value || !value.reference) return;
    const fresh = !before || before.run !== value.run;
    if (fresh) {
      word = null;
      detail.close();
      drawReference();
    }
    if (value.hits && (fresh || !before.hits)) drawHits();
    if (value.words && (fresh || !before.words)) drawWords();
    light();
    if (value.words) mmgrad.rest();
    else body.classList.remove("mm-busy");
    if (fresh && body.getBoundingClientRect().top > innerHeight / 3) mmgrad.scrollTo(body);
  };

  /* A question is on its way: dim what is shown. `text` says what to look at in an example. */
  mmgrad.busy = (text = null) => {
    note = text;
    body.classList.add("mm-busy");
    document.getElementById("mm-go")?.setAttribute("data-busy", "");
    live.textContent = "Working…";
  };
  mmgrad.rest = () => {
    body.classList.remove("mm-busy");
    document.getElementById("mm-go")?.removeAttribute("data-busy");
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
};
