/* A place in the reference: which words and which results respond there. Pointed at, or moved to with the arrow keys. */
mmgrad.place = ({ value, closer, mark }) => {
  const { el } = mmgrad;
  const pin = el("span", { class: "mm-pin", "aria-hidden": "true" });
  const hint = "Tap a place in the picture to see which words and which results respond there.";
  const said = el("p", { class: "mm-place", role: "status" }, hint);
  let at = null;
  let maps = null; // one for each result, once they were asked for
  let asking = false;
  let panel = null;

  const strongest = (pairs) => pairs.filter(([, share]) => share > 0.1).sort((a, b) => b[1] - a[1]).slice(0, 3);

  const tell = () => {
    const { words, word_scale: scale, reference, text } = value();
    const read = (map) => mmgrad.valueAt(map, reference.box, ...at);
    const letters = Array.from(text);
    const heard = strongest(words.map((each) => [each, read(each.reference) / (scale.reference.peak || 1)]));
    const names = heard.map(([each, share]) => `“${letters.slice(each.start, each.end).join("")}” ${Math.round(100 * share)} %`);
    const parts = [names.length ? `Here: ${names.join(", ")} of the strongest word.` : "No word responds here."];
    if (maps) {
      const found = strongest(maps.maps.map((map, index) => [index, read(map) / (maps.reach || 1)]));
      mark(found.map(([index]) => index));
      const ranks = found.map(([index]) => value().hits[index].rank).join(", ");
      parts.push(ranks ? `It speaks most for result ${ranks}.` : "It speaks for none of the results.");
    } else if (asking) parts.push("Asking the results…");
    said.textContent = parts.join(" ");
  };

  const go = async (x, y) => {
    if (!value()?.words) return;
    at = [x, y];
    pin.style.left = `${100 * x}%`;
    pin.style.top = `${100 * y}%`;
    panel.fit.append(pin);
    const first = !maps && !asking; // the results answer for every place, so once is enough
    asking = asking || first;
    tell();
    if (!first) return;
    const asked = panel;
    const answer = await closer("responses", { ids: value().hits.map((hit) => hit.id) });
    if (panel !== asked) return; // another answer is shown by now
    asking = false;
    maps = answer;
    tell();
  };

  const STEP = 1 / 14; // a cell of the map
  const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

  return {
    element: said,
    /* Listen to the reference's panel, which is another one for every answer. */
    on(reference) {
      panel = reference;
      at = null;
      maps = null;
      asking = false;
      said.textContent = hint;
      panel.fit.addEventListener("click", (event) => go(...panel.point(event)));
      panel.fit.tabIndex = 0;
      panel.fit.setAttribute("role", "group");
      panel.fit.setAttribute("aria-label", "Reference. Arrow keys move over it and tell what responds there.");
      panel.fit.addEventListener("keydown", (event) => {
        const move = MOVES[event.key];
        if (!move) return;
        event.preventDefault();
        const [x, y] = at ?? [0.5, 0.5];
        go(...[x + move[0], y + move[1]].map((each) => Math.min(Math.max(each, 0), 1)));
      });
    },
  };
};
