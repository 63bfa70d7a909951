/**
 * What linked panes share and what is each pane's own, apart from drawing and DOM.
 *
 * All of it lives in one store; a pane sees it through a store of its own, whose
 * `threshold`, `hover` and `selected` are that pane's.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Store} Store
 * @typedef {Record<string, number>} ByPane a number by pane key
 * @typedef {object} Shared in addition to `State`
 * @property {boolean} linked one threshold for all panes
 * @property {ByPane} own thresholds while they are not linked
 * @property {ByPane} lit instance under the pointer
 * @property {ByPane} picked pinned instance
 * @property {string | null} pointed key of the pane the pointer is on
 * @property {number} object place of the pinned object in the table, or -1
 * @property {number} over place of the object under the pointer in the table, or -1
 * @property {string | null} solo key of the pane that fills the grid
 */

import { limits } from "./limits.js";
import { clampThreshold, classCounts, createStore, initialState } from "./state.js";

const STATE_KEYS = [...Object.keys(initialState()), "pointed"];

/**
 * @param {Partial<State>} [initial]
 * @returns {Store & {get: () => State & Shared}}
 */
export function createSharedStore(initial = {}) {
  const more = { linked: true, own: {}, lit: {}, picked: {}, pointed: null, object: -1, over: -1, solo: null };
  return /** @type {any} */ (createStore(/** @type {any} */ ({ ...initial, ...more })));
}

/**
 * @param {State & Shared} state
 * @param {string} key
 * @returns {number} the pane's threshold
 */
export const thresholdOf = (state, key) => (state.linked ? state.threshold : (state.own[key] ?? state.threshold));

/** @param {State & Shared} state @param {string} key @returns {State & Shared} */
export function paneState(state, key) {
  return {
    ...state,
    threshold: thresholdOf(state, key),
    hover: state.lit[key] ?? -1,
    selected: state.picked[key] ?? -1,
  };
}

/** @param {ByPane} a @param {ByPane} b @returns {boolean} */
export function sameNumbers(a, b) {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/**
 * One pane's view of the shared store.
 * @param {Store & {get: () => State & Shared}} shared
 * @param {string} key
 * @param {(key: string, index: number) => {members: ByPane, object: number}} partners the same object in every pane
 * @returns {Store}
 */
export function createPaneStore(shared, key, partners) {
  let [source, seen] = [null, null];
  const get = () => {
    if (source !== shared.get()) [source, seen] = [shared.get(), paneState(shared.get(), key)];
    return seen;
  };
  const keep = (name, now) => (sameNumbers(shared.get()[name], now) ? shared.get()[name] : now);
  /** How what a pane sets is written down for all. */
  const written = {
    threshold: (value) => (shared.get().linked ? { threshold: value } : { own: { ...shared.get().own, [key]: value } }),
    hover(index) {
      const { members, object } = partners(key, index);
      return { lit: keep("lit", members), over: object };
    },
    selected(index) {
      const { members, object } = partners(key, index);
      return { picked: keep("picked", members), object };
    },
    pointer: (pointer) => ({ pointer, pointed: pointer ? key : null }),
  };
  const set = (patch) => {
    const whole = Object.entries(patch).map(([name, value]) => written[name]?.(value) ?? { [name]: value });
    shared.set(Object.assign({}, ...whole));
  };
  const subscribe = (listener) => {
    let before = get();
    return shared.subscribe(() => {
      const now = get();
      const changed = new Set(STATE_KEYS.filter((name) => !Object.is(before[name], now[name])));
      before = now;
      if (changed.size) listener(now, changed);
    });
  };
  return { get, set, subscribe };
}

/**
 * Links the thresholds at the reference's, or gives each pane the one it has.
 * @param {State & Shared} state
 * @param {string[]} keys
 * @param {string} reference
 * @returns {Partial<State & Shared>}
 */
export function switchLink(state, keys, reference) {
  if (!state.linked) return { linked: true, threshold: thresholdOf(state, reference) };
  return { linked: false, own: Object.fromEntries(keys.map((key) => [key, state.threshold])) };
}

/**
 * Gives some panes a threshold of their own; the others keep what they have.
 * @param {State & Shared} state
 * @param {[string, number][]} own pane keys and thresholds
 * @returns {Partial<State & Shared>}
 */
export function ownThresholds(state, own) {
  const asked = own.map(([key, threshold]) => [key, clampThreshold(threshold, limits.floor)]);
  return { linked: false, own: { ...(state.linked ? {} : state.own), ...Object.fromEntries(asked) } };
}

/**
 * What Python is told when the filters came to rest.
 * @param {State & Shared} state
 * @param {string[]} keys
 * @returns {{thresholds: number[], hidden: string[]}}
 */
export function settledData(state, keys) {
  return { thresholds: keys.map((key) => thresholdOf(state, key)), hidden: [...state.hidden].sort() };
}

/**
 * Classes of all panes by name, counted at each pane's threshold.
 * @param {{key: string, instances: import("./value.js").Instance[]}[]} panes
 * @param {State & Shared} state
 * @returns {ReturnType<typeof classCounts>}
 */
export function classesOf(panes, state) {
  const counts = new Map();
  for (const { key, instances } of panes) {
    for (const { label, count } of classCounts(instances, paneState(state, key))) {
      counts.set(label, (counts.get(label) ?? 0) + count);
    }
  }
  const all = classCounts(panes.flatMap(({ instances }) => instances), state);
  return all.map((entry) => ({ ...entry, count: counts.get(entry.label) ?? 0 }));
}
