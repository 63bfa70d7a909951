/** Threshold, opacity, size filter and class chips below the stage. */

import { make } from "./dom.js";
import { createColorChoice } from "./color_choice.js";
import { formatPixels, formatThreshold } from "./format.js";
import { limits } from "./limits.js";
import { floorOf, instancesOf } from "./scene.js";
import { clampThreshold, toggled } from "./state.js";

const AREA_STEPS = 60;
/** Up to this many classes one row of chips is enough on a wide page; on a narrow one a quarter. */
const FEW = 8;

/**
 * A step of the size slider to pixels: even steps of a side, so that small
 * objects, where the choice matters, get most of the slider.
 * @param {number} step 0..60
 * @param {number} largest pixels at the last step
 * @returns {number}
 */
export const areaOfStep = (step, largest) => Math.round(largest * (step / AREA_STEPS) ** 3);

/** A named slider with its number beside it. */
function slider(name, title, range, input) {
  const field = make("input", { type: "range", name, ...range, on: { input: () => input(Number(field.value)) } });
  const output = make("output", { class: "isv-number" });
  const element = make("label", { class: `isv-slider isv-slider-${name}` }, make("span", { text: title }), field, output);
  const show = (value, text) => {
    if (Number(field.value) !== value) field.value = String(value);
    const [low, high] = [Number(field.min), Number(field.max)];
    field.style.setProperty("--isv-fill", `${(100 * (value - low)) / (high - low)}%`);
    output.textContent = text;
    field.setAttribute("aria-valuetext", text);
  };
  return { element, field, show };
}

/** One tick an instance along the threshold slider: gaps show where a cut is safe. */
function scoreTicks(viewer) {
  const canvas = make("canvas", { class: "isv-ticks", height: 12, "aria-hidden": "true" });
  const draw = () => {
    const ctx = canvas.getContext("2d");
    const floor = floorOf(viewer.scene());
    // Setting the width clears the canvas too.
    canvas.width = Math.max(64, Math.round(canvas.clientWidth * viewer.stage.ratio));
    const tick = Math.ceil(1.5 * viewer.stage.ratio);
    ctx.globalAlpha = 0.7;
    const { colorBy } = viewer.store.get();
    for (const { score, colors } of instancesOf(viewer.scene())) {
      const along = Math.max(0, (score - floor) / (1 - floor));
      ctx.fillStyle = colors[colorBy];
      ctx.fillRect(Math.round(along * (canvas.width - tick)), 0, tick, canvas.height);
    }
  };
  return { canvas, draw };
}

/** A chip switches its class. */
function chip(viewer, entry) {
  const { store } = viewer;
  const click = () => store.set({ hidden: toggled(store.get().hidden, entry.label) });
  const count = make("span", { class: "isv-number" });
  const swatch = make("i", { class: "isv-swatch", style: `background:${entry.color}` });
  const button = make("button", { type: "button", class: "isv-chip", "data-label": entry.label, on: { click } },
    swatch, make("span", { class: "isv-name", text: entry.label }), count);
  const show = (now) => {
    button.setAttribute("aria-pressed", String(!now.hidden));
    button.title = now.hidden ? `Show ${entry.label}` : `Hide ${entry.label}`;
    button.hidden = now.count === 0 && !now.hidden;
    count.textContent = String(now.count);
  };
  return { button, show };
}

/** The chips, made once a prediction. */
function chipRow(viewer) {
  const row = make("div", { class: "isv-chips", role: "group", "aria-label": "Classes" });
  const { store } = viewer;
  const labels = () => [...new Set(instancesOf(viewer.scene()).map((one) => one.label))];
  const all = make("button", { type: "button", class: "isv-text", on: {
    click: () => store.set({ hidden: store.get().hidden.length ? [] : labels() }),
  } });
  let chips = new Map();
  const build = (entries) => {
    chips = new Map(entries.map((entry) => [entry.label, chip(viewer, entry)]));
    row.classList.toggle("isv-some", entries.length > FEW / 4);
    row.classList.toggle("isv-many", entries.length > FEW);
    const before = entries.length > 1 ? [all] : [];
    row.replaceChildren(...before, ...[...chips.values()].map(({ button }) => button));
  };
  return {
    row,
    update(state, changed) {
      const entries = viewer.classes();
      if (changed.has("scene")) build(entries);
      all.textContent = state.hidden.length ? "Show all" : "Hide all";
      for (const entry of entries) chips.get(entry.label).show(entry);
    },
  };
}

/** The three sliders and what they set. */
function sliders(viewer) {
  const { store } = viewer;
  const largest = () => Math.max(1, ...instancesOf(viewer.scene()).map((one) => one.area));
  const threshold = slider("threshold", "Threshold", { min: String(limits.floor), max: "1", step: "0.01" }, (value) =>
    store.set({ threshold: clampThreshold(value, floorOf(viewer.scene())) }));
  const opacity = slider("opacity", "Opacity", { min: "0", max: "100", step: "1" }, (value) =>
    store.set({ opacity: value / 100 }));
  let areaStep = 0;
  const area = slider("area", "Min. size", { min: "0", max: String(AREA_STEPS), step: "1" }, (value) => {
    areaStep = value;
    store.set({ minArea: areaOfStep(value, largest()) });
  });
  const showArea = (state) => {
    if (areaOfStep(areaStep, largest()) !== state.minArea) areaStep = Math.round(AREA_STEPS * Math.cbrt(Math.min(1, state.minArea / largest())));
    area.show(areaStep, `${formatPixels(state.minArea)} px`);
  };
  return { threshold, opacity, area, showArea };
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void}}
 */
export function createControls(viewer) {
  const { threshold, opacity, area, showArea } = sliders(viewer);
  const ticks = scoreTicks(viewer);
  const chips = chipRow(viewer);
  const choice = createColorChoice(viewer);
  choice.show(viewer.store.get().colorBy);
  threshold.element.append(ticks.canvas);
  viewer.part("controls").replaceChildren(
    make("div", { class: "isv-sliders" }, threshold.element, opacity.element, area.element),
    make("div", { class: "isv-look" }, choice.element, chips.row));
  return {
    update(state, changed) {
      if (changed.has("scene")) threshold.field.min = String(floorOf(viewer.scene()));
      if (["scene", "size", "colorBy"].some((key) => changed.has(key))) ticks.draw();
      if (changed.has("scene") || changed.has("colorBy")) choice.show(state.colorBy);
      if (changed.has("scene") || changed.has("threshold")) threshold.show(state.threshold, formatThreshold(state.threshold));
      if (changed.has("scene") || changed.has("opacity")) opacity.show(Math.round(state.opacity * 100), `${Math.round(state.opacity * 100)} %`);
      if (changed.has("scene") || changed.has("minArea")) showArea(state);
      if (["scene", "threshold", "minArea", "hidden"].some((key) => changed.has(key))) chips.update(state, changed);
    },
  };
}
