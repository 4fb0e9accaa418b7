/* What can be taken away: files, a link, the lines of Python. */
mmgrad.link = {
  of: ({ picture, text, strength, leave_out: leaveOut, gallery }) => {
    const link = new URL(location.href);
    link.search = new URLSearchParams({
      picture,
      text,
      ...(strength === 1 ? {} : { strength: String(strength) }),
      ...(leaveOut ? { leave_out: "1" } : {}),
      ...(mmgrad.galleries.length > 1 ? { gallery } : {}),
    });
    link.hash = "";
    return link.href;
  },
  read: (search) => {
    const given = new URLSearchParams(search);
    if (!given.has("picture") || !given.has("text")) return null;
    return {
      picture: given.get("picture"),
      text: given.get("text"),
      strength: given.has("strength") ? Number(given.get("strength")) : 1,
      leave_out: given.get("leave_out") === "1",
      gallery: given.get("gallery"),
    };
  },
};

/* The lines of Python that ask the same; a string of JSON is one of Python too. */
mmgrad.python = ({ query, hits, model, gallery }) => {
  const { shipped, prefix } = mmgrad.galleryOf(query);
  const from = mmgrad.galleries.find((each) => query.picture.startsWith(each.prefix)); // none: an upload or an example
  const id = from && JSON.stringify(query.picture.slice(from.prefix.length));
  const picture = !from ? '"your-picture.png"' : from.prefix === prefix ? `engine.gallery.folder / ${id}` : id;
  const elsewhere = from && from.prefix !== prefix ? `  # a picture of the gallery ${JSON.stringify(from.name)}` : "";
  const options = [
    `k=${hits.length}`,
    ...(query.strength === 1 ? [] : [`strength=${query.strength}`]),
    ...(query.leave_out ? ["leave_out_copies=True"] : []),
  ];
  return [
    "import mmgrad",
    "from mmgrad.figure import figure",
    "",
    `engine = mmgrad.load(${shipped ? "" : `gallery=${JSON.stringify(gallery)}`})  # model ${JSON.stringify(model)}, ` +
      `gallery ${JSON.stringify(gallery)}`,
    `explanation = engine.explain(${picture}, ${JSON.stringify(query.text)}, ${options.join(", ")})${elsewhere}`,
    'figure(explanation).savefig("explanation.pdf")',
  ].join("\n");
};

mmgrad.take = ({ value, closer }) => {
  const { el, button } = mmgrad;
  const said = el("span", { class: "mm-soft", role: "status" });
  const code = el("code", {});

  const save = ({ name, mime, data }) => {
    const address = URL.createObjectURL(new Blob([mmgrad.bytes(data)], { type: mime }));
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000); // the browser has read it by then
  };
  const fetchFile = (file, label) =>
    button(
      label,
      async () => {
        said.textContent = "Making the file…";
        const answer = await closer("take", { file });
        said.textContent = answer ? `${answer.name} is saved.` : "";
        if (answer) save(answer);
      },
      { class: "mm-plain" },
    );
  const copy = async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = done;
    } catch {
      said.textContent = text; // no clipboard here: show it to be copied by hand
    }
  };
  const copyLink = () => {
    const lasts = !value().query.picture.startsWith("upload:");
    copy(
      mmgrad.link.of(value().query),
      lasts ? "Link copied; it asks the same of the same gallery." : "Link copied; your own picture is kept here for a while only.",
    );
  };
  const element = el(
    "section",
    { class: "mm-take", "aria-label": "Take it away", hidden: true },
    el("h2", {}, "Take it away"),
    el(
      "div",
      { class: "mm-choices" },
      fetchFile("png", "Figure (PNG)"),
      fetchFile("pdf", "Figure (PDF)"),
      fetchFile("json", "Numbers (JSON)"),
      fetchFile("npz", "Raw maps (.npz)"),
      button("Copy link", copyLink, { class: "mm-plain" }),
      said,
    ),
    el(
      "details",
      { class: "mm-code" },
      el("summary", {}, "The same in Python"),
      el("pre", { tabindex: "0" }, code),
      button("Copy", () => copy(code.textContent, "Copied."), { class: "mm-plain" }),
    ),
  );
  return {
    element,
    draw: () => {
      said.textContent = "";
      code.textContent = mmgrad.python(value());
    },
  };
};
