/* What the server told the page once: galleries and color tables. */
import { bytes } from "./format.js";

/* galleries: [{ name, prefix, included, results }]; colors: RGBA tables by name, see mmgrad/app/colors.py. */
export const config = { galleries: [], colors: {} };

export const configure = ({ galleries, colors }) => {
  config.galleries = galleries;
  config.colors = Object.fromEntries(Object.entries(colors).map(([name, text]) => [name, bytes(text)]));
};

export const galleryOf = ({ gallery }) => config.galleries.find((each) => each.name === gallery);

/* The name of a result's picture, as links and the server know it. */
export const pictureName = (query, id) => `${galleryOf(query).prefix}${id}`;

export const severalGalleries = () => config.galleries.length > 1;
