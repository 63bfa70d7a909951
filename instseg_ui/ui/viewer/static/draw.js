/**
 * Drawing, without state of its own: the same functions draw the screen and the
 * downloaded picture.
 *
 * @typedef {object} Layers
 * @property {boolean} masks
 * @property {boolean} outlines
 * @property {boolean} boxes
 * @property {boolean} labels
 * @property {number} opacity
 * @property {number} hover
 * @property {number} selected
 */

import { drawLabels } from "./labels.js";
import { maskOf, pathOf } from "./shapes.js";

/** From this many screen pixels an image pixel on, single pixels are shown as squares. */
const PIXELATED = 4;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {CanvasImageSource} picture
 * @param {import("./value.js").Size} frame
 * @param {import("./viewport.js").Transform} at
 */
export function drawPicture(ctx, picture, frame, at) {
  ctx.imageSmoothingEnabled = at.scale < PIXELATED;
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(picture, at.x, at.y, frame.width * at.scale, frame.height * at.scale);
}

/** Whether any part of the instance can be seen. */
function inSight(instance, at, bounds) {
  const mask = maskOf(instance);
  const [x1, y1, x2, y2] = mask ? [mask.x, mask.y, mask.x + mask.w, mask.y + mask.h] : instance.box;
  const [left, top] = [-at.x / at.scale, -at.y / at.scale];
  const [right, bottom] = [left + bounds.width / at.scale, top + bounds.height / at.scale];
  return x2 > left && y2 > top && x1 < right && y1 < bottom;
}

/** How strongly one instance is filled, given what is pointed at or pinned. */
function fillAlpha(instance, layers) {
  if (instance.index === layers.selected || instance.index === layers.hover) {
    return Math.min(1, layers.opacity + 0.25);
  }
  return layers.selected >= 0 ? layers.opacity * 0.45 : layers.opacity;
}

function strokeShape(ctx, instance, at, width) {
  ctx.lineWidth = width / at.scale;
  ctx.strokeStyle = instance.color;
  ctx.stroke(pathOf(instance, at.scale));
}

function drawBox(ctx, instance, at, width) {
  const [x1, y1, x2, y2] = instance.box;
  ctx.lineWidth = width / at.scale;
  ctx.strokeStyle = instance.color;
  ctx.strokeRect(x1, y1, x2 - x1, y2 - y1);
}

function drawShape(ctx, instance, layers, at, unit) {
  if (layers.masks) {
    ctx.globalAlpha = fillAlpha(instance, layers);
    ctx.fillStyle = instance.color;
    ctx.fill(pathOf(instance, at.scale), "evenodd");
  }
  ctx.globalAlpha = layers.selected >= 0 && instance.index !== layers.selected ? 0.55 : 1;
  if (layers.outlines) strokeShape(ctx, instance, at, 1.5 * unit);
  if (layers.boxes || !maskOf(instance)) drawBox(ctx, instance, at, 1.5 * unit);
}

/** A light line with a dark rim, seen on any picture, in any layer setting. */
function drawHighlight(ctx, instance, at, unit) {
  ctx.globalAlpha = 1;
  const path = pathOf(instance, at.scale);
  for (const [style, width] of [["rgba(0, 0, 0, 0.65)", 4.5], ["#ffffff", 2]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = (width * unit) / at.scale;
    if (maskOf(instance)) ctx.stroke(path);
    else ctx.strokeRect(instance.box[0], instance.box[1], instance.box[2] - instance.box[0], instance.box[3] - instance.box[1]);
  }
}

/** Pinned and pointed-at instances first, then by score: they keep their tags. */
function byImportance(instances, layers) {
  const rank = (one) => (one.index === layers.hover ? 2 : 0) + (one.index === layers.selected ? 1 : 0);
  return [...instances].sort((a, b) => rank(b) - rank(a) || a.index - b.index);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./value.js").Instance[]} instances those that are shown
 * @param {Layers} layers
 * @param {import("./viewport.js").Transform} at
 * @param {import("./value.js").Size} bounds of the canvas in the transform's units
 * @param {{unit?: number, ratio?: number}} [pixels] thickness of lines and tags; device pixels a unit
 */
export function drawOverlay(ctx, instances, layers, at, bounds, { unit = 1, ratio = 1 } = {}) {
  const seen = instances.filter((one) => inSight(one, at, bounds));
  // Large ones first, so that small ones lie on top, as the pointer finds them.
  const ordered = [...seen].sort((a, b) => b.area - a.area);
  const isLit = (one) => one.index === layers.hover || one.index === layers.selected;
  const lit = ordered.filter(isLit);
  ctx.save();
  ctx.setTransform(at.scale * ratio, 0, 0, at.scale * ratio, at.x * ratio, at.y * ratio);
  // Round joins cost a third more time and cannot be told apart on lines this thin.
  ctx.lineJoin = "bevel";
  for (const instance of ordered) drawShape(ctx, instance, layers, at, unit);
  for (const instance of lit) drawHighlight(ctx, instance, at, unit);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.globalAlpha = 1;
  const tagged = layers.labels ? seen : lit;
  const look = { size: Math.round(11 * unit), ratio, lit: isLit };
  drawLabels(ctx, byImportance(tagged, layers), at, bounds, look);
  ctx.restore();
}
