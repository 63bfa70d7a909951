/** Mouse, pen and touch on the stage. */

import { hitTest } from "./hit.js";
import { frameOf } from "./scene.js";
import { FIT, panBy, toImage, zoomAt } from "./viewport.js";

/** Movement in pixels up to which a press is a click. */
const CLICK_SLOP = 5;
const SLACK = { mouse: 2, pen: 4, touch: 12 };
const WHEEL_SPEED = 0.0016;
/** A trackpad's pinch arrives as a wheel with ctrl and much smaller steps. */
const PINCH_SPEED = 0.01;
const LINE_HEIGHT = 16;

const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {WheelEvent} event @returns {number} */
export function wheelFactor(event) {
  const pixels = event.deltaMode === 1 ? event.deltaY * LINE_HEIGHT : event.deltaY;
  const speed = event.ctrlKey && Math.abs(pixels) < 50 ? PINCH_SPEED : WHEEL_SPEED;
  return Math.exp(-pixels * speed);
}

/** Actions on the viewer's store, in stage pixels. */
function actionsOf(viewer) {
  const { store } = viewer;
  const change = (compute) => {
    const frame = frameOf(viewer.scene());
    if (frame && viewer.transform()) store.set({ view: compute(store.get().view, viewer.stage, frame) });
  };
  const find = (point, kind) => {
    const at = viewer.transform();
    if (!at) return { pointer: null, index: -1 };
    const pointer = toImage(at, point.x, point.y);
    const hit = hitTest(viewer.visible(), pointer.x, pointer.y, (SLACK[kind] ?? SLACK.mouse) / at.scale);
    return { pointer, index: hit?.index ?? -1 };
  };
  return {
    zoom: (factor, point) => change((view, stage, frame) => zoomAt(view, factor, point, stage, frame)),
    pan: (dx, dy) => change((view, stage, frame) => panBy(view, dx, dy, stage, frame)),
    fit: () => store.set({ view: FIT }),
    hover(point, kind) {
      const { pointer, index } = find(point, kind);
      store.set({ pointer, hover: index });
    },
    leave: () => store.set({ pointer: null, hover: -1 }),
    click(point, kind) {
      const { index } = find(point, kind);
      store.set({ selected: index === store.get().selected ? -1 : index });
    },
  };
}

/** Presses by pointer id: one pans or clicks, two pinch. */
function listenToPointers(stage, actions, place, options) {
  const pressed = new Map();
  let [start, dragging] = [null, false];

  const pinch = (before, after) => {
    const [from, to] = [middle(...before), middle(...after)];
    actions.pan(to.x - from.x, to.y - from.y);
    if (distance(...before) > 0) actions.zoom(distance(...after) / distance(...before), to);
  };
  const move = (event) => {
    const point = place(event);
    const before = pressed.get(event.pointerId);
    if (!before) return event.pointerType === "touch" ? undefined : actions.hover(point, event.pointerType);
    dragging ||= distance(point, start) > CLICK_SLOP || pressed.size > 1;
    if (!dragging) return undefined;
    const old = [...pressed.values()];
    pressed.set(event.pointerId, point);
    if (pressed.size === 2) return pinch(old, [...pressed.values()]);
    stage.classList.add("isv-dragging");
    return actions.pan(point.x - before.x, point.y - before.y);
  };
  const down = (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    pressed.set(event.pointerId, place(event));
    if (pressed.size === 1) [start, dragging] = [place(event), false];
  };
  const end = (event) => {
    const wasPressed = pressed.delete(event.pointerId);
    stage.classList.remove("isv-dragging");
    if (wasPressed && !dragging && event.type === "pointerup") actions.click(place(event), event.pointerType);
  };
  stage.addEventListener("pointerdown", down, options);
  stage.addEventListener("pointermove", move, options);
  stage.addEventListener("pointerup", end, options);
  stage.addEventListener("pointercancel", end, options);
  stage.addEventListener("pointerleave", () => actions.leave(), options);
}

/** The wheel zooms with ctrl, or once the stage is in use; otherwise the page scrolls. */
function listenToWheel(viewer, stage, actions, place) {
  const inUse = () => stage.contains(document.activeElement) || viewer.isFull();
  const wheel = (event) => {
    if (!viewer.transform()) return;
    if (event.ctrlKey || event.metaKey || inUse()) {
      event.preventDefault();
      actions.zoom(wheelFactor(event), place(event));
    } else {
      viewer.hint("Ctrl + scroll to zoom");
    }
  };
  stage.addEventListener("wheel", wheel, { passive: false, signal: viewer.signal });
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 */
export function listenToGestures(viewer) {
  const stage = viewer.part("stage");
  const options = { signal: viewer.signal };
  const actions = actionsOf(viewer);
  const place = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  listenToPointers(stage, actions, place, options);
  listenToWheel(viewer, stage, actions, place);
  stage.addEventListener("dblclick", () => actions.fit(), options);
}
