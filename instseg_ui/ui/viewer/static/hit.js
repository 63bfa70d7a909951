/** From a point of the image to the instance that lies there. */

import { contains } from "./rle.js";
import { maskOf } from "./shapes.js";

const AROUND = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [0.7, 0.7], [0.7, -0.7], [-0.7, 0.7], [-0.7, -0.7]];

/** Whether the instance covers the point; without a mask its box does. */
function covers(instance, x, y) {
  const mask = maskOf(instance);
  if (mask) return contains(mask, Math.floor(x), Math.floor(y));
  const [x1, y1, x2, y2] = instance.box;
  return x >= x1 && x < x2 && y >= y1 && y < y2;
}

/** Pixels an instance covers, for choosing the smallest. */
function sizeOf(instance) {
  const [x1, y1, x2, y2] = instance.box;
  return maskOf(instance)?.area ?? Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** The smallest instance that covers the point: small ones are drawn on top. */
function smallestAt(instances, x, y) {
  let best = null;
  for (const instance of instances) {
    if (covers(instance, x, y) && (!best || sizeOf(instance) < sizeOf(best))) best = instance;
  }
  return best;
}

/**
 * The instance at a point, or near it when nothing lies exactly there.
 * @param {import("./value.js").Instance[]} instances those that are shown
 * @param {number} x in image pixels
 * @param {number} y in image pixels
 * @param {number} [slack] how far off the point may be, in image pixels
 * @returns {import("./value.js").Instance | null}
 */
export function hitTest(instances, x, y, slack = 0) {
  const tries = slack > 0 ? AROUND : AROUND.slice(0, 1);
  for (const [dx, dy] of tries) {
    const found = smallestAt(instances, x + dx * slack, y + dy * slack);
    if (found) return found;
  }
  return null;
}
