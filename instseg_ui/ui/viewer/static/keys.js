/** Keyboard on the stage. */

import { nextColorBy } from "./colors.js";
import { floorOf, frameOf } from "./scene.js";
import { clampThreshold, neighbour, sortInstances } from "./state.js";
import { FIT, panBy, reveal, zoomAt } from "./viewport.js";

const PAN = 48;
const ZOOM = 1.25;

/**
 * Zooms about the middle of the stage.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {number} factor
 */
export function zoomBy(viewer, factor) {
  const { store, stage } = viewer;
  const frame = frameOf(viewer.scene());
  if (!frame || !viewer.transform()) return;
  const centre = { x: stage.width / 2, y: stage.height / 2 };
  store.set({ view: zoomAt(store.get().view, factor, centre, stage, frame) });
}

/**
 * Pins an instance and brings it into sight.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {number} index or -1 to unpin
 */
export function pin(viewer, index) {
  const { store, stage } = viewer;
  const frame = frameOf(viewer.scene());
  const instance = viewer.scene().prediction?.instances[index];
  const view = store.get().view;
  const shown = instance && frame && stage.width ? reveal(view, instance.box, stage, frame) : view;
  store.set({ selected: index, view: shown });
}

/**
 * Pins the next or previous instance in the table's order.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {number} step
 */
export function pinNext(viewer, step) {
  const state = viewer.store.get();
  pin(viewer, neighbour(sortInstances(viewer.visible(), state.sort), state.selected, step));
}

/** @param {import("./viewer.js").Viewer} viewer @returns {Record<string, () => void>} */
function actions(viewer) {
  const { store } = viewer;
  const pan = (dx, dy) => {
    const frame = frameOf(viewer.scene());
    if (frame) store.set({ view: panBy(store.get().view, dx, dy, viewer.stage, frame) });
  };
  const nudge = (by) =>
    store.set({ threshold: clampThreshold(store.get().threshold + by, floorOf(viewer.scene())) });
  const toggle = (layer) => store.set({ [layer]: !store.get()[layer] });
  const zoomIn = () => zoomBy(viewer, ZOOM);
  return {
    "+": zoomIn,
    "=": zoomIn,
    "-": () => zoomBy(viewer, 1 / ZOOM),
    0: () => store.set({ view: FIT }),
    ArrowLeft: () => pan(PAN, 0),
    ArrowRight: () => pan(-PAN, 0),
    ArrowUp: () => pan(0, PAN),
    ArrowDown: () => pan(0, -PAN),
    "[": () => nudge(-0.01),
    "]": () => nudge(0.01),
    n: () => pinNext(viewer, 1),
    p: () => pinNext(viewer, -1),
    m: () => toggle("masks"),
    o: () => toggle("outlines"),
    b: () => toggle("boxes"),
    l: () => toggle("labels"),
    c: () => store.set({ colorBy: nextColorBy(store.get().colorBy) }),
    f: () => viewer.toggleFull(),
    Escape: () => store.set({ selected: -1, hover: -1 }),
  };
}

/** Arrow keys scroll the page unless there is something to pan. */
const isIdleArrow = (key, state) => key.startsWith("Arrow") && state.view.zoom <= 1;

/** @param {import("./viewer.js").Viewer} viewer */
export function listenToKeys(viewer) {
  const table = actions(viewer);
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = Object.hasOwn(table, event.key) ? table[event.key] : null;
    if (!action || isIdleArrow(event.key, viewer.store.get())) return;
    event.preventDefault();
    action();
  };
  viewer.part("view").addEventListener("keydown", press, { signal: viewer.signal });
}
