/** The two canvases: the picture below, everything found above it. */

import { drawMarks, drawPicture, drawShapes } from "./draw.js";
import { formatThreshold, plural } from "./format.js";
import { frameOf } from "./scene.js";
import { createScrolled, snapped } from "./scroll.js";
import { pathOf } from "./shapes.js";
import { transform } from "./viewport.js";

const MAX_RATIO = 2;
/** What makes a canvas be drawn anew; a new view may only move it. */
const PICTURE = ["scene", "size"];
const SHAPES = [...PICTURE, "threshold", "opacity", "minArea", "hidden", "masks", "outlines", "boxes", "colorBy", "selected"];
const MARKS = [...SHAPES, "view", "labels", "hover"];

const any = (changed, keys) => keys.some((key) => changed.has(key));

function clear(canvas) {
  const ctx = canvas.getContext("2d");
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, canvas.width, canvas.height);
  return ctx;
}

function fitCanvas(canvas, size, ratio) {
  canvas.width = Math.max(1, Math.round(size.width * ratio));
  canvas.height = Math.max(1, Math.round(size.height * ratio));
}

/** What the picture shows, for people who do not see it. */
function describe(viewer, state) {
  const { image, prediction } = viewer.scene();
  if (!image) return "No picture yet";
  const name = image.name || "Picture";
  if (!prediction) return name;
  const shown = plural(viewer.visible().length, "instance");
  return `${name}: ${shown} at threshold ${formatThreshold(state.threshold)}, found by ${prediction.model}`;
}

/**
 * Outlines below the threshold are traced while nothing happens, so that
 * lowering it later does not have to wait.
 */
function warmUp(viewer) {
  const wait = window.requestIdleCallback ?? ((task) => setTimeout(() => task({ timeRemaining: () => 5 }), 50));
  const { prediction } = viewer.scene();
  const todo = [...(prediction?.instances ?? [])];
  const step = (deadline) => {
    if (viewer.signal.aborted || viewer.scene().prediction !== prediction) return;
    const at = viewer.transform();
    while (at && todo.length && deadline.timeRemaining() > 3) pathOf(todo.shift(), at.scale);
    if (at && todo.length) wait(step);
  };
  wait(step);
}

/** Keeps the canvases as large as the stage. */
function watchSize(viewer, stage, canvases) {
  const ratio = () => Math.min(window.devicePixelRatio || 1, MAX_RATIO);
  const resize = () => {
    if (!stage.isConnected) return viewer.dispose();
    const size = { width: stage.clientWidth, height: stage.clientHeight };
    // A stage in a closed tab has no size; the old one is kept until it opens.
    if (!size.width || !size.height) return undefined;
    viewer.stage = { ...size, ratio: ratio() };
    for (const canvas of canvases) fitCanvas(canvas, size, viewer.stage.ratio);
    // Setting a canvas's size clears it: drawn again before the browser paints.
    viewer.refresh("size");
    viewer.flush();
    return undefined;
  };
  const observer = new ResizeObserver(resize);
  observer.observe(stage);
  viewer.signal.addEventListener("abort", () => observer.disconnect());
}

/** The picture's canvas, the shapes', and the one that shows shapes and marks. */
function createPaint(viewer, base, overlay, shapes) {
  const pixels = () => ({ ratio: viewer.stage.ratio });
  const picture = createScrolled(base, (ctx, at) => {
    const { ratio } = viewer.stage;
    const device = { scale: at.scale * ratio, x: at.x * ratio, y: at.y * ratio };
    const scene = viewer.scene();
    if (scene.picture) drawPicture(ctx, scene.picture, frameOf(scene), device);
  });
  const found = createScrolled(shapes, (ctx, at, rect) => drawShapes(ctx, viewer.visible(), viewer.layers(), at, rect, pixels()));
  return (at, changed) => {
    const { ratio } = viewer.stage;
    if (any(changed, ["view", ...PICTURE])) picture(at, ratio, any(changed, PICTURE));
    if (any(changed, ["view", ...SHAPES])) found(at, ratio, any(changed, SHAPES));
    if (!any(changed, MARKS)) return;
    const ctx = clear(overlay);
    if (!at) return;
    ctx.drawImage(shapes, 0, 0);
    drawMarks(ctx, viewer.visible(), viewer.layers(), at, viewer.stage, pixels());
  };
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void}}
 */
export function createStage(viewer) {
  const [stage, base, overlay] = ["stage", "base", "overlay"].map(viewer.part);
  const shapes = document.createElement("canvas");
  watchSize(viewer, stage, [base, overlay, shapes]);
  const paint = createPaint(viewer, base, overlay, shapes);
  return {
    update(state, changed) {
      if (changed.has("scene")) warmUp(viewer);
      const at = viewer.transform();
      paint(at && snapped(at, viewer.stage.ratio), changed);
      if (any(changed, ["scene", "threshold", "minArea", "hidden"])) overlay.setAttribute("aria-label", describe(viewer, state));
      stage.classList.toggle("isv-zoomed", state.view.zoom > 1);
      stage.classList.toggle("isv-over", state.hover >= 0);
    },
  };
}

/**
 * Where the picture lies on the stage, or null when there is none.
 * @param {import("./scene.js").Scene} scene
 * @param {import("./state.js").State} state
 * @param {import("./value.js").Size} stage
 * @returns {import("./viewport.js").Transform | null}
 */
export function placePicture(scene, state, stage) {
  const frame = frameOf(scene);
  return frame && scene.picture && stage.width ? transform(state.view, stage, frame) : null;
}
