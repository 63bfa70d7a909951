/**
 * What is shown: the checked value and its loaded picture. A picture and its
 * instances change together, so masks never lie over another picture.
 *
 * @typedef {import("./value.js").Value} Value
 * @typedef {import("./value.js").Instance} Instance
 * @typedef {object} Scene
 * @property {HTMLImageElement | null} picture
 * @property {import("./value.js").Picture | null} image
 * @property {import("./value.js").Prediction | null} prediction
 * @property {import("./value.js").Message | null} message
 */

import { limits } from "./limits.js";
import { toValue } from "./value.js";
import { visibleInstances } from "./state.js";

/** @returns {Scene} */
export const emptyScene = () => ({ picture: null, image: null, prediction: null, message: null });

/**
 * The coordinates of boxes and masks; without a prediction those of the image.
 * @param {Scene} scene
 * @returns {import("./value.js").Size | null}
 */
export const frameOf = (scene) => scene.prediction?.frame ?? scene.image;

/** @param {Scene} scene @returns {Instance[]} */
export const instancesOf = (scene) => scene.prediction?.instances ?? [];

/** @param {Scene} scene @returns {number} */
export const floorOf = (scene) => scene.prediction?.floor ?? limits.floor;

/** Whether a value only says something about what is already shown. */
const isNotice = (value) =>
  value.image === null && value.prediction === null && ["busy", "error"].includes(value.message?.kind);

/** Whether a value announces work on the picture that is already shown. */
const isRerun = (value, same) => same && value.prediction === null && value.message?.kind === "busy";

/**
 * The scene after a value, before any picture is loaded.
 * @param {Scene} scene
 * @param {Value} value
 * @returns {Scene}
 */
export function nextScene(scene, value) {
  if (isNotice(value)) return { ...scene, message: value.message };
  const { image, message } = value;
  const same = image !== null && image.url === scene.image?.url;
  const prediction = isRerun(value, same) ? scene.prediction : image && value.prediction;
  return { picture: same ? scene.picture : null, image, prediction, message };
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
async function loadPicture(url) {
  const picture = new Image();
  picture.decoding = "async";
  // Without this a picture from another host could be shown but not downloaded.
  if (/^https?:/i.test(url) && new URL(url).origin !== window.location.origin) picture.crossOrigin = "anonymous";
  picture.src = url;
  await picture.decode();
  return picture;
}

/**
 * Takes values and tells about scenes, dropping those that a newer one overtook.
 * @param {(url: string) => string} resolve from a value's address to the browser's
 * @param {(scene: Scene, before: Scene, value: Value) => void} changed
 * @returns {{get: () => Scene, take: (raw: unknown) => Promise<void>}}
 */
export function createScenes(resolve, changed) {
  let scene = emptyScene();
  let latest = 0;
  const show = (next, value) => {
    const before = scene;
    scene = next;
    changed(scene, before, value);
  };
  const take = async (raw) => {
    latest += 1;
    const turn = latest;
    const value = toValue(raw);
    const next = nextScene(scene, value);
    try {
      if (next.image && !next.picture) next.picture = await loadPicture(resolve(next.image.url));
    } catch {
      const message = { kind: /** @type {const} */ ("error"), text: "The picture could not be loaded. Open it again." };
      if (turn === latest) show({ ...scene, message }, value);
      return;
    }
    if (turn === latest) show(next, value);
  };
  return { get: () => scene, take };
}

/**
 * `visibleInstances`, computed again only when something it depends on changed.
 * @returns {(scene: Scene, state: import("./state.js").State) => Instance[]}
 */
export function rememberVisible() {
  let [key, result] = [[], []];
  return (scene, state) => {
    const now = [scene.prediction, state.threshold, state.minArea, state.hidden];
    if (now.some((part, at) => part !== key[at])) {
      key = now;
      result = visibleInstances(instancesOf(scene), state);
    }
    return result;
  };
}

/**
 * The state for drawing: what is filtered out is neither pinned nor lit.
 * @param {Instance[]} visible
 * @param {import("./state.js").State} state
 * @returns {import("./state.js").State}
 */
export function layersOf(visible, state) {
  const shown = (index) => (visible.some((one) => one.index === index) ? index : -1);
  return { ...state, hover: shown(state.hover), selected: shown(state.selected) };
}
