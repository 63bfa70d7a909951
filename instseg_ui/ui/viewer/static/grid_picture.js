/** One picture for all panes, with smaller copies that are drawn when it is shown small. */

const SMALLEST = 512;

/**
 * Shares of the picture's side at which copies are kept, from large to small.
 * @param {import("./value.js").Size} size
 * @returns {number[]}
 */
export function copyScales({ width, height }) {
  const scales = [];
  for (let scale = 0.5; Math.max(width, height) * scale >= SMALLEST; scale /= 2) scales.push(scale);
  return scales;
}

/**
 * The smallest copy that still has a pixel for each one shown.
 * @template T
 * @param {{scale: number, source: T}[]} copies from large to small
 * @param {number} scale shown pixels an image pixel
 * @returns {T}
 */
export function copyFor(copies, scale) {
  let best = copies[0];
  for (const copy of copies) if (copy.scale >= scale) best = copy;
  return best.source;
}

/** Half the size in one step: smooth, and each copy is made from the one before. */
function halved(source, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, Math.round(width)), Math.max(1, Math.round(height))];
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/**
 * @param {string} url
 * @returns {Promise<{scale: number, source: CanvasImageSource}[]>} the picture and its copies
 */
export async function loadCopies(url) {
  const picture = new Image();
  picture.decoding = "async";
  picture.src = url;
  await picture.decode();
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  /** @type {{scale: number, source: CanvasImageSource}[]} */
  const copies = [{ scale: 1, source: picture }];
  for (const scale of copyScales({ width, height })) {
    copies.push({ scale, source: halved(copies.at(-1).source, width * scale, height * scale) });
  }
  return copies;
}
