/* Maps drawn in the page: the geometry of mmgrad.letterbox and the colours of mmgrad.overlay, from the raw values.
   A map is { values, shape: [rows, columns], empty, change } over the square that the model saw, where `change` may be
   missing and is otherwise drawn for evidence against; a box is where the picture lies in it, [top, left, height, width,
   size]; a scale is { peak, reach }, the strongest positive and absolute value. */
(() => {
  const decoded = new WeakMap();
  const values = (map) => {
    if (!decoded.has(map)) decoded.set(map, new Float32Array(mmgrad.bytes(map.values).buffer));
    return decoded.get(map);
  };

  /* Where points of the picture, given as shares of its side, lie between two cells; the edges are held. */
  const between = (share, start, inner, size, cells) => {
    const at = Math.min(Math.max(((start + share * inner) * cells) / size - 0.5, 0), cells - 1);
    const lower = Math.min(Math.floor(at), Math.max(cells - 2, 0));
    return [lower, at - lower];
  };

  const read = (map, [y, fy], [x, fx]) => {
    const [rows, columns] = map.shape;
    const below = Math.min(y + 1, rows - 1) * columns;
    const right = Math.min(x + 1, columns - 1);
    const all = values(map);
    const top = all[y * columns + x] * (1 - fx) + all[y * columns + right] * fx;
    return top * (1 - fy) + (all[below + x] * (1 - fx) + all[below + right] * fx) * fy;
  };

  /* The value at a point of the picture, x and y in [0, 1]. */
  mmgrad.valueAt = (map, [top, left, height, width, size], x, y) =>
    read(map, between(y, top, height, size, map.shape[0]), between(x, left, width, size, map.shape[1]));

  /* The map at the centres of width x height pixels of the picture. Evidence for comes from its positive part, read as
     the engine reads it; with `both`, evidence against stays. */
  const field = (map, [top, left, inner, across, size], width, height, both) => {
    const source = { shape: map.shape, values: map.change ?? map.values };
    if (!both) decoded.set(source, values(map).map((value) => Math.max(value, 0)));
    const columns = Array.from({ length: width }, (_, x) => between((x + 0.5) / width, left, across, size, map.shape[1]));
    const out = new Float32Array(width * height);
    for (let y = 0, i = 0; y < height; y += 1) {
      const row = between((y + 0.5) / height, top, inner, size, map.shape[0]);
      for (let x = 0; x < width; x += 1, i += 1) out[i] = read(source, row, columns[x]);
    }
    return out;
  };

  const paint = (context, width, height, colour) => {
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) colour(image.data, 4 * i, i);
    context.putImageData(image, 0, 0);
  };

  const clip = (value, low, high) => Math.min(Math.max(value, low), high);

  const heat = (context, all, width, height, { peak }) =>
    paint(context, width, height, (data, at, i) => {
      const step = peak > 0 ? Math.round(clip(all[i] / peak, 0, 1) * 255) : 0;
      data.set(mmgrad.colours.heat.subarray(4 * step, 4 * step + 4), at);
    });

  const signed = (context, all, width, height, { reach }) =>
    paint(context, width, height, (data, at, i) => {
      const step = reach > 0 ? 255 + Math.round(clip(all[i] / reach, -1, 1) * 255) : 255;
      data.set(mmgrad.colours.signed.subarray(4 * step, 4 * step + 4), at);
    });

  const spotlight = (context, all, width, height, { peak }) =>
    paint(context, width, height, (data, at, i) => {
      data[at + 3] = 235 * (1 - Math.sqrt(peak > 0 ? clip(all[i] / peak, 0, 1) : 0));
    });

  /* The lines where a field crosses a level: marching squares, with straight pieces between interpolated crossings. */
  const outline = (all, width, height, level) => {
    const path = new Path2D();
    const cross = (a, b) => (level - a) / (b - a);
    for (let y = 0; y < height - 1; y += 1) {
      for (let x = 0; x < width - 1; x += 1) {
        const i = y * width + x;
        const [a, b, c, d] = [all[i], all[i + 1], all[i + width + 1], all[i + width]];
        const points = [];
        if (a >= level !== b >= level) points.push([x + cross(a, b), y]);
        if (b >= level !== c >= level) points.push([x + 1, y + cross(b, c)]);
        if (d >= level !== c >= level) points.push([x + cross(d, c), y + 1]);
        if (a >= level !== d >= level) points.push([x, y + cross(a, d)]);
        for (let p = 0; p + 1 < points.length; p += 2) {
          path.moveTo(points[p][0] + 0.5, points[p][1] + 0.5);
          path.lineTo(points[p + 1][0] + 0.5, points[p + 1][1] + 0.5);
        }
      }
    }
    return path;
  };

  const contour = (context, all, width, height, { peak }, pixel) => {
    if (!(peak > 0)) return;
    for (const [share, thick] of [[1 / 8, 1.2 * pixel], [1 / 2, 2 * pixel]]) {
      const path = outline(all, width, height, peak * share);
      context.strokeStyle = "#000";
      context.lineWidth = thick + 2 * pixel;
      context.stroke(path);
      context.strokeStyle = share === 1 / 2 ? "#ffd24a" : "#fff";
      context.lineWidth = thick;
      context.stroke(path);
    }
  };

  const DRAW = { heat, signed, spotlight, contour };
  const SIDE = 240; // pixels that a map is drawn at; it has 14 cells a side, the browser enlarges the rest

  /* Draw a map on a canvas that lies over its picture, of the shape width : height. */
  mmgrad.drawMap = (canvas, map, box, width, height, mode, scale) => {
    const share = SIDE / Math.max(width, height);
    const [w, h] = [Math.max(2, Math.round(width * share)), Math.max(2, Math.round(height * share))];
    const across = canvas.parentElement?.clientWidth || w; // as wide as it is shown, so that lines stay lines
    const fine = mode === "contour" ? (across * Math.min(devicePixelRatio, 2)) / w : 1;
    canvas.width = Math.round(w * fine);
    canvas.height = Math.round(h * fine);
    const context = canvas.getContext("2d");
    context.scale(fine, fine);
    DRAW[mode](context, field(map, box, w, h, mode === "signed"), w, h, scale, w / across);
  };
})();
