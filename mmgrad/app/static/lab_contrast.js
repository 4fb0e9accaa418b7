/* Why this and not that: the match of the query with one result less that with another, at the reference and at both. */
mmgrad.labContrast = ({ value, closer }) => {
  const { el, panel, legend, signed } = mmgrad;
  const ask = () => show();
  const first = mmgrad.resultChoice("Why", ask);
  const second = mmgrad.resultChoice("and not", ask);
  const place = el("div", {});
  const element = el("div", { class: "mm-tool-body" }, el("div", { class: "mm-choices" }, first.element, second.element), place);
  let asked = null;

  const draw = (answer) => {
    const { hits, reference, text } = value();
    const pair = [answer.first, answer.second].map((id) => hits.find((hit) => hit.id === id));
    const gap = answer.scores[0] - answer.scores[1];
    const left = panel({ ...reference, alt: "The reference picture", shape: 1, fixed: "signed" });
    left.light({ ...answer.reference.map, empty: false }, { reach: answer.reference.reach });
    const scale = { reach: answer.targets_reach };
    const panels = pair.map((hit, index) => {
      const each = panel({ ...hit, alt: hit.caption || `Result ${hit.rank}`, shape: 1, fixed: "signed" });
      each.light({ ...answer.targets[index], empty: false }, scale);
      return each;
    });
    const [over, under] = [legend("signed"), legend("signed")];
    over.name({ reach: answer.reference.reach });
    under.name(scale);
    place.replaceChildren(
      el("p", {}, `The query matches result ${pair[0].rank} with ${answer.scores[0].toFixed(3)} and result ${pair[1].rank} with ` +
        `${answer.scores[1].toFixed(3)}: ${signed(gap)}. Orange words and places speak for ${pair[0].rank}, blue ones for ${pair[1].rank}.`),
      el("div", { class: "mm-sentence", role: "group", "aria-label": "Which words prefer the first" },
        mmgrad.words(text, answer.words)),
      el(
        "div",
        { class: "mm-trio" },
        mmgrad.figure(`Reference: orange for ${pair[0].rank}, blue for ${pair[1].rank}`, left, over.element),
        mmgrad.figure(`Result ${pair[0].rank}: for and against the query`, panels[0], under.element),
        mmgrad.figure(`Result ${pair[1].rank}: for and against the query`, panels[1]),
      ),
    );
  };

  const show = async () => {
    const pair = `${first.id}\n${second.id}`;
    if (pair === asked) return;
    asked = pair;
    if (first.id === second.id) {
      place.replaceChildren(el("p", { class: "mm-soft" }, "Choose two different results."));
      return;
    }
    const answer = await mmgrad.waiting(place, closer("contrast", { first: first.id, second: second.id }));
    if (answer) draw(answer);
    else if (pair === asked) asked = null; // it may be asked again
  };

  const fill = (one, other) => {
    const { hits } = value();
    first.fill(hits, one ?? hits[0].id);
    second.fill(hits, other ?? hits[Math.min(1, hits.length - 1)].id);
  };

  return {
    element,
    ready: () => {
      if (!first.id) fill();
      show();
    },
    choose: (id) => {
      const [best, next] = value().hits;
      if (id === best.id) fill(id, next?.id);
      else fill(best.id, id);
      show();
    },
    reset: () => {
      asked = null;
      place.replaceChildren();
      if (value().hits) fill();
    },
  };
};
