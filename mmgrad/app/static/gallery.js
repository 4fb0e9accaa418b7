/* The choice among several galleries, and what the page knows of each: { name, prefix, shipped }. */
mmgrad.galleries = [];

mmgrad.galleryOf = ({ gallery }) => mmgrad.galleries.find((each) => each.name === gallery);

/* The name of a picture that was found, as a link and the server know it. */
mmgrad.pictureOf = (query, id) => `${mmgrad.galleryOf(query).prefix}${id}`;

/* The gallery that is chosen now; undefined where there is only one. */
mmgrad.chosen = () => document.querySelector("#mm-gallery select")?.value;

mmgrad.gallery = (element, props, trigger, watch) => {
  const { el } = mmgrad;
  const select = el(
    "select",
    { onchange: () => (props.value = select.value) },
    ...props.choices.map(([name, count]) => el("option", { value: name }, `${name} (${mmgrad.pictures(count)})`)),
  );
  const update = () => (select.value = props.value);
  element.replaceChildren(el("label", { class: "mm-choice" }, "Search in", select));
  watch("value", update);
  update();
};

mmgrad.pictures = (count) => (count === 1 ? "1 picture" : `${count.toLocaleString("en")} pictures`);
