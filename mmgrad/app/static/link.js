/* A question as a link that opens it again. */

/* The address of a question on the page at `address`. `several` tells whether the gallery has to be named. */
export const linkTo = (query, address, several) => {
  const link = new URL(address);
  link.search = new URLSearchParams({
    picture: query.picture,
    text: query.text,
    ...(query.text_weight === 1 ? {} : { text_weight: String(query.text_weight) }),
    ...(query.exclude_duplicates ? { exclude_duplicates: "1" } : {}),
    ...(several ? { gallery: query.gallery } : {}),
  });
  link.hash = "";
  return link.href;
};

/* The question of a link's search part, null where it holds none. Links made before 0.3 say `strength`, `leave_out`. */
export const readLink = (search) => {
  const given = new URLSearchParams(search);
  if (!given.has("picture") || !given.has("text")) return null;
  const weight = given.get("text_weight") ?? given.get("strength");
  return {
    picture: given.get("picture"),
    text: given.get("text"),
    text_weight: weight === null ? 1 : Number(weight),
    exclude_duplicates: (given.get("exclude_duplicates") ?? given.get("leave_out")) === "1",
    gallery: given.get("gallery"),
  };
};
