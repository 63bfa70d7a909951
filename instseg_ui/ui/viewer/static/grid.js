/**
 * The grid: one shared store, a pane a model, tools above and a wipe in their place.
 *
 * @typedef {object} GridApi what the page offers to the grid
 * @property {() => unknown} value the present value
 * @property {(listener: () => void) => void} onValue
 * @property {(data: {thresholds: number[], hidden: string[]}) => void} settled
 * @property {(data: {index: number}) => void} referenced
 * @property {string} root address of the app, without a slash at its end
 * @property {unknown} limits see limits.js
 * @property {unknown} colorBy what has a colour of its own at first
 * @property {unknown} scoreScale see colors.js
 *
 * @typedef {ReturnType<typeof createGrid>} Grid
 */

import { setScoreScale, toColorBy } from "./colors.js";
import { createFrames } from "./frames.js";
import { createLinks } from "./grid_links.js";
import { createPane } from "./grid_pane.js";
import { copyFor } from "./grid_picture.js";
import { createSharedStore, ownThresholds, settledData, switchLink } from "./grid_state.js";
import { createStrip } from "./grid_strip.js";
import { formatShortScore } from "./scores.js";
import { createKeysHelp } from "./keys_help.js";
import { adopt, changedPanes, createIntake } from "./grid_take.js";
import { setLimits } from "./limits.js";
import { tellLook } from "./look.js";
import { createNotice } from "./notice.js";
import { listenToUse } from "./threshold_use.js";
import { transform } from "./viewport.js";
import { createWipe } from "./wipe.js";

const REST_MS = 300;
/** Up to this many panes are seen at once; more are scrolled, and the wheel is left to that. */
const AT_ONCE = 6;
const INVITATION = "Choose a photo and two or more models to compare them";

const layoutOf = (count) => ["none", "one", "two", "three", "four", "six", "six"][count] ?? "many";

/** Tells Python where thresholds and classes came to rest, unless it knows. */
function createSettler(grid, api) {
  let [known, timer] = ["", 0];
  const now = () => JSON.stringify(settledData(grid.shared.get(), grid.keys()));
  const check = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { linked, threshold } = grid.shared.get();
      if (linked && grid.keys().length && !grid.signal.aborted) tellLook({ threshold });
      const data = now();
      if (grid.signal.aborted || data === known || grid.keys().length === 0) return;
      known = data;
      api.settled(JSON.parse(data));
    }, REST_MS);
  };
  /** After a value: Python knows what it asked for. */
  const take = (threshold) => {
    const asked = JSON.stringify({ thresholds: grid.keys().map(() => threshold), hidden: [] });
    if (now() === asked) known = asked;
    else if (now() !== known) check();
  };
  return { check, take };
}

/** The panes by key, made and removed as models come and go. */
function createPanes(grid) {
  const place = grid.part("panes");
  const panes = new Map();
  const place1 = (pane, at) => {
    if (place.children[at] !== pane.root) place.insertBefore(pane.root, place.children[at] ?? null);
  };
  return {
    get: (key) => panes.get(key),
    /** @param {import("./grid_value.js").GridValue} value @param {Set<string>} changed */
    take(value, changed) {
      const keys = new Set(value.panes.map(({ key }) => key));
      for (const [key, pane] of panes) {
        if (!keys.has(key)) {
          pane.dispose();
          panes.delete(key);
        }
      }
      value.panes.forEach((one, at) => {
        if (!panes.has(one.key)) panes.set(one.key, createPane(grid, one.key, one.model));
        const pane = panes.get(one.key);
        place1(pane, at);
        pane.show(one);
        if (changed.has(one.key)) pane.view.refresh("scene");
      });
      place.dataset.layout = layoutOf(keys.size);
      if (value.image) place.style.setProperty("--isg-ratio", String(value.image.width / value.image.height));
    },
    mark: (reference, solo) => panes.forEach((pane, key) => pane.mark(key === reference, key === solo)),
  };
}

/** On a phone two models first lie under a wipe: side by side they would be too small. */
function createFirstWipe(grid, parts) {
  let done = false;
  return ({ panes }) => {
    if (done || !matchMedia("(max-width: 720px)").matches) return;
    if (panes.filter(({ prediction }) => prediction !== null).length < 2) return;
    done = true;
    if (!parts.wipe.isOpen()) grid.toggleWipe();
  };
}

/** What happens when a value came. */
function createTake(grid, api, parts) {
  let asked = null;
  const wipeFirst = createFirstWipe(grid, parts);
  return (value, before) => {
    const changed = changedPanes(value, before);
    const patch = adopt(grid.shared.get(), value, before, asked);
    if (value.panes.length) asked = value.threshold;
    if (value.reference !== before.reference || value.panes.length !== before.panes.length) parts.pinned = null;
    parts.panes.take(value, changed);
    grid.shared.set(patch);
    if (changed.size) parts.links.relink();
    parts.wipe.take(changed);
    grid.mark();
    parts.notice.update(null, new Set(["scene"]));
    parts.settler.take(value.threshold);
    const redrawn = changed.size || value.panes.length !== before.panes.length;
    parts.frames.refresh(...(redrawn ? ["scene"] : ["facts"]));
    wipeFirst(value);
  };
}

