/**
 * The tray's value, checked, and the orders its photos can be looked at in.
 *
 * @typedef {object} Photo
 * @property {string} key
 * @property {string} name
 * @property {string} url of the thumbnail
 * @property {Record<string, number>} found objects by model
 * @property {number | null} disagreement 0..1
 *
 * @typedef {{photos: Photo[], chosen: string, own: boolean, models: string[]}} TrayValue
 * @typedef {"added" | "most" | "least" | "disagreement"} Order
 */

const MAX_PHOTOS = 2000;

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const text = (thing) => (typeof thing === "string" ? thing.slice(0, 300) : "");
const list = (thing) => (Array.isArray(thing) ? thing : []);
const isCount = (thing) => Number.isInteger(thing) && thing >= 0;
const isLocal = (url) => typeof url === "string" && /^\/(?!\/)/.test(url);

/** @param {unknown} thing @returns {Photo | null} */
function toPhoto(thing) {
  if (!isObject(thing) || text(thing.key) === "" || !isLocal(thing.url)) return null;
  const found = Object.entries(isObject(thing.found) ? thing.found : {}).filter(([, count]) => isCount(count));
  const { disagreement } = thing;
  const known = typeof disagreement === "number" && disagreement >= 0 && disagreement <= 1;
  return { key: text(thing.key), name: text(thing.name), url: thing.url, found: Object.fromEntries(found), disagreement: known ? disagreement : null };
}

/** @param {unknown} value @returns {TrayValue} */
export function toTray(value) {
  const given = isObject(value) ? value : {};
  const photos = list(given.photos).slice(0, MAX_PHOTOS).map(toPhoto).filter(Boolean);
  return { photos, chosen: text(given.chosen), own: given.own === true, models: list(given.models).map(text).filter(Boolean) };
}

/** The counts of the models that are asked for, in their order; null where one has not run. */
export const countsOf = (photo, models) => models.map((model) => photo.found[model] ?? null);

/** Objects that the models found in a photo, all together; null where none has run. */
function total(photo, models) {
  const known = countsOf(photo, models.length ? models : Object.keys(photo.found)).filter((count) => count !== null);
  return known.length ? known.reduce((sum, count) => sum + count, 0) : null;
}

/** Photos without a figure stand last, in the order they were added. */
function byFigure(photos, figure, sign) {
  const keyed = photos.map((photo, place) => ({ photo, place, value: figure(photo) }));
  keyed.sort((one, other) => {
    if (one.value === null || other.value === null) return (one.value === null) - (other.value === null) || one.place - other.place;
    return sign * (one.value - other.value) || one.place - other.place;
  });
  return keyed.map(({ photo }) => photo);
}

/**
 * @param {TrayValue} tray
 * @param {Order} order
 * @returns {Photo[]}
 */
export function ordered({ photos, models }, order) {
  if (order === "most") return byFigure(photos, (photo) => total(photo, models), -1);
  if (order === "least") return byFigure(photos, (photo) => total(photo, models), 1);
  if (order === "disagreement") return byFigure(photos, (photo) => photo.disagreement, -1);
  return photos;
}

/** The orders that say something of these photos. @returns {[Order, string][]} */
export function ordersOf({ photos, models }) {
  const orders = [["added", "As added"]];
  if (photos.some((photo) => total(photo, models) !== null)) orders.push(["most", "Most objects first"], ["least", "Fewest objects first"]);
  if (photos.some((photo) => photo.disagreement !== null)) orders.push(["disagreement", "Models disagree most"]);
  return orders;
}

/** A photo in words, for who cannot see it. */
export function described(photo, models) {
  const known = models.filter((model) => photo.found[model] !== undefined);
  const counts = known.map((model) => `${model} found ${photo.found[model]}`);
  const apart = photo.disagreement === null ? [] : [`the models disagree by ${Math.round(photo.disagreement * 100)} %`];
  return [photo.name, ...counts, ...apart].join(", ");
}
