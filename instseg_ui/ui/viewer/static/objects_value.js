/**
 * The table's value, checked, and what is pure about showing it.
 *
 * @typedef {{index: number, label: string, score: number, iou: number | null, color: string}} Member
 * @typedef {{place: number, state: string, members: (Member | null)[]}} Found
 * @typedef {{models: string[], reference: number, objects: Found[]}} Table
 */

import { limits } from "./limits.js";

/** From the worst disagreement on; the words are Python's. */
import { formatScore } from "./scores.js";

export const STATES = ["class differs", "missed by some", "only one", "loose mask", "all agree"];
const MAX_OBJECTS = 5000;
const MAX_TEXT = 300;
const NO_COLOR = "#94a3b8";

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const isShare = (thing) => typeof thing === "number" && thing >= 0 && thing <= 1;
const text = (thing) => (typeof thing === "string" ? thing.slice(0, MAX_TEXT) : "");
const list = (thing) => (Array.isArray(thing) ? thing : []);

/** @returns {Member | null} */
function toMember(thing) {
  if (!isObject(thing) || !Number.isInteger(thing.index) || thing.index < 0 || !isShare(thing.score)) return null;
  return {
    index: thing.index,
    label: text(thing.label),
    score: thing.score,
    iou: isShare(thing.iou) ? thing.iou : null,
    color: typeof thing.color === "string" && /^#[0-9a-f]{6}$/i.test(thing.color) ? thing.color : NO_COLOR,
  };
}

/**
 * @param {unknown} raw
 * @returns {Table}
 */
export function toTable(raw) {
  const given = isObject(raw) ? raw : {};
  const models = list(given.models).slice(0, limits.panes).map(text);
  const objects = list(given.objects)
    .filter((one) => isObject(one) && STATES.includes(one.state))
    .slice(0, MAX_OBJECTS)
    .map((one, place) => ({ place, state: one.state, members: models.map((_, column) => toMember(list(one.members)[column])) }));
  const reference = Number.isInteger(given.reference) && given.reference >= 0 && given.reference < models.length ? given.reference : 0;
  return { models, reference, objects };
}

/**
 * How many objects are in each state, states that occur only.
 * @param {Found[]} objects
 * @returns {{state: string, count: number}[]}
 */
export function stateCounts(objects) {
  const counts = STATES.map((state) => ({ state, count: objects.filter((one) => one.state === state).length }));
  return counts.filter(({ count }) => count > 0);
}

/**
 * Which rows to make: those in sight, and some on either side.
 * @param {number} top scrolled pixels
 * @param {number} height pixels in sight
 * @param {number} row a row's height
 * @param {number} count rows in all
 * @returns {{from: number, to: number}} `to` is exclusive
 */
export function rowsInSight(top, height, row, count) {
  const from = Math.max(0, Math.floor(top / row) - 8);
  return { from: Math.min(from, count), to: Math.min(count, Math.ceil((top + height) / row) + 8) };
}

/**
 * What to do when no row is shown, "" when some are.
 * @param {Table} table
 * @param {Found[]} shown
 * @returns {string}
 */
export function advice({ models, objects }, shown) {
  if (shown.length) return "";
  if (objects.length) return "No object is in this state. Show all of them.";
  if (models.length < 2) return "Objects appear here once two models have run. Disagreements come first.";
  return "No model found an object at this threshold. Lower it, or try another photo.";
}

/**
 * An object in words.
 * @param {Found} found
 * @param {string[]} models
 * @returns {string}
 */
export function described({ state, members }, models) {
  const parts = members.map((member, at) => `${models[at]}: ${member ? `${member.label} ${formatScore(member.score)}` : "missed"}`);
  return `${state}. ${parts.join("; ")}`;
}
