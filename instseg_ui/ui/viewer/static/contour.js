/**
 * Outlines of masks as closed polygons.
 *
 * Polygons stay sharp at every zoom and fill faster than scaled bitmaps; a
 * coarse copy of each is used when the picture is shown small.
 */

import { cropBitmap } from "./rle.js";

const EAST = 0;
const STEP_X = [1, 0, -1, 0];
const STEP_Y = [0, 1, 0, -1];
// Offset from a corner to the pixel ahead on the right and on the left, for
// headings east, south, west and north.
const RIGHT = [[0, 0], [-1, 0], [-1, -1], [0, -1]];
const LEFT = [[0, -1], [0, 0], [-1, 0], [-1, -1]];

/**
 * Follows one border with the object on the right hand, from the top edge of a
 * pixel, and marks the top edges it passes.
 * @param {{data: Uint8Array, width: number}} bitmap
 * @param {number} startX
 * @param {number} startY
 * @returns {number[]} corners x, y, x, y, ...
 */
function follow(bitmap, startX, startY) {
  const { data, width } = bitmap;
  const filled = (x, y, offset) => data[(y + offset[1]) * width + x + offset[0]] !== 0;
  const points = [];
  let [x, y, heading] = [startX, startY, EAST];
  do {
    if (heading === EAST) data[y * width + x] = 2;
    x += STEP_X[heading];
    y += STEP_Y[heading];
    let turn = 0;
    if (!filled(x, y, RIGHT[heading])) turn = 1;
    else if (filled(x, y, LEFT[heading])) turn = 3;
    if (turn) points.push(x, y);
    heading = (heading + turn) % 4;
  } while (x !== startX || y !== startY || heading !== EAST);
  return points;
}

/**
 * Every border of a bitmap, holes too. The bitmap needs an empty rim and is
 * changed: traced top edges are marked with 2.
 * @param {{data: Uint8Array, width: number, height: number}} bitmap
 * @returns {number[][]}
 */
export function traceBorders(bitmap) {
  const { data, width, height } = bitmap;
  const loops = [];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      if (data[at] === 1 && data[at - width] === 0) loops.push(follow(bitmap, x, y));
    }
  }
  return loops;
}

/**
 * Exact outlines of a mask in full-frame pixels.
 * @param {import("./rle.js").Mask} mask
 * @returns {number[][]} polygons as x, y, x, y, ...
 */
export function outlines(mask) {
  const loops = traceBorders(cropBitmap(mask));
  for (const loop of loops) {
    for (let i = 0; i < loop.length; i += 2) {
      loop[i] += mask.x - 1;
      loop[i + 1] += mask.y - 1;
    }
  }
  return loops;
}

/** Squared distance of point i to the segment a-b. */
function distance2(loop, i, a, b) {
  const [px, py] = [loop[2 * i], loop[2 * i + 1]];
  const [ax, ay] = [loop[2 * a], loop[2 * a + 1]];
  const [dx, dy] = [loop[2 * b] - ax, loop[2 * b + 1] - ay];
  const length2 = dx * dx + dy * dy;
  const along = length2 ? ((px - ax) * dx + (py - ay) * dy) / length2 : 0;
  const t = Math.max(0, Math.min(1, along));
  const [ex, ey] = [px - ax - t * dx, py - ay - t * dy];
  return ex * ex + ey * ey;
}

/** Index strictly between a and b that lies farthest from the segment a-b. */
function farthest(loop, a, b) {
  let best = { index: -1, distance: -1 };
  for (let i = a + 1; i < b; i += 1) {
    const distance = distance2(loop, i, a, b);
    if (distance > best.distance) best = { index: i, distance };
  }
  return best;
}

/**
 * A polygon with fewer corners, none of the dropped ones farther than
 * `tolerance` from it (Ramer 1972, Douglas and Peucker 1973).
 * @param {number[]} loop
 * @param {number} tolerance in pixels
 * @returns {number[]}
 */
export function simplify(loop, tolerance) {
  const count = loop.length / 2;
  if (count < 5) return loop;
  const keep = new Uint8Array(count);
  const opposite = farthest(loop, 0, count - 1).index;
  keep[0] = keep[opposite] = keep[count - 1] = 1;
  const work = [[0, opposite], [opposite, count - 1]];
  while (work.length) {
    const [a, b] = work.pop();
    const { index, distance } = farthest(loop, a, b);
    if (index < 0 || distance <= tolerance * tolerance) continue;
    keep[index] = 1;
    work.push([a, index], [index, b]);
  }
  return loop.filter((_, i) => keep[i >> 1]);
}

/**
 * Whether a polygon is too small to be seen when drawn with this tolerance.
 * @param {number[]} loop
 * @param {number} size in pixels
 * @returns {boolean}
 */
export function isSpeck(loop, size) {
  const [x, y] = loop;
  for (let i = 2; i < loop.length; i += 2) {
    if (Math.abs(loop[i] - x) > size || Math.abs(loop[i + 1] - y) > size) return false;
  }
  return true;
}
