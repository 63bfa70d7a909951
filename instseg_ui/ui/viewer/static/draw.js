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
 * @property {import("./colors.js").ColorBy} colorBy
 * @property {number} hover
 * @property {number} selected
 */

import { drawLabels } from "./labels.js";
import { maskOf, pathOf } from "./shapes.js";

/** From this many screen pixels an image pixel on, single pixels are shown as squares. */
const PIXELATED = 4;
/** How much stronger the fill of a pinned or pointed-at instance is. */
const LIT = 0.25;
/** Half the widest line, in the transform's units at most. */
const RIM = 4;
const SHADOW = "rgba(0, 0, 0, 0.45)";
/** Lines of more instances have no shadow, which costs a third of a redraw. */
const SHADOWED = 50;

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

/** Whether any part of the instance can be seen; `rect` is in the transform's units. */
function inSight(instance, at, rect) {
  const mask = maskOf(instance);
  const [x1, y1, x2, y2] = mask ? [mask.x, mask.y, mask.x + mask.w, mask.y + mask.h] : instance.box;
  // Lines are wider than the shape they follow.
  const [left, top] = [(rect.x - at.x - RIM) / at.scale, (rect.y - at.y - RIM) / at.scale];
  const [right, bottom] = [left + (rect.width + 2 * RIM) / at.scale, top + (rect.height + 2 * RIM) / at.scale];
  return x2 > left && y2 > top && x1 < right && y1 < bottom;
}

/** How strongly one instance is filled, given what is pinned. */
function fillAlpha(instance, layers) {
  if (instance.index === layers.selected) return Math.min(1, layers.opacity + LIT);
  return layers.selected >= 0 ? layers.opacity * 0.45 : layers.opacity;
}

/** What has to lie over a filled shape to make it as strong as a lit one. */
function litAlpha(instance, layers) {
  const [now, wanted] = [fillAlpha(instance, layers), Math.min(1, layers.opacity + LIT)];
  return now < 1 ? Math.max(0, (wanted - now) / (1 - now)) : 0;
}

/** `shadow`: a dark rim under the line, whose colour is then seen on a picture of the same one. */
function strokeShape(ctx, instance, at, width, { color, shadow }) {
  const path = pathOf(instance, at.scale);
  if (shadow) {
    ctx.lineWidth = (2 * width) / at.scale;
    ctx.strokeStyle = SHADOW;
    ctx.stroke(path);
  }
  ctx.lineWidth = width / at.scale;
  ctx.strokeStyle = color;
  ctx.stroke(path);
}

function drawBox(ctx, instance, at, width, color) {
  const [x1, y1, x2, y2] = instance.box;
  ctx.lineWidth = width / at.scale;
  ctx.strokeStyle = color;
  ctx.strokeRect(x1, y1, x2 - x1, y2 - y1);
}

