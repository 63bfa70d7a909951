/**
 * The value the server sends, checked. Whatever is malformed is dropped or
 * replaced, never thrown: a value may come from anywhere.
 *
 * @typedef {{size: [number, number], counts: string}} Rle
 * @typedef {object} Instance
 * @property {number} index place in the prediction
 * @property {number} classId
 * @property {string} label
 * @property {number} score 0..1
 * @property {[number, number, number, number]} box x1, y1, x2, y2 in pixels
 * @property {number} area mask pixels
 * @property {Rle | null} mask
 * @property {import("./colors.js").Colors} colors
 * @property {boolean} outline drawn as a dashed line alone, such as a truth
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{url: string, width: number, height: number, name: string}} Picture
 * @typedef {{model: string, engine: string, hint: string, floor: number, frame: Size, instances: Instance[], found: number}} Prediction
 * `found` is how many instances came, of which the first are shown; `hint` is said where none did
 * @typedef {{kind: "busy" | "error" | "empty" | "refused", text: string}} Message
 * @typedef {object} Value
 * @property {Picture | null} image
 * @property {Prediction | null} prediction
 * @property {number} threshold
 * @property {Message | null} message
 */

import { toColors } from "./colors.js";
import { limits } from "./limits.js";

const MAX_SIDE = 65535;
const MAX_TEXT = 300;
const MAX_HINT = 800;
const KINDS = ["busy", "error", "empty", "refused"];

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const isNumber = (thing) => typeof thing === "number" && Number.isFinite(thing);
const clamp = (number, low, high) => Math.min(high, Math.max(low, number));
const text = (thing) => (typeof thing === "string" ? thing.slice(0, MAX_TEXT) : "");
const isSide = (thing) => Number.isInteger(thing) && thing > 0 && thing <= MAX_SIDE;

/** @param {unknown} thing @returns {Size | null} */
function toSize(thing) {
  if (!isObject(thing) || !isSide(thing.width) || !isSide(thing.height)) return null;
  return { width: thing.width, height: thing.height };
}

/** Whether an address may be loaded as a picture: http, blob, data:image or relative. */
function isPictureUrl(url) {
  if (typeof url !== "string" || url === "") return false;
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url);
  return !scheme || /^(https?|blob)$/i.test(scheme[1]) || /^data:image\//i.test(url);
}

/** @param {unknown} thing @returns {Picture | null} */
function toPicture(thing) {
  const size = toSize(thing);
  if (!size || !isPictureUrl(thing.url)) return null;
  return { url: thing.url, ...size, name: text(thing.name) };
}

/** @param {unknown} thing @param {Size} frame @returns {Rle | null} */
function toRle(thing, frame) {
  if (!isObject(thing) || !Array.isArray(thing.size) || typeof thing.counts !== "string") return null;
  const [height, width] = thing.size;
  if (height !== frame.height || width !== frame.width) return null;
  return { size: [height, width], counts: thing.counts };
}

/** @returns {Instance | null} */
function toInstance(thing, frame, colors) {
  if (!isObject(thing) || !isNumber(thing.score) || !Array.isArray(thing.box)) return null;
  if (thing.box.length !== 4 || !thing.box.every(isNumber)) return null;
  const classId = Number.isInteger(thing.class_id) ? thing.class_id : 0;
  return {
    index: 0,
    classId,
    label: text(thing.label) || `class ${classId}`,
    score: clamp(thing.score, 0, 1),
    box: /** @type {Instance["box"]} */ (thing.box.slice()),
    area: isNumber(thing.area) ? Math.max(0, Math.round(thing.area)) : 0,
    mask: toRle(thing.mask, frame),
    colors: toColors(thing, classId, colors),
    outline: thing.outline === true,
  };
}

/** @param {unknown} thing @param {unknown} colors @returns {Prediction | null} */
function toPrediction(thing, colors) {
  if (!isObject(thing) || !Array.isArray(thing.instances)) return null;
  const frame = toSize(thing.image);
  if (!frame) return null;
  const instances = thing.instances
    .slice(0, limits.instances)
    .map((instance) => toInstance(instance, frame, colors))
    .filter((instance) => instance !== null)
    .sort((a, b) => b.score - a.score);
  instances.forEach((instance, index) => (instance.index = index));
  const floor = isNumber(thing.floor) ? clamp(thing.floor, 0, 1) : limits.floor;
  return { model: text(thing.model), engine: text(thing.engine), hint: typeof thing.hint === "string" ? thing.hint.slice(0, MAX_HINT) : "", floor, frame, instances, found: thing.instances.length };
}

/** @param {unknown} thing @returns {Message | null} */
function toMessage(thing) {
  if (!isObject(thing) || !KINDS.includes(thing.kind) || !text(thing.text)) return null;
  return { kind: thing.kind, text: text(thing.text) };
}

/**
 * @param {unknown} raw
 * @returns {Value}
 */
export function toValue(raw) {
  const given = isObject(raw) ? raw : {};
  const prediction = toPrediction(given.prediction, given.colors);
  const floor = prediction?.floor ?? limits.floor;
  return {
    image: toPicture(given.image),
    prediction,
    threshold: clamp(isNumber(given.threshold) ? given.threshold : 0.5, floor, 1),
    message: toMessage(given.message),
  };
}
