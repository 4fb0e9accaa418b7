/* What belongs to the whole page: the footer, the ways to say it, and pasting a picture anywhere. */
mmgrad.footer = (element, props) => {
  const about = props.value;
  element.replaceChildren(
    mmgrad.el(
      "p",
      {},
      `mmgrad ${about.version} · model ${about.model} · gallery ${about.gallery}, ${about.pictures} pictures · ${about.licence}`,
    ),
  );
};

/* The field that the sentence is written in. */
mmgrad.field = () => document.querySelector("#mm-text textarea, #mm-text input");

document.addEventListener("click", (event) => {
  const phrase = event.target.closest?.("#mm-hint button");
  const field = mmgrad.field();
  if (!phrase || !field) return;
  field.value = phrase.textContent;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});

document.addEventListener("paste", (event) => {
  const file = Array.from(event.clipboardData?.files || []).find((each) => each.type.startsWith("image/"));
  const input = document.querySelector("#mm-picture input[type=file]");
  if (!file || !input) return; // text goes where the cursor is; with a picture shown, clear it first
  event.preventDefault();
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
