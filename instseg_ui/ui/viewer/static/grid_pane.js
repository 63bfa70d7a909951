/**
 * A pane of the grid: a header with the model's facts over a linked stage.
 *
 * @typedef {ReturnType<typeof createPane>} PaneView
 */

import { icon, iconButton, make } from "./dom.js";
import { formatThreshold, plural } from "./format.js";
import { createView, stageMarkup } from "./grid_view.js";
import { limits } from "./limits.js";
import { clampThreshold } from "./state.js";

const COUNTED = ["scene", "threshold", "minArea", "hidden"];

/** Model, count, facts, and what can be done with the pane. */
function createHeader(grid, key, model) {
  const name = make("b", { class: "isg-name", text: model, title: model });
  const count = make("span", { class: "isg-count" });
  const facts = make("span", { class: "isg-facts" });
  const pinned = iconButton("pin", "Use as the reference", () => grid.pinReference(key), { "data-tool": "reference", "aria-pressed": "false", caption: "Reference" });
  const grow = iconButton("grow", "Fill the grid (F)", () => grid.toggleSolo(key), { "data-tool": "solo", "aria-pressed": "false" });
  const element = make("header", { class: "isg-header" },
    make("div", { class: "isg-titles" }, name, make("div", { class: "isg-line" }, count, facts)), pinned, grow);
  return {
    element,
    count(shown, total, threshold) {
      count.textContent = total === null ? "" : `${shown} of ${plural(total, "object")}`;
      count.title = total === null ? "" : `${shown} of ${total} pass threshold ${formatThreshold(threshold)} and the filters`;
    },
    facts(caption) {
      const line = caption.join("  ·  ");
      if (facts.textContent !== line) facts.textContent = line;
      facts.title = line;
    },
    marks(isReference, isSolo) {
      pinned.setAttribute("aria-pressed", String(isReference));
      pinned.title = isReference ? "The others are measured against this model" : "Use as the reference";
      grow.setAttribute("aria-pressed", String(isSolo));
    },
  };
}

/** The pane's own threshold, shown while thresholds are not linked. */
function createOwnThreshold(store, floor, model) {
  const input = () => store.set({ threshold: clampThreshold(Number(field.value), floor()) });
  const field = make("input", { type: "range", name: "own-threshold", min: String(limits.floor), max: "1", step: "0.01", "aria-label": `Threshold of ${model}`, on: { input } });
  const output = make("output", { class: "isv-number" });
  const element = make("label", { class: "isv-slider isg-own" }, make("span", { text: "Threshold" }), field, output);
  return {
    element,
    show(threshold) {
      field.min = String(floor());
      if (Number(field.value) !== threshold) field.value = String(threshold);
      field.style.setProperty("--isv-fill", `${(100 * (threshold - floor())) / (1 - floor())}%`);
      output.textContent = formatThreshold(threshold);
    },
  };
}

/** What the pane says over its picture: that it waits, runs or failed, and why. */
function createStatus() {
  const line = make("span");
  const sign = make("i", { class: "isg-sign", "aria-hidden": "true" });
  const element = make("div", { class: "isg-status", role: "status", hidden: true }, sign, line);
  const warning = icon("warning");
  let shown = "";
  return {
    element,
    show({ state, text }) {
      element.hidden = text === "";
      if (line.textContent !== text) line.textContent = text;
      if (shown === state) return;
      shown = state;
      element.dataset.state = state;
      sign.replaceChildren(...(state === "failed" ? [warning] : []));
    },
  };
}

/**
 * @param {import("./grid.js").Grid} grid
 * @param {string} key
 * @param {string} model
 */
export function createPane(grid, key, model) {
  const header = createHeader(grid, key, model);
  const status = createStatus();
  const markup = stageMarkup(model);
  markup.append(status.element);
  const root = make("section", { class: "isg-pane", "data-key": key, "aria-label": model }, header.element, markup);
  const view = createView(grid, key, root, (self) => [{
    update(state, changed) {
      if (!COUNTED.some((name) => changed.has(name))) return;
      const prediction = self.scene().prediction;
      header.count(self.visible().length, prediction ? prediction.found : null, state.threshold);
      own.show(state.threshold);
    },
  }]);
  const own = createOwnThreshold(view.store, () => view.scene().prediction?.floor ?? limits.floor, model);
  header.element.after(own.element);
  return {
    key,
    root,
    view,
    /** @param {import("./grid_value.js").Pane} pane */
    show(pane) {
      header.facts(pane.caption);
      status.show(pane);
      root.dataset.state = pane.state;
      root.setAttribute("aria-busy", String(pane.state === "running"));
    },
    /** @param {boolean} isReference @param {boolean} isSolo */
    mark(isReference, isSolo) {
      root.classList.toggle("isg-reference", isReference);
      root.classList.toggle("isg-solo", isSolo);
      header.marks(isReference, isSolo);
    },
    dispose() {
      view.dispose();
      root.remove();
    },
  };
}
