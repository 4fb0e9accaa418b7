/* The check: cover what the map marks in a result, and as much elsewhere, and watch score and rank. */
mmgrad.labCheck = ({ value, closer }) => {
  const { el, button, signed } = mmgrad;
  const result = mmgrad.resultChoice("In", () => place.replaceChildren());
  const place = el("div", {});

  const card = (title, { picture, score, rank }, whole) =>
    el(
      "figure",
      { class: "mm-figure" },
      el("figcaption", {}, title),
      el("div", { class: "mm-cover" }, el("img", { src: picture, alt: title })),
      el("div", { class: "mm-gauge", "aria-hidden": "true" }, el("span", { style: { "--share": String(Math.max(0, score)) } })),
      el("p", {}, el("b", {}, `score ${score.toFixed(3)}`), whole ? ` (${signed(score - whole.score)})` : ""),
      el("p", {}, el("b", {}, `rank ${rank}`), whole && rank !== whole.rank ? ` (was ${whole.rank})` : ""),
    );

  const draw = (answer) => {
    const { whole, marked, elsewhere, places, cost } = answer;
    const share = `${Math.round(100 * answer.share)} %`;
    const elsewhereCost = answer.cost_elsewhere;
    const told =
      `Covering the marked ${share} of the picture changes the score by ${signed(-cost)} and the rank from ${whole.rank} to ` +
      `${marked.rank}; covering as much elsewhere, in ${places} places, by ${signed(-elsewhereCost)} on average, to rank ` +
      `${answer.rank_elsewhere} in the middle.`;
    const verdict =
      elsewhereCost === null
        ? "The marked region leaves no room to cover as much elsewhere."
        : cost > elsewhereCost
          ? `${told} What the map marks counts more.`
          : `${told} Here what the map marks does not count more.`;
    place.replaceChildren(
      el("p", { class: "mm-verdict", role: "status" }, verdict),
      el(
        "div",
        { class: "mm-cards" },
        card("As it is", whole),
        card("Region covered", marked, whole),
        ...elsewhere.map((each) => card("As much elsewhere", each, whole)),
      ),
    );
  };

  const run = async () => {
    const answer = await mmgrad.waiting(place, closer("check", { id: result.id }));
    if (answer) draw(answer);
  };

  const fill = (id) => {
    const { hits } = value();
    const shown = hits.filter((hit) => !hit.map.empty);
    result.fill(shown.length ? shown : hits, id ?? (shown[0] ?? hits[0]).id);
  };

  return {
    element: el(
      "div",
      { class: "mm-tool-body" },
      el("div", { class: "mm-choices" }, result.element, button("Cover and rank again", run, { class: "mm-plain mm-run" })),
      place,
    ),
    ready: () => result.id || fill(),
    choose: (id) => {
      fill(id);
      result.id = id;
      run();
    },
    reset: () => {
      place.replaceChildren();
      if (value().hits) fill();
    },
  };
};
