/* What belongs to the whole page: suggestions, closer answers, tables, the footer, and pasting a picture anywhere. */
mmgrad.footer = (element, props) => {
  const about = props.value;
  const galleries = about.galleries.map(([name, count]) => `${mmgrad.pictures(count)} in “${name}”`).join(", ");
  element.replaceChildren(
    mmgrad.el("p", {}, `mmgrad ${about.version} · model ${about.model} · ${galleries} · ${about.licence}`),
  );
};

/* The field that the sentence is written in. */
mmgrad.field = () => document.querySelector("#mm-text textarea, #mm-text input");

mmgrad.write = (text) => {
  const field = mmgrad.field();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
};

/* Sentences that suit the picture, each one click from the field. */
mmgrad.hints = (element, props, trigger, watch) => {
  const { el, button } = mmgrad;
  const list = el("ul", { class: "mm-hints", "aria-label": "Ways to say it" });
  const update = () =>
    list.replaceChildren(
      ...(props.value || []).map((text) => el("li", {}, button(text, () => mmgrad.write(text)))),
      el("li", {}, button("a picture from the gallery", () => trigger("any_picture"), { class: "mm-any" })),
    );
  element.replaceChildren(list);
  watch("value", update);
  update();
};

/* Answers to closer questions: the part has no look of its own, it hands each answer to whoever asked for its kind. */
mmgrad.closer = (element, props, trigger, watch) => {
  watch("value", () => props.value && mmgrad.closer.settle(props.value.kind, props.value, props.value.ticket));
};
mmgrad.closer.tickets = 0;
mmgrad.closer.open = new Map(); // the latest question of each kind: { ticket, resolve }
/* `send(ticket)` sends the question off; resolves to its answer, or to null where a newer one of its kind replaced it. */
mmgrad.closer.ask = (kind, send) =>
  new Promise((resolve) => {
    mmgrad.closer.settle(kind, null);
    mmgrad.closer.tickets += 1;
    mmgrad.closer.open.set(kind, { ticket: mmgrad.closer.tickets, resolve });
    send(mmgrad.closer.tickets);
  });
mmgrad.closer.settle = (kind, answer, ticket = null) => {
  const asked = mmgrad.closer.open.get(kind);
  if (!asked || (ticket !== null && asked.ticket !== ticket)) return; // an answer that nobody waits for any more
  mmgrad.closer.open.delete(kind);
  asked.resolve(answer);
};
/* A closer question was refused, in a sentence of its own. */
mmgrad.calm = (kind) => mmgrad.closer.settle(kind, null);

/* The measured tables of the page on the method. */
mmgrad.tables = (element, props) => {
  const { el } = mmgrad;
  const table = ({ head, rows }) =>
    el(
      "div",
      { class: "mm-scroll", tabindex: "0", role: "region", "aria-label": "A table" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ...head.map((cell) => el("th", { scope: "col" }, cell)))),
        el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, at) => el(at ? "td" : "th", at ? {} : { scope: "row" }, cell))))),
      ),
    );
  element.replaceChildren(
    el(
      "div",
      { class: "mm-prose" },
      ...(props.value || []).flatMap((section, at) => [
        el(at ? "h3" : "h2", {}, section.title),
        ...section.parts.map((part) => (part.rows ? table(part) : el("p", {}, part.text))),
      ]),
    ),
  );
};

/* One question at a time: a second click, or Enter, while an answer is on its way asks nothing. */
const whileBusy = (event) => {
  if (!("mmBusy" in document.documentElement.dataset)) return;
  const asks = event.type === "click" ? event.target.closest("#mm-go") : event.key === "Enter" && event.target === mmgrad.field();
  if (!asks) return;
  event.preventDefault();
  event.stopImmediatePropagation();
};
document.addEventListener("click", whileBusy, true);
document.addEventListener("keypress", whileBusy, true);

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
