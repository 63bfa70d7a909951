/**
 * What an instance looks like, decoded once and on demand.
 *
 * The caches hang on the instance objects, so a new prediction frees the old one.
 */

import { isSpeck, outlines, simplify } from "./contour.js";
import { parseMask } from "./rle.js";

/** Corner tolerance in image pixels, from exact to coarse. */
const LEVELS = [0, 0.75, 1.5, 3];

const masks = new WeakMap();
const loops = new WeakMap();
const paths = new WeakMap();

/** @template T @param {WeakMap<object, T>} cache @param {object} key @param {() => T} make @returns {T} */
function cached(cache, key, make) {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
}

/**
 * @param {import("./value.js").Instance} instance
 * @returns {import("./rle.js").Mask | null} null when it has no pixels
 */
export function maskOf(instance) {
  return cached(masks, instance, () => parseMask(instance.mask));
}

/**
 * @param {import("./value.js").Instance} instance
 * @returns {number[][]}
 */
export function outlinesOf(instance) {
  return cached(loops, instance, () => {
    const mask = maskOf(instance);
    return mask ? outlines(mask) : [];
  });
}

/**
 * The level whose error stays under about half a screen pixel.
 * @param {number} scale screen pixels an image pixel
 * @returns {number}
 */
export function levelFor(scale) {
  let level = 0;
  while (level + 1 < LEVELS.length && LEVELS[level + 1] * scale <= 0.8) level += 1;
  return level;
}

/** @param {number[][]} polygons @param {number} tolerance @returns {Path2D} */
function buildPath(polygons, tolerance) {
  const path = new Path2D();
  for (const loop of polygons) {
    if (tolerance && isSpeck(loop, tolerance)) continue;
    const corners = tolerance ? simplify(loop, tolerance) : loop;
    path.moveTo(corners[0], corners[1]);
    for (let i = 2; i < corners.length; i += 2) path.lineTo(corners[i], corners[i + 1]);
    path.closePath();
  }
  return path;
}

/**
 * The instance's outline as a path in image pixels, for drawing at this scale.
 * @param {import("./value.js").Instance} instance
 * @param {number} scale
 * @returns {Path2D}
 */
export function pathOf(instance, scale) {
  const level = levelFor(scale);
  const levels = cached(paths, instance, () => []);
  levels[level] ??= buildPath(outlinesOf(instance), LEVELS[level]);
  return levels[level];
}
