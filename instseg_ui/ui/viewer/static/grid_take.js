/**
 * Takes the grid's values: loads a new picture before anything of it is shown, and
 * tells which panes have something new to draw.
 *
 * @typedef {import("./grid_value.js").GridValue} GridValue
 */

import { loadCopies } from "./grid_picture.js";
import { isNotice, toGridValue } from "./grid_value.js";
import { limits } from "./limits.js";
import { ownThresholds } from "./grid_state.js";
import { clampThreshold } from "./state.js";
import { FIT } from "./viewport.js";

/** @returns {GridValue} */
export const emptyValue = () => ({ image: null, panes: [], reference: 0, threshold: 0.5, message: null });

/**
 * Keys of the panes that have to be drawn again.
 * @param {GridValue} value
 * @param {GridValue} before
 * @returns {Set<string>}
 */
export function changedPanes(value, before) {
  const old = new Map(before.panes.map((pane) => [pane.key, pane.prediction]));
  const same = value.image?.url === before.image?.url;
  const changed = value.panes.filter(({ key, prediction }) => !same || !old.has(key) || old.get(key) !== prediction);
  return new Set(changed.map(({ key }) => key));
}

/** Panes for which the server asks for another threshold of their own, with it. */
function newOwn(value, before) {
  const old = new Map(before.panes.map((pane) => [pane.key, pane.threshold]));
  const asked = value.panes.filter(({ key, threshold }) => threshold !== null && old.get(key) !== threshold);
  return asked.map(({ key, threshold }) => [key, threshold]);
}

const without = (numbers, keys) => Object.fromEntries(Object.entries(numbers).filter(([key]) => !keys.has(key)));

/**
 * What a value does to the user's choices. A threshold the user has set outlives a
 * change of models or photo, until the server asks for another one.
 * @param {any} state shared state
 * @param {GridValue} value
 * @param {GridValue} before
 * @param {number | null} asked the threshold the server asked for last
 * @returns {object} patch of the shared state
 */
export function adopt(state, value, before, asked) {
  const changed = changedPanes(value, before);
  const patch = {};
  if (value.image?.url !== before.image?.url) {
    Object.assign(patch, { view: FIT, pointer: null, pointed: null, minArea: 0, lit: {}, over: -1, picked: {}, object: -1 });
  } else if ([...changed].some((key) => key in state.lit || key in state.picked)) {
    Object.assign(patch, { lit: without(state.lit, changed), picked: without(state.picked, changed) });
  }
  if (value.panes.length && value.threshold !== asked) {
    Object.assign(patch, { threshold: clampThreshold(value.threshold, limits.floor), own: {} });
  }
  const own = newOwn(value, before);
  if (own.length) Object.assign(patch, ownThresholds({ ...state, ...patch }, own));
  if (state.solo && !value.panes.some(({ key }) => key === state.solo)) patch.solo = null;
  return patch;
}

/** Starts loading an address once, however many values name it meanwhile. */
function createLoader(resolve) {
  let [url, loading] = [null, null];
  return (wanted) => {
    if (url !== wanted) {
      [url, loading] = [wanted, loadCopies(resolve(wanted))];
      // A failure is met where it is awaited; a later try loads again.
      loading.catch(() => (url = null));
    }
    return loading;
  };
}

/**
 * @param {(url: string) => string} resolve from a value's address to the browser's
 * @param {(value: GridValue, before: GridValue) => void} changed
 */
export function createIntake(resolve, changed) {
  const known = new Map();
  const load = createLoader(resolve);
  let [value, copies, latest] = [emptyValue(), null, 0];
  const show = (next, pictures) => {
    const before = value;
    [value, copies] = [next, pictures];
    changed(value, before);
  };
  const take = async (raw) => {
    latest += 1;
    const turn = latest;
    const next = toGridValue(raw, known);
    if (isNotice(next)) return show({ ...value, message: next.message }, copies);
    try {
      const same = next.image?.url === value.image?.url;
      const pictures = same ? copies : next.image && (await load(next.image.url));
      if (turn === latest) show(next, pictures);
    } catch {
      const message = { kind: /** @type {const} */ ("error"), text: "The picture could not be loaded. Open it again." };
      if (turn === latest) show({ ...value, message }, copies);
    }
    return undefined;
  };
  return { take, value: () => value, copies: () => copies };
}