/** What the grid's parts may do with each other. */
function actionsOf(grid, api, parts) {
  const { shared } = grid;
  const setSolo = (solo) => {
    shared.set({ solo });
    grid.mark();
  };
  return {
    mark() {
      const { solo } = shared.get();
      grid.part("panes").classList.toggle("isg-alone", solo !== null);
      parts.panes.mark(grid.reference(), solo);
    },
    toggleSolo: (key) => !parts.wipe.isOpen() && setSolo(shared.get().solo === key ? null : key),
    toggleWipe() {
      const opens = !parts.wipe.isOpen();
      if (opens && grid.keys().length < 2) return;
      grid.part("panes").hidden = opens;
      if (opens) parts.wipe.open();
      else parts.wipe.close();
      parts.frames.refresh("view");
    },
    switchLink: () => shared.set(switchLink(shared.get(), grid.keys(), grid.reference())),
    pinReference(key) {
      if (key === grid.reference()) return;
      parts.pinned = key;
      grid.mark();
      api.referenced({ index: grid.keys().indexOf(key) });
    },
    refreshStrip: () => parts.frames.refresh("full"),
    wiping: () => parts.wipe.isOpen(),
    wheelZooms() {
      const used = grid.root.contains(document.activeElement) && document.activeElement.closest(".isg-stage") !== null;
      return used && (grid.keys().length <= AT_ONCE || parts.wipe.isOpen() || shared.get().solo !== null);
    },
    /** The stage that stands for all: zooming from the tools is about its middle. */
    lead() {
      const shown = parts.wipe.isOpen() ? parts.wipe.views()[0] : null;
      return shown ?? parts.panes.get(shared.get().solo ?? grid.reference())?.view;
    },
  };
}

/** A pane's scene for the viewer's parts; the picture is the copy that fits the view. */
function sceneOf(intake, key, view) {
  const { image, panes } = intake.value();
  const copies = intake.copies();
  const prediction = (image && panes.find((pane) => pane.key === key)?.prediction) ?? null;
  if (!image || !copies) return { picture: null, image: null, prediction: null, message: null };
  if (!view?.stage.width) return { picture: copies[0].source, image, prediction, message: null };
  const { scale } = transform(view.store.get().view, view.stage, prediction?.frame ?? image);
  return { picture: copyFor(copies, scale * view.stage.ratio), image, prediction, message: null };
}

/** What the grid says as a whole. */
function gridNotice(grid) {
  const scene = () => {
    const { image, panes, message } = grid.value();
    return { image: image ?? (panes.length ? {} : null), message: message ?? (panes.length ? null : { kind: "empty", text: INVITATION }) };
  };
  return createNotice(/** @type {any} */ ({ root: grid.root, part: grid.part, accepts: false, scene }));
}

/** Says aloud what is pinned. */
function say(grid) {
  const { picked } = grid.shared.get();
  const found = grid.value().panes.filter(({ key }) => key in picked);
  const lines = found.map(({ key, model, prediction }) => {
    const one = prediction?.instances[picked[key]];
    return one ? `${model}: ${one.label}, score ${formatShortScore(one.score)}` : "";
  });
  grid.part("live").textContent = lines.filter(Boolean).join("; ");
}

/**
 * @param {HTMLElement} root
 * @param {GridApi} api
 */
function createGrid(root, api) {
  const abort = new AbortController();
  const shared = createSharedStore({ colorBy: toColorBy(api.colorBy) });
  /** Filled below: each part is made with the grid and used only later. */
  const parts = /** @type {any} */ ({ pinned: null });
  const resolve = (url) => (url.startsWith("/gradio_api/") ? api.root + url : url);
  const intake = createIntake(resolve, (value, before) => parts.take(value, before));
  const base = {
    root,
    shared,
    signal: abort.signal,
    part: (name) => root.querySelector(`[data-part="${name}"]`),
    value: intake.value,
    take: intake.take,
    keys: () => intake.value().panes.map(({ key }) => key),
    sceneOf: (key, view) => sceneOf(intake, key, view),
    reference: () => parts.pinned ?? intake.value().panes[intake.value().reference]?.key,
    partners: (key, index) => parts.links.partners(key, index),
    pane: (key) => parts.panes.get(key),
    flush: () => parts.frames.flush(),
    dispose: () => abort.abort(),
  };
  const grid = Object.assign(base, actionsOf(/** @type {any} */ (base), api, parts));
  parts.frames = createFrames((changed) => parts.strip.update(shared.get(), changed), abort.signal);
  parts.panes = createPanes(grid);
  parts.settler = createSettler(grid, api);
  parts.links = createLinks(grid);
  parts.notice = gridNotice(grid);
  parts.wipe = createWipe(grid);
  grid.help = createKeysHelp(grid, "Fill the grid").open;
  parts.strip = createStrip(grid);
  parts.take = createTake(grid, api, parts);
  listenToUse(({ model, threshold }) => {
    const panes = intake.value().panes.filter((pane) => pane.model === model);
    if (panes.length) shared.set(ownThresholds(shared.get(), panes.map(({ key }) => [key, threshold])));
  }, abort.signal);
  shared.subscribe((_state, changed) => {
    parts.frames.refresh(...changed);
    if (["threshold", "own", "linked", "hidden"].some((key) => changed.has(key))) parts.settler.check();
    if (changed.has("picked")) say(grid);
  });
  return grid;
}

/**
 * Brings a grid's markup to life. Mounting again on the same element replaces the
 * grid that was there.
 * @param {HTMLElement} root the `.isg` element
 * @param {GridApi} api
 * @returns {Grid}
 */
export function mountGrid(root, api) {
  root.instsegGrid?.dispose();
  setLimits(api.limits);
  setScoreScale(api.scoreScale);
  const grid = createGrid(root, api);
  root.instsegGrid = grid;
  api.onValue(() => grid.take(api.value()));
  grid.take(api.value());
  return grid;
}
