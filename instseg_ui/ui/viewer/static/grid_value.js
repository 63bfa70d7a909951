/**
 * The grid's value, checked like the viewer's: what is malformed is dropped or replaced.
 *
 * @typedef {"waiting" | "running" | "done" | "failed" | "not fetched"} PaneState
 * @typedef {object} Pane
 * @property {string} key the model, and its place among panes of the same model
 * @property {string} model
 * @property {PaneState} state
 * @property {string} text what the pane says, "" for nothing
 * @property {import("./value.js").Prediction | null} prediction
 * @property {string[]} caption
 * @property {number | null} threshold its own, null for that of all panes
 *
 * @typedef {object} GridValue
 * @property {import("./value.js").Picture | null} image
 * @property {Pane[]} panes
 * @property {number} reference
 * @property {number} threshold
 * @property {import("./value.js").Message | null} message
 *
 * @typedef {Map<string, {source: string, prediction: import("./value.js").Prediction | null}>} Known
 */

import { limits } from "./limits.js";
import { toValue } from "./value.js";

const MAX_CAPTION = 6;
const MAX_TEXT = 300;
const STATES = ["waiting", "running", "done", "failed", "not fetched"];
const USUAL = { waiting: "Waiting", running: "Running", failed: "This model failed.", "not fetched": "Not fetched yet" };

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const text = (thing) => (typeof thing === "string" ? thing.slice(0, MAX_TEXT) : "");
const share = (thing) => (typeof thing === "number" && thing >= 0 && thing <= 1 ? thing : null);
const list = (thing) => (Array.isArray(thing) ? thing : []);

/**
 * Names for things that may share a name: the second "A" is told from the first.
 * @param {string[]} names
 * @returns {string[]}
 */
export function keysOf(names) {
  const seen = new Map();
  return names.map((name) => {
    const place = seen.get(name) ?? 0;
    seen.set(name, place + 1);
    return `${name}#${place}`;
  });
}

/** What a pane says over its picture. */
function sayingOf(state, message, prediction) {
  if (state !== "done") return message || USUAL[state];
  if (!prediction) return message || "No result came.";
  return prediction.instances.length ? "" : "No objects found";
}

/**
 * A prediction that was seen before is the same object as before, so that what
 * was drawn from it is still good.
 */
function rememberedPrediction(key, given, known) {
  const source = JSON.stringify([given.prediction ?? null, given.colors ?? null]);
  if (known.get(key)?.source !== source) {
    const { prediction } = toValue({ prediction: given.prediction, colors: given.colors });
    known.set(key, { source, prediction });
  }
  return known.get(key).prediction;
}

const fits = (prediction, image) =>
  !prediction || !image || (prediction.frame.width === image.width && prediction.frame.height === image.height);

/** @returns {Pane} */
function toPane(given, key, image, known) {
  const found = rememberedPrediction(key, given, known);
  const prediction = fits(found, image) ? found : null;
  const state = STATES.includes(given.state) ? given.state : "waiting";
  return {
    key,
    model: text(given.model),
    state,
    text: found === prediction ? sayingOf(state, text(given.message), prediction) : "This result belongs to another picture.",
    prediction,
    caption: list(given.caption).slice(0, MAX_CAPTION).map(text).filter(Boolean),
    threshold: share(given.threshold),
  };
}

/**
 * @param {unknown} raw
 * @param {Known} [known] predictions by pane, kept from value to value
 * @returns {GridValue}
 */
export function toGridValue(raw, known = new Map()) {
  const given = isObject(raw) ? raw : {};
  const { image, message, threshold } = toValue({ image: given.image, message: given.message, threshold: given.threshold });
  const sent = list(given.panes).filter(isObject).slice(0, limits.panes);
  const keys = keysOf(sent.map((pane) => text(pane.model)));
  const panes = sent.map((pane, at) => toPane(pane, keys[at], image, known));
  for (const key of [...known.keys()]) if (!keys.includes(key)) known.delete(key);
  const reference = Number.isInteger(given.reference) && given.reference >= 0 && given.reference < panes.length ? given.reference : 0;
  return { image, panes, reference, threshold, message };
}

/**
 * Whether a value only says something about what is already shown.
 * @param {GridValue} value
 * @returns {boolean}
 */
export const isNotice = ({ image, panes, message }) =>
  image === null && panes.length === 0 && message !== null && message.kind !== "empty";
