/* The same pictures explained with the text and without it, side by side. */
mmgrad.labBlind = ({ value, closer }) => {
  const { el, panel, legend } = mmgrad;
  const place = el("div", {});

  const column = (title, about, over, targets) => {
    const { reference, hits } = value();
    const top = panel({ ...reference, alt: "The reference picture", shape: 1, fixed: "heat" });
    top.light(over.map, { peak: over.peak });
    const below = hits.slice(0, 3).map((hit, index) => {
      const each = panel({ ...hit, alt: hit.caption || `Result ${hit.rank}`, shape: 1, fixed: "heat" });
      each.light(targets.maps[index], { peak: targets.peak });
      return mmgrad.figure(`Result ${hit.rank}`, each);
    });
    const [here, there] = [legend("heat"), legend("heat")];
    here.name({ peak: over.peak }, " in the reference");
    there.name({ peak: targets.peak }, " in the results");
    return el(
      "div",
      { class: "mm-column" },
      el("h3", {}, title),
      el("p", { class: "mm-soft" }, about),
      el("div", { class: "mm-quartet" }, mmgrad.figure("Reference", top), ...below),
      here.element,
      there.element,
    );
  };

  const draw = (answer) => {
    const { reference, hits, scale } = value();
    place.replaceChildren(
      el(
        "div",
        { class: "mm-pair" },
        column("MMGrad", "Conditioned on the sentence: the gradient of what the text changes.",
          { map: reference.map, peak: reference.scale.peak }, { maps: hits.map((hit) => hit.map), peak: scale.peak }),
        column("Text-blind Grad-CAM", "What makes reference and result alike; it never reads the sentence.",
          { map: answer.reference.map, peak: answer.reference.peak }, { maps: answer.targets, peak: answer.targets_peak }),
      ),
      el("p", { class: "mm-soft" }, "The two signals have different units, so each column has scales of its own. Change the sentence: " +
        "only the left column follows it."),
    );
  };

  const show = async () => {
    if (place.firstChild) return;
    const ids = value().hits.slice(0, 3).map((hit) => hit.id);
    const answer = await mmgrad.waiting(place, closer("text_blind", { ids }));
    if (answer) draw(answer);
  };

  return {
    element: el("div", { class: "mm-tool-body" }, place),
    ready: show,
    choose: show,
    reset: () => place.replaceChildren(),
  };
};
