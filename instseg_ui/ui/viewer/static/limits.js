/**
 * What is shown at most. The numbers are Python's (`limits.py`): every component of a page has
 * them as a prop and hands them over before it shows anything.
 *
 * @typedef {{panes: number, instances: number, floor: number, endings: string[]}} Limits
 * `endings` are those of files that are taken for photos
 */

/** @type {Limits} */
export const limits = { panes: Infinity, instances: Infinity, floor: 0, endings: [] };

/**
 * Takes the limits that the server gives; what is no number is left as it was.
 * @param {unknown} given
 */
export function setLimits(given) {
  for (const name of Object.keys(limits)) {
    if (name !== "endings" && Number.isFinite(given?.[name])) limits[name] = given[name];
  }
  if (Array.isArray(given?.endings)) limits.endings = given.endings.filter((one) => typeof one === "string");
}
