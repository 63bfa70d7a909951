/** Name tags on the picture: those that would cover one another are left out. */

import { inkOn } from "./format.js";
import { formatShortScore } from "./scores.js";

const MAX_TAGS = 60;
/** From this many instances on, an object narrower than its tag goes without. */
const CROWDED = 24;
const MAX_CACHED = 1000;
const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';

/**
 * Finished tags by text, colour and size: letters are the slowest thing on the
 * overlay, and the same tags are drawn again at every move of the threshold.
 * @type {Map<string, {bitmap: HTMLCanvasElement, w: number, h: number}>}
 */
const tags = new Map();

const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

function renderTag(text, color, size, ratio) {
  const bitmap = document.createElement("canvas");
  const ctx = bitmap.getContext("2d");
  const font = `600 ${size}px ${FONT}`;
  ctx.font = font;
  const [w, h] = [Math.ceil(ctx.measureText(text).width + size * 0.8), Math.ceil(size + 6)];
  [bitmap.width, bitmap.height] = [Math.ceil(w * ratio), Math.ceil(h * ratio)];
  ctx.scale(ratio, ratio);
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.roundRect(0, 0, w, h, Math.min(3, size / 4));
  ctx.fill();
  // Resizing the canvas has reset its font.
  ctx.font = font;
  ctx.textBaseline = "middle";
  ctx.fillStyle = inkOn(color);
  ctx.fillText(text, size * 0.4, h / 2 + 0.5);
  return { bitmap, w, h };
}

function tagOf({ label, score, colors }, { size, ratio, colorBy }) {
  const color = colors[colorBy];
  const text = `${label} ${formatShortScore(score)}`;
  const key = `${size} ${ratio} ${color} ${text}`;
  if (tags.size > MAX_CACHED) tags.clear();
  if (!tags.has(key)) tags.set(key, renderTag(text, color, size, ratio));
  return tags.get(key);
}

/** Where an instance's tag goes: above its box, or inside when there is no room. */
function place(instance, { w, h }, at, bounds) {
  const left = Math.max(instance.box[0] * at.scale + at.x, 0);
  const top = instance.box[1] * at.scale + at.y - h;
  return {
    x: Math.round(Math.min(left, Math.max(0, bounds.width - w))),
    y: Math.round(Math.max(top, 0)),
    w,
    h,
  };
}

const onStage = ({ box: [x1, y1, x2, y2] }, at, bounds) =>
  x2 * at.scale + at.x > 0 &&
  y2 * at.scale + at.y > 0 &&
  x1 * at.scale + at.x < bounds.width &&
  y1 * at.scale + at.y < bounds.height;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./value.js").Instance[]} instances the most important first
 * @param {import("./viewport.js").Transform} at
 * @param {import("./value.js").Size} bounds of the canvas in its own units
 * @param {{size: number, ratio: number, lit: (instance: import("./value.js").Instance) => boolean, colorBy: import("./colors.js").ColorBy}} look letters' size, device pixels a unit, which ones are always tagged, and which colour they have
 */
export function drawLabels(ctx, instances, at, bounds, look) {
  const { ratio, lit } = look;
  const taken = [];
  const crowded = instances.length > CROWDED;
  for (const instance of instances) {
    if (taken.length >= MAX_TAGS) return;
    if (!onStage(instance, at, bounds)) continue;
    const tag = tagOf(instance, look);
    const width = (instance.box[2] - instance.box[0]) * at.scale;
    if (crowded && width < tag.w && !lit(instance)) continue;
    const spot = place(instance, tag, at, bounds);
    if (taken.some((other) => overlaps(spot, other))) continue;
    taken.push(spot);
    ctx.drawImage(tag.bitmap, spot.x, spot.y, tag.bitmap.width / ratio, tag.bitmap.height / ratio);
  }
}
