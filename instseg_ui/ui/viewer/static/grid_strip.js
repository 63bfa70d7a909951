/** The tools and filters above the grid, which work on all panes at once. */

import { createControls } from "./controls.js";
import { icon, iconButton, make } from "./dom.js";
import { createFull } from "./frames.js";
import { classesOf } from "./grid_state.js";
import { zoomBy } from "./keys.js";
import { limits } from "./limits.js";
import { layerButtons } from "./toolbar.js";
import { FIT } from "./viewport.js";

/** All panes as one picture's instances: what the viewer's own controls work on. */
function everything(grid) {
  const predictions = grid.value().panes.map((pane) => pane.prediction).filter(Boolean);
  const floor = Math.min(...predictions.map((one) => one.floor), 1);
  const instances = predictions.flatMap((one) => one.instances);
  const frame = grid.value().image;
  return { picture: null, image: frame, message: null, prediction: frame && { model: "", floor: predictions.length ? floor : limits.floor, frame, instances } };
}

/** What looks like a viewer to the viewer's controls. */
function stripViewer(grid) {
  let scene = everything(grid);
  const counted = () => grid.value().panes.map(({ key, prediction }) => ({ key, instances: prediction?.instances ?? [] }));
  return {
    store: grid.shared,
    get stage() {
      return grid.lead()?.stage ?? { width: 0, height: 0, ratio: 1 };
    },
    part: grid.part,
    scene: () => scene,
    transform: () => grid.lead()?.transform() ?? null,
    classes: () => classesOf(counted(), grid.shared.get()),
    take: () => (scene = everything(grid)),
  };
}

const textButton = (name, text, title, click, more = {}) =>
  make("button", { type: "button", class: "isv-button isg-tool", title, ...more, on: { click } }, icon(name), make("span", { text }));

/** Zoom, wipe, link and full screen. */
function createTools(grid, viewer) {
  const fit = () => grid.shared.set({ view: FIT });
  const layers = layerButtons(viewer);
  const level = make("button", { type: "button", class: "isv-button isv-level", title: "Fit (0)", on: { click: fit } });
  const link = textButton("link", "Link thresholds", "One threshold for all models", () => grid.switchLink(), { "data-tool": "link" });
  const wipe = textButton("wipe", "Wipe", "Lay two models over each other", () => grid.toggleWipe(), { "data-tool": "wipe" });
  const { isFull, toggleFull } = createFull(grid.root, () => grid.refreshStrip());
  const full = iconButton("full", "Full screen", toggleFull, { "data-tool": "full", "aria-pressed": "false" });
  const bar = grid.part("toolbar");
  bar.replaceChildren(
    make("div", { class: "isv-group" }, ...layers),
    make("div", { class: "isv-group" }, link, wipe),
    make("div", { class: "isv-group" },
      iconButton("minus", "Zoom out (-)", () => zoomBy(viewer, 0.8), { "data-tool": "out" }), level,
      iconButton("plus", "Zoom in (+)", () => zoomBy(viewer, 1.25), { "data-tool": "in" }),
      iconButton("fit", "Fit (0)", fit, { "data-tool": "fit" }),
      iconButton("keys", "Keys (?)", () => grid.help(), { "data-tool": "keys" }), full));
  document.addEventListener("fullscreenchange", () => grid.refreshStrip(), { signal: grid.signal });
  return {
    update(state) {
      const at = viewer.transform();
      bar.inert = grid.value().panes.length === 0;
      level.textContent = at ? `${Math.round(at.scale * 100)}%` : "—";
      for (const button of layers) button.setAttribute("aria-pressed", String(state[button.dataset.layer]));
      link.setAttribute("aria-pressed", String(state.linked));
      link.title = state.linked ? "Give each model its own threshold" : "One threshold for all models";
      wipe.setAttribute("aria-pressed", String(grid.wiping()));
      wipe.disabled = grid.value().panes.length < 2;
      full.setAttribute("aria-pressed", String(isFull()));
    },
  };
}

/**
 * @param {import("./grid.js").Grid} grid
 * @returns {{update: (state: any, changed: Set<string>) => void}}
 */
export function createStrip(grid) {
  const viewer = stripViewer(grid);
  const tools = createTools(grid, /** @type {any} */ (viewer));
  const controls = createControls(/** @type {any} */ (viewer));
  const threshold = grid.part("controls").querySelector("input[name=threshold]");
  return {
    update(state, changed) {
      if (changed.has("scene")) viewer.take();
      tools.update(state);
      // A chip's count depends on thresholds; the viewer knows of one only.
      const more = changed.has("own") || changed.has("linked") ? ["threshold"] : [];
      controls.update(state, new Set([...changed, ...more]));
      threshold.disabled = !state.linked;
      grid.root.classList.toggle("isg-unlinked", !state.linked);
    },
  };
}
