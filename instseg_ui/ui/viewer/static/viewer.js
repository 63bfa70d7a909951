/**
 * The viewer: one store, one scene, and parts that draw from them.
 *
 * Whatever changes is collected and drawn once, in the next animation frame.
 *
 * @typedef {object} Api what the page offers to the viewer
 * @property {() => unknown} value the present value
 * @property {(listener: () => void) => void} onValue
 * @property {boolean} accepts whether it invites to choose a photo, as `instseg:choose`
 * @property {(event: string, data: object) => void} trigger
 * @property {string} root address of the app, without a slash at its end
 * @property {unknown} limits see limits.js
 * @property {unknown} colorBy what has a colour of its own at first
 * @property {unknown} scoreScale see colors.js
 * @property {import("./state.js").Store} [store] shared by linked viewers
 *
 * @typedef {ReturnType<typeof createViewer>} Viewer
 */

import { setScoreScale, toColorBy } from "./colors.js";
import { createControls } from "./controls.js";
import { createFrames, createFull } from "./frames.js";
import { listenToGestures } from "./gestures.js";
import { formatShortScore } from "./scores.js";
import { listenToKeys } from "./keys.js";
import { createKeysHelp } from "./keys_help.js";
import { setLimits } from "./limits.js";
import { createNotice } from "./notice.js";
import { createPanel } from "./panel.js";
import { createScenes, floorOf, instancesOf, layersOf, rememberVisible } from "./scene.js";
import { createStage, placePicture } from "./stage.js";
import { clampThreshold, classCounts, createStore } from "./state.js";
import { listenToUse } from "./threshold_use.js";
import { createTip } from "./tip.js";
import { createToolbar } from "./toolbar.js";
import { FIT } from "./viewport.js";

/** Gradio serves files below its own address, which may be a sub-path. */
const resolver = (root) => (url) => (url.startsWith("/gradio_api/") ? root + url : url);

/**
 * What a new scene does to the user's choices. A threshold the user has set
 * outlives a change of model or photo, until the server asks for another one.
 */
function createAdopt(store) {
  let asked = null;
  return (scene, before, value) => {
    const patch = {};
    if (scene.image?.url !== before.image?.url) Object.assign(patch, { view: FIT, pointer: null, minArea: 0 });
    if (JSON.stringify(scene.prediction) !== JSON.stringify(before.prediction)) Object.assign(patch, { hover: -1, selected: -1 });
    if (value.prediction) {
      const threshold = value.threshold === asked ? store.get().threshold : value.threshold;
      patch.threshold = clampThreshold(threshold, floorOf(scene));
      asked = value.threshold;
    }
    store.set(patch);
  };
}

/** Tells the page what is shown, as `instseg:state` on the viewer's root. */
function announce(viewer) {
  const { threshold } = viewer.store.get();
  const visible = viewer.visible().map((one) => one.index);
  const detail = { threshold, visible, selected: viewer.layers().selected };
  viewer.root.dispatchEvent(new CustomEvent("instseg:state", { bubbles: true, detail }));
}

/** Says aloud what is pinned. */
function say(viewer) {
  const pinned = viewer.scene().prediction?.instances[viewer.layers().selected];
  viewer.part("live").textContent = pinned ? `${pinned.label}, score ${formatShortScore(pinned.score)}, pinned` : "";
}

/**
 * @param {HTMLElement} root
 * @param {Api} api
 */
function createViewer(root, api) {
  const abort = new AbortController();
  const store = api.store ?? createStore({ colorBy: toColorBy(api.colorBy) });
  const visibleOf = rememberVisible();
  const adopt = createAdopt(store);
  const scenes = createScenes(resolver(api.root), (scene, before, value) => {
    adopt(scene, before, value);
    frames.refresh("scene");
  });
  let parts = [];
  const frames = createFrames((changed) => {
    for (const part of parts) part.update(store.get(), changed);
    if (["scene", "threshold", "minArea", "hidden", "selected"].some((key) => changed.has(key))) announce(viewer);
    if (changed.has("selected")) say(viewer);
  }, abort.signal);
  const viewer = {
    root,
    api,
    store,
    stage: { width: 0, height: 0, ratio: 1 },
    signal: abort.signal,
    accepts: api.accepts === true,
    part: (name) => root.querySelector(`[data-part="${name}"]`),
    scene: scenes.get,
    take: scenes.take,
    visible: () => visibleOf(scenes.get(), store.get()),
    transform: () => placePicture(scenes.get(), store.get(), viewer.stage),
    layers: () => layersOf(viewer.visible(), store.get()),
    classes: () => classCounts(instancesOf(scenes.get()), store.get()),
    choose: () => document.dispatchEvent(new CustomEvent("instseg:choose")),
    note: (text) => document.dispatchEvent(new CustomEvent("instseg:note", { detail: text })),
    hint: (text) => notice.hint(text),
    help: () => keysHelp.open(),
    ...createFull(root, () => frames.refresh("full")),
    ...frames,
    dispose: () => abort.abort(),
  };
  const notice = createNotice(viewer);
  const keysHelp = createKeysHelp(viewer, "Full screen");
  parts = [createStage(viewer), createTip(viewer), notice, createToolbar(viewer), createControls(viewer), createPanel(viewer)];
  // That of a case of an evaluation stays: the case may lie below the threshold.
  if (viewer.accepts) {
    listenToUse(({ model, threshold }) => {
      const scene = scenes.get();
      if (scene.prediction?.model === model) store.set({ threshold: clampThreshold(threshold, floorOf(scene)) });
    }, abort.signal);
  }
  const unsubscribe = store.subscribe((_state, changed) => frames.refresh(...changed));
  abort.signal.addEventListener("abort", unsubscribe);
  return viewer;
}

/**
 * Brings a viewer's markup to life. Mounting again on the same element replaces
 * the viewer that was there.
 * @param {HTMLElement} root the `.isv` element
 * @param {Api} api
 * @returns {Viewer}
 */
export function mount(root, api) {
  root.instsegViewer?.dispose();
  setLimits(api.limits);
  setScoreScale(api.scoreScale);
  const viewer = createViewer(root, api);
  root.instsegViewer = viewer;
  listenToGestures(viewer);
  listenToKeys(viewer);
  document.addEventListener("fullscreenchange", () => viewer.refresh("full"), { signal: viewer.signal });
  api.onValue(() => viewer.take(api.value()));
  viewer.refresh("scene");
  viewer.take(api.value());
  return viewer;
}
