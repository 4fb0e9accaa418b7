/* A text as it was written, its words as chips coloured by their weight. Offsets count code points, as Python does. */

/* `words` have start, end, weight and tone in [-1, 1]; `onclick(index)` makes buttons of them, else they are only shown. */
mmgrad.words = (text, words, onclick = null) => {
  const { el, signed } = mmgrad;
  const letters = Array.from(text);
  const parts = [];
  let done = 0;
  words.forEach((each, index) => {
    parts.push(letters.slice(done, each.start).join(""));
    const attributes = {
      class: each.weight < 0 ? "mm-word mm-against" : "mm-word",
      style: { "--tone": String(Math.abs(each.tone)) },
      title: `weight ${signed(each.weight)}`,
    };
    const word = letters.slice(each.start, each.end).join("");
    parts.push(
      onclick
        ? el("button", { type: "button", "data-word": String(index), onclick: () => onclick(index), ...attributes }, word)
        : el("span", attributes, word),
    );
    done = each.end;
  });
  parts.push(letters.slice(done).join(""));
  return el("span", { class: "mm-text", dir: "auto" }, ...parts);
};
