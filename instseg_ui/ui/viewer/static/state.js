/**
 * What the user chose, apart from drawing and DOM, so that several viewers can
 * share one store.
 *
 * @typedef {{zoom: number, cx: number, cy: number}} View
 * @typedef {{key: "score" | "label" | "area", descending: boolean}} Sort
 * @typedef {object} State
 * @property {number} threshold
 * @property {number} opacity of the filled masks, 0..1
 * @property {number} minArea smallest mask shown, in pixels
 * @property {string[]} hidden labels that are switched off
 * @property {boolean} masks
 * @property {boolean} outlines
 * @property {boolean} boxes
 * @property {boolean} labels
 * @property {import("./colors.js").ColorBy} colorBy what has a colour of its own
 * @property {number} hover index of the instance under the pointer, or -1
 * @property {number} selected index of the pinned instance, or -1
 * @property {Sort} sort of the instance table
 * @property {View} view zoom (1 fits) and centre as a fraction of the image
 * @property {{x: number, y: number} | null} pointer in image pixels
 *
 * @typedef {object} Store
 * @property {() => State} get
 * @property {(patch: Partial<State>) => void} set
 * @property {(listener: (state: State, changed: Set<string>) => void) => () => void} subscribe
 */

import { reaches } from "./scores.js";

/** @returns {State} */
export function initialState() {
  return {
    threshold: 0.5,
    opacity: 0.45,
    minArea: 0,
    hidden: [],
    masks: true,
    outlines: true,
    boxes: false,
    labels: true,
    colorBy: "class",
    hover: -1,
    selected: -1,
    sort: { key: "score", descending: true },
    view: { zoom: 1, cx: 0.5, cy: 0.5 },
    pointer: null,
  };
}

/**
 * @param {Partial<State>} [initial]
 * @returns {Store}
 */
export function createStore(initial = {}) {
  let state = { ...initialState(), ...initial };
  const listeners = new Set();
  return {
    get: () => state,
    set(patch) {
      const changed = new Set(Object.keys(patch).filter((key) => !Object.is(state[key], patch[key])));
      if (changed.size === 0) return;
      state = { ...state, ...patch };
      for (const listener of [...listeners]) listener(state, changed);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** @returns {boolean} whether score and size let the instance through */
const passes = (instance, state) =>
  reaches(instance.score, state.threshold) && instance.area >= state.minArea;

/**
 * The instances that are shown, in the prediction's order.
 * @param {import("./value.js").Instance[]} instances
 * @param {State} state
 * @returns {import("./value.js").Instance[]}
 */
export function visibleInstances(instances, state) {
  const hidden = new Set(state.hidden);
  return instances.filter((one) => passes(one, state) && !hidden.has(one.label));
}

/**
 * Classes of a prediction with their counts at the present threshold and size,
 * most frequent first; switched-off classes keep their count. The colour is the class's.
 * @param {import("./value.js").Instance[]} instances
 * @param {State} state
 * @returns {{label: string, color: string, count: number, hidden: boolean}[]}
 */
export function classCounts(instances, state) {
  const classes = new Map();
  for (const one of instances) {
    const entry = classes.get(one.label) ?? { label: one.label, color: one.colors.class, count: 0, total: 0 };
    entry.total += 1;
    if (passes(one, state)) entry.count += 1;
    classes.set(one.label, entry);
  }
  return [...classes.values()]
    .sort((a, b) => b.total - a.total || a.label.localeCompare(b.label))
    .map(({ label, color, count }) => ({ label, color, count, hidden: state.hidden.includes(label) }));
}

/**
 * @param {import("./value.js").Instance[]} instances
 * @param {Sort} sort
 * @returns {import("./value.js").Instance[]} a sorted copy; ties keep the score's order
 */
export function sortInstances(instances, sort) {
  const sign = sort.descending ? -1 : 1;
  const compare =
    sort.key === "label"
      ? (a, b) => a.label.localeCompare(b.label)
      : (a, b) => a[sort.key] - b[sort.key];
  return [...instances].sort((a, b) => sign * compare(a, b) || a.index - b.index);
}

/**
 * The instance `step` places after the pinned one in a list, round the ends.
 * @param {import("./value.js").Instance[]} list
 * @param {number} selected
 * @param {number} step
 * @returns {number} its index, or -1 in an empty list
 */
export function neighbour(list, selected, step) {
  if (list.length === 0) return -1;
  const at = list.findIndex((one) => one.index === selected);
  if (at < 0) return list[step > 0 ? 0 : list.length - 1].index;
  return list[(at + step + list.length) % list.length].index;
}

/**
 * @param {string[]} hidden
 * @param {string} label
 * @returns {string[]} with the label switched
 */
export function toggled(hidden, label) {
  return hidden.includes(label) ? hidden.filter((one) => one !== label) : [...hidden, label];
}

/**
 * @param {number} threshold
 * @param {number} floor
 * @returns {number} on the slider's grid of 0.01, never under the floor
 */
export function clampThreshold(threshold, floor) {
  return Math.min(1, Math.max(floor, Math.round(threshold * 100) / 100));
}
