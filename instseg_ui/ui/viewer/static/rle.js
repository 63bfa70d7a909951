/**
 * COCO run-length masks.
 *
 * A mask of H rows and W columns is read column by column. `counts` holds the
 * lengths of alternating runs, background first. A parsed mask keeps only the
 * ends of its runs, which is enough to ask for a pixel and to fill a crop, so no
 * full frame is ever made.
 *
 * @typedef {object} Mask
 * @property {number} height rows of the full frame
 * @property {number} width columns of the full frame
 * @property {Uint32Array} ends end (exclusive) of every run, in column-major pixels
 * @property {number} x left column of the object
 * @property {number} y top row of the object
 * @property {number} w columns the object spans
 * @property {number} h rows the object spans
 * @property {number} area pixels of the object
 */

/** The worth of a seventh character, the last one a run length may have. */
const MOST_PLACE = 32 ** 6;

/**
 * Run lengths of a COCO compressed string.
 * @param {string} text
 * @returns {number[]}
 * @throws {RangeError} when the text is not a COCO string
 */
export function decodeCounts(text) {
  const counts = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let place = 1;
    let more = true;
    while (more) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit < 64) || place > MOST_PLACE) throw new RangeError("not a COCO mask string");
      // By numbers, not by bits: JavaScript's bit operators end at 32.
      value += (digit & 0x1f) * place;
      more = (digit & 0x20) !== 0;
      at += 1;
      place *= 32;
      if (!more && digit & 0x10) value -= place;
    }
    // From the fourth run on, COCO stores the difference to the run two before.
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}

/**
 * COCO compressed string of run lengths.
 * @param {ArrayLike<number>} counts
 * @returns {string}
 */
export function encodeCounts(counts) {
  let text = "";
  for (let i = 0; i < counts.length; i += 1) {
    let value = i > 2 ? counts[i] - counts[i - 2] : counts[i];
    let more = true;
    while (more) {
      let digit = value & 0x1f;
      value >>= 5;
      more = digit & 0x10 ? value !== -1 : value !== 0;
      if (more) digit |= 0x20;
      text += String.fromCharCode(digit + 48);
    }
  }
  return text;
}

/**
 * Ends of the runs, or null when they do not add up to the frame.
 * @param {number[]} counts
 * @param {number} pixels
 * @returns {Uint32Array | null}
 */
function runEnds(counts, pixels) {
  const ends = new Uint32Array(counts.length);
  let end = 0;
  for (let i = 0; i < counts.length; i += 1) {
    if (counts[i] < 0) return null;
    end += counts[i];
    if (end > pixels) return null;
    ends[i] = end;
  }
  return end === pixels ? ends : null;
}

/**
 * Calls back for every object run, cut at column borders.
 * @param {Uint32Array} ends
 * @param {number} height
 * @param {(column: number, top: number, bottom: number) => void} visit bottom is exclusive
 */
function eachStrip(ends, height, visit) {
  for (let i = 1; i < ends.length; i += 2) {
    let start = ends[i - 1];
    while (start < ends[i]) {
      const column = Math.floor(start / height);
      const stop = Math.min(ends[i], (column + 1) * height);
      visit(column, start - column * height, stop - column * height);
      start = stop;
    }
  }
}

/**
 * A mask ready for use, or null when it is malformed or empty.
 * @param {{size: number[], counts: string} | null | undefined} rle
 * @returns {Mask | null}
 */
export function parseMask(rle) {
  if (!rle) return null;
  const [height, width] = rle.size;
  let ends;
  try {
    ends = runEnds(decodeCounts(rle.counts), height * width);
  } catch {
    return null;
  }
  if (!ends) return null;
  let [left, right, top, bottom, area] = [width, 0, height, 0, 0];
  eachStrip(ends, height, (column, from, to) => {
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
    area += to - from;
  });
  if (area === 0) return null;
  return { height, width, ends, x: left, y: top, w: right - left, h: bottom - top, area };
}

/**
 * Whether the pixel in column x and row y belongs to the object.
 * @param {Mask} mask
 * @param {number} x
 * @param {number} y
 * @returns {boolean}
 */
export function contains(mask, x, y) {
  if (x < mask.x || y < mask.y || x >= mask.x + mask.w || y >= mask.y + mask.h) return false;
  const pixel = x * mask.height + y;
  let low = 0;
  let high = mask.ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (mask.ends[middle] > pixel) high = middle;
    else low = middle + 1;
  }
  return low < mask.ends.length && low % 2 === 1;
}

/**
 * The object's crop, one byte a pixel, with an empty border of one pixel that
 * lets the outline tracer look at neighbours without asking for the edges.
 * @param {Mask} mask
 * @returns {{data: Uint8Array, width: number, height: number}} row-major
 */
export function cropBitmap(mask) {
  const width = mask.w + 2;
  const height = mask.h + 2;
  const data = new Uint8Array(width * height);
  eachStrip(mask.ends, mask.height, (column, from, to) => {
    let at = (from - mask.y + 1) * width + (column - mask.x + 1);
    for (let row = from; row < to; row += 1) {
      data[at] = 1;
      at += width;
    }
  });
  return { data, width, height };
}
