/**
 * Zoom and pan. A view is independent of the stage's size, so panes of
 * different sizes can share it.
 *
 * @typedef {import("./state.js").View} View
 * @typedef {import("./value.js").Size} Size
 * @typedef {{scale: number, x: number, y: number}} Transform image pixels to stage pixels
 */

export const FIT = Object.freeze({ zoom: 1, cx: 0.5, cy: 0.5 });
const MARGIN = 8;
const MAX_UPSCALE = 4;
const MAX_SCALE = 32;

const clamp = (number, low, high) => Math.min(high, Math.max(low, number));

/**
 * Scale at which the whole image is seen.
 * @param {Size} stage
 * @param {Size} frame
 * @returns {number}
 */
export function fitScale(stage, frame) {
  const wide = Math.max(1, stage.width - 2 * MARGIN) / frame.width;
  const high = Math.max(1, stage.height - 2 * MARGIN) / frame.height;
  return Math.min(wide, high, MAX_UPSCALE);
}

/** Keeps the image's side over the stage's, or centred when it is shorter. */
function clampCentre(centre, side, stage) {
  if (side <= stage) return 0.5;
  const half = stage / 2 / side;
  return clamp(centre, half, 1 - half);
}

/**
 * The nearest allowed view.
 * @param {View} view
 * @param {Size} stage
 * @param {Size} frame
 * @returns {View}
 */
export function clampView(view, stage, frame) {
  const fit = fitScale(stage, frame);
  const zoom = clamp(view.zoom, 1, Math.max(2, MAX_SCALE / fit));
  const scale = fit * zoom;
  return {
    zoom,
    cx: clampCentre(view.cx, frame.width * scale, stage.width),
    cy: clampCentre(view.cy, frame.height * scale, stage.height),
  };
}

/**
 * @param {View} view
 * @param {Size} stage
 * @param {Size} frame
 * @returns {Transform}
 */
export function transform(view, stage, frame) {
  const { zoom, cx, cy } = clampView(view, stage, frame);
  const scale = fitScale(stage, frame) * zoom;
  return {
    scale,
    x: stage.width / 2 - cx * frame.width * scale,
    y: stage.height / 2 - cy * frame.height * scale,
  };
}

/**
 * @param {Transform} at
 * @param {number} x in stage pixels
 * @param {number} y in stage pixels
 * @returns {{x: number, y: number}} in image pixels
 */
export function toImage(at, x, y) {
  return { x: (x - at.x) / at.scale, y: (y - at.y) / at.scale };
}

/**
 * Zooms by a factor and keeps the image's point under (x, y) where it is.
 * @param {View} view
 * @param {number} factor
 * @param {{x: number, y: number}} point in stage pixels
 * @param {Size} stage
 * @param {Size} frame
 * @returns {View}
 */
export function zoomAt(view, factor, point, stage, frame) {
  const fixed = toImage(transform(view, stage, frame), point.x, point.y);
  const { zoom } = clampView({ ...view, zoom: view.zoom * factor }, stage, frame);
  const scale = fitScale(stage, frame) * zoom;
  const cx = (fixed.x + (stage.width / 2 - point.x) / scale) / frame.width;
  const cy = (fixed.y + (stage.height / 2 - point.y) / scale) / frame.height;
  return clampView({ zoom, cx, cy }, stage, frame);
}

/**
 * Moves the picture by stage pixels.
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @param {Size} stage
 * @param {Size} frame
 * @returns {View}
 */
export function panBy(view, dx, dy, stage, frame) {
  const from = clampView(view, stage, frame);
  const scale = fitScale(stage, frame) * from.zoom;
  const cx = from.cx - dx / (frame.width * scale);
  const cy = from.cy - dy / (frame.height * scale);
  return clampView({ zoom: from.zoom, cx, cy }, stage, frame);
}

/**
 * Moves the picture just enough to bring a box into sight.
 * @param {View} view
 * @param {number[]} box x1, y1, x2, y2 in image pixels
 * @param {Size} stage
 * @param {Size} frame
 * @returns {View}
 */
export function reveal(view, box, stage, frame) {
  const at = transform(view, stage, frame);
  const shift = (low, high, side) => {
    if (high < 24) return 24 - high;
    return low > side - 24 ? side - 24 - low : 0;
  };
  const dx = shift(box[0] * at.scale + at.x, box[2] * at.scale + at.x, stage.width);
  const dy = shift(box[1] * at.scale + at.y, box[3] * at.scale + at.y, stage.height);
  return dx || dy ? panBy(view, dx, dy, stage, frame) : view;
}
