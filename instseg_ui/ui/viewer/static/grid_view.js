/**
 * One linked stage: a viewer without table and tools. It has what the viewer's own
 * parts ask of a viewer, so stage, tip, gestures and keys are the same code.
 *
 * @typedef {ReturnType<typeof createView>} View
 */

import { make } from "./dom.js";
import { createFrames } from "./frames.js";
import { listenToGestures } from "./gestures.js";
import { createPaneStore } from "./grid_state.js";
import { listenToKeys } from "./keys.js";
import { layersOf, rememberVisible } from "./scene.js";
import { createStage, placePicture } from "./stage.js";
import { createTip } from "./tip.js";

const HINT_MS = 1600;
const KEYS = "Plus and minus zoom, 0 fits, arrows pan, brackets move the threshold, N and P step through the instances, M, O, B and L switch layers, C changes the colours, F fills the grid, Escape unpins.";

/** The stage's markup; parts are found by name as in the viewer's. */
export function stageMarkup(label) {
  const canvas = (part, more) => make("canvas", { class: "isv-canvas", "data-part": part, ...more });
  return make("div", { class: "isv-view isg-view", "data-part": "view" },
    make("div", { class: "isv-stage isg-stage", "data-part": "stage", tabindex: "0", role: "group", "aria-label": `${label}. ${KEYS}` },
      canvas("base", { "aria-hidden": "true" }),
      canvas("overlay", { role: "img", "aria-label": "No picture yet" }),
      make("i", { class: "isg-cross", "data-cross": true, "aria-hidden": "true", hidden: true })),
    make("div", { class: "isv-tip isg-tip", "data-part": "tip", "aria-hidden": "true", hidden: true }),
    make("div", { class: "isv-hint", "data-hint": true, "aria-hidden": "true" }));
}

/** A passing line at the stage's foot. */
function createHint(root) {
  const line = root.querySelector("[data-hint]");
  let timer = 0;
  return (text) => {
    line.textContent = text;
    line.classList.add("isv-shown");
    clearTimeout(timer);
    timer = setTimeout(() => line.classList.remove("isv-shown"), HINT_MS);
  };
}

/** Where the pointer of another pane is, on this one. */
function createCross(view, key) {
  const cross = view.root.querySelector("[data-cross]");
  return {
    update(state, changed) {
      if (!["pointer", "pointed", "view", "scene", "size"].some((name) => changed.has(name))) return;
      const at = state.pointer && state.pointed !== key ? view.transform() : null;
      cross.hidden = !at;
      if (at) cross.style.transform = `translate(${state.pointer.x * at.scale + at.x}px, ${state.pointer.y * at.scale + at.y}px)`;
    },
  };
}

/** A stage outside the window is drawn when it comes back into it. */
function watchSight(view, shown) {
  const observer = new IntersectionObserver((entries) => shown(entries.at(-1).isIntersecting), { rootMargin: "100px" });
  observer.observe(view.root);
  view.signal.addEventListener("abort", () => observer.disconnect());
}

/** What is changed out of sight waits, drawn in one go. */
function createDraw(grid, view, parts) {
  let [inSight, waiting] = [true, new Set()];
  const draw = (changed) => {
    waiting = new Set([...waiting, ...changed]);
    // A size is only ever told of a stage that is shown.
    if (!inSight && !changed.has("size")) return;
    const now = waiting;
    waiting = new Set();
    for (const part of parts) part.update(view.store.get(), now);
    if (now.has("size")) grid.refreshStrip();
  };
  const sight = (now) => {
    inSight = now;
    if (now && waiting.size) view.refresh(...waiting);
  };
  return { draw, sight };
}

/**
 * @param {import("./grid.js").Grid} grid
 * @param {string} key of the pane
 * @param {HTMLElement} root holds `stageMarkup`
 * @param {(view: any) => {update: Function}[]} [moreParts]
 */
export function createView(grid, key, root, moreParts = () => []) {
  const abort = new AbortController();
  const store = createPaneStore(grid.shared, key, grid.partners);
  const visibleOf = rememberVisible();
  const parts = [];
  const view = {
    root,
    store,
    stage: { width: 0, height: 0, ratio: 1 },
    signal: abort.signal,
    part: (name) => root.querySelector(`[data-part="${name}"]`),
    scene: () => grid.sceneOf(key, view),
    visible: () => visibleOf(grid.sceneOf(key), store.get()),
    transform: () => placePicture(grid.sceneOf(key), store.get(), view.stage),
    layers: () => layersOf(view.visible(), store.get()),
    hint: createHint(root),
    isFull: () => grid.wheelZooms(),
    toggleFull: () => grid.toggleSolo(key),
    ...createFrames((changed) => drawing.draw(changed), abort.signal),
    dispose: () => abort.abort(),
  };
  const drawing = createDraw(grid, view, parts);
  parts.push(createStage(view), createTip(view), createCross(view, key), ...moreParts(view));
  abort.signal.addEventListener("abort", store.subscribe((_state, changed) => view.refresh(...changed)));
  grid.signal.addEventListener("abort", view.dispose, { signal: abort.signal });
  watchSight(view, drawing.sight);
  listenToGestures(/** @type {any} */ (view));
  listenToKeys(/** @type {any} */ (view));
  view.refresh("scene");
  return view;
}