/** A dashed line with a dark rim: over a filled shape, the shape below stays in sight. */
function drawDashed(ctx, instance, at, unit) {
  ctx.globalAlpha = 1;
  const path = pathOf(instance, at.scale);
  for (const [style, width, dash] of [["rgba(0, 0, 0, 0.6)", 4, []], [instance.colors.class, 2, [6, 4]]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = (width * unit) / at.scale;
    ctx.setLineDash(dash.map((length) => (length * unit) / at.scale));
    ctx.stroke(path);
  }
  ctx.setLineDash([]);
}

function drawShape(ctx, instance, layers, at, { unit, shadow }) {
  const color = instance.colors[layers.colorBy];
  if (layers.masks) {
    ctx.globalAlpha = fillAlpha(instance, layers);
    ctx.fillStyle = color;
    ctx.fill(pathOf(instance, at.scale), "evenodd");
  }
  ctx.globalAlpha = layers.selected >= 0 && instance.index !== layers.selected ? 0.55 : 1;
  if (layers.outlines) strokeShape(ctx, instance, at, 1.5 * unit, { color, shadow });
  if (layers.boxes || !maskOf(instance)) drawBox(ctx, instance, at, 1.5 * unit, color);
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

/** In image pixels from here on, with lines that are joined fast. */
function enterImage(ctx, at, ratio) {
  ctx.save();
  ctx.setTransform(at.scale * ratio, 0, 0, at.scale * ratio, at.x * ratio, at.y * ratio);
  // Round joins cost a third more time and cannot be told apart on lines this thin.
  ctx.lineJoin = "bevel";
}

/**
 * Masks, outlines and boxes, and what is pinned; all that only moves when the picture does.
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./value.js").Instance[]} instances those that are shown
 * @param {Layers} layers
 * @param {import("./viewport.js").Transform} at
 * @param {import("./scroll.js").Rect} rect what is drawn, in the transform's units
 * @param {{unit?: number, ratio?: number}} [pixels] thickness of lines; device pixels a unit
 */
export function drawShapes(ctx, instances, layers, at, rect, { unit = 1, ratio = 1 } = {}) {
  // Large ones first, so that small ones lie on top, as the pointer finds them.
  const ordered = instances.filter((one) => inSight(one, at, rect)).sort((a, b) => b.area - a.area);
  enterImage(ctx, at, ratio);
  for (const instance of ordered) if (!instance.outline) drawShape(ctx, instance, layers, at, { unit, shadow: ordered.length <= SHADOWED });
  for (const instance of ordered) if (instance.outline) drawDashed(ctx, instance, at, unit);
  for (const instance of ordered) if (instance.index === layers.selected) drawHighlight(ctx, instance, at, unit);
  ctx.restore();
}

/** The instance under the pointer, over everything else. */
function drawPointed(ctx, instance, layers, at, { unit, ratio }) {
  enterImage(ctx, at, ratio);
  if (layers.masks) {
    ctx.globalAlpha = litAlpha(instance, layers);
    ctx.fillStyle = instance.colors[layers.colorBy];
    ctx.fill(pathOf(instance, at.scale), "evenodd");
  }
  drawHighlight(ctx, instance, at, unit);
  ctx.restore();
}

/**
 * What lies over the shapes: the instance under the pointer and the name tags.
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./value.js").Instance[]} instances those that are shown
 * @param {Layers} layers
 * @param {import("./viewport.js").Transform} at
 * @param {import("./value.js").Size} bounds of the canvas in the transform's units
 * @param {{unit?: number, ratio?: number}} [pixels] thickness of lines and tags; device pixels a unit
 */
export function drawMarks(ctx, instances, layers, at, bounds, { unit = 1, ratio = 1 } = {}) {
  const seen = instances.filter((one) => inSight(one, at, { x: 0, y: 0, ...bounds }));
  const isLit = (one) => one.index === layers.hover || one.index === layers.selected;
  const pointed = seen.find((one) => one.index === layers.hover);
  if (pointed) drawPointed(ctx, pointed, layers, at, { unit, ratio });
  ctx.save();
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const tagged = layers.labels ? seen : seen.filter(isLit);
  const look = { size: Math.round(11 * unit), ratio, lit: isLit, colorBy: layers.colorBy };
  drawLabels(ctx, byImportance(tagged, layers), at, bounds, look);
  ctx.restore();
}

/**
 * Everything that was found, in one go: shapes and marks.
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./value.js").Instance[]} instances those that are shown
 * @param {Layers} layers
 * @param {import("./viewport.js").Transform} at
 * @param {import("./value.js").Size} bounds of the canvas in the transform's units
 * @param {{unit?: number, ratio?: number}} [pixels] thickness of lines and tags; device pixels a unit
 */
export function drawOverlay(ctx, instances, layers, at, bounds, pixels = {}) {
  drawShapes(ctx, instances, layers, at, { x: 0, y: 0, ...bounds }, pixels);
  drawMarks(ctx, instances, layers, at, bounds, pixels);
}
