/* The lines of Python that repeat a search. A JSON string is a Python string too. */

const EXAMPLE = "example:";

/* The picture of a question as a Python expression, and a comment where it needs one. `galleries` are those of the
   page; `own` is the one that was searched. */
const pictureExpression = (name, galleries, own) => {
  if (name.startsWith(EXAMPLE)) return ["picture", ""];
  const from = galleries.find((each) => name.startsWith(each.prefix));
  if (!from) return ['"your-picture.png"', "  # the picture that you uploaded"];
  const id = JSON.stringify(name.slice(from.prefix.length));
  if (from === own) return [`engine.gallery.folder / ${id}`, ""];
  return [id, `  # a picture of the gallery ${JSON.stringify(from.name)}`];
};

export const pythonLines = ({ query, hits, model, gallery }, galleries) => {
  const own = galleries.find((each) => each.name === query.gallery);
  const [picture, comment] = pictureExpression(query.picture, galleries, own);
  const example = query.picture.startsWith(EXAMPLE) && JSON.stringify(query.picture.slice(EXAMPLE.length));
  const options = [
    `top_k=${hits.length}`,
    ...(query.text_weight === 1 ? [] : [`text_weight=${query.text_weight}`]),
    ...(query.exclude_duplicates ? ["exclude_duplicates=True"] : []),
  ];
  const included = own.included && own.included !== "GALLERY"; // `load` takes that one by itself
  const load = own.included === "GALLERY" ? "" : `gallery=${included ? own.included : JSON.stringify(gallery)}`;
  return [
    "import mmgrad",
    ...(example ? ["from mmgrad.app.examples import load_examples"] : []),
    "from mmgrad.render.figure import figure",
    ...(included ? [`from mmgrad.utils.resources import ${own.included}`] : []),
    "",
    `engine = mmgrad.load(${load})  # model ${JSON.stringify(model)}, gallery ${JSON.stringify(gallery)}`,
    ...(example ? [`picture = next(each.path for each in load_examples() if each.id == ${example})`] : []),
    `explanation = engine.explain(${picture}, ${JSON.stringify(query.text)}, ${options.join(", ")})${comment}`,
    'figure(explanation).savefig("explanation.pdf")',
  ].join("\n");
};
