/** Two panes on one stage, with a border between them that can be moved. */

import { iconButton, make } from "./dom.js";
import { createView, stageMarkup } from "./grid_view.js";

const STEP = 0.02;
const BIG_STEP = 0.1;

/**
 * Where a key moves the border.
 * @param {string} key
 * @param {number} at 0..1
 * @returns {number | null} null for other keys
 */
export function moved(key, at) {
  const by = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -BIG_STEP, PageUp: BIG_STEP };
  if (key === "Home") return 0;
  if (key === "End") return 1;
  if (!Object.hasOwn(by, key)) return null;
  return Math.min(1, Math.max(0, Math.round((at + by[key]) * 100) / 100));
}

/**
 * The two panes that are wiped: those chosen, as far as they are still there.
 * @param {string[]} keys
 * @param {string} reference
 * @param {[string?, string?]} chosen
 * @returns {[string, string]}
 */
export function pairOf(keys, reference, [a, b] = []) {
  const left = keys.includes(a) ? a : reference;
  const right = keys.includes(b) && b !== left ? b : keys.find((key) => key !== left);
  return [left, right];
}

/** The border: a slider by its role, moved by pointer and keys. */
function createBorder(move) {
  const grip = make("span", { class: "isg-grip", "aria-hidden": "true" });
  const border = make("div", {
    class: "isg-border", role: "slider", tabindex: "0", "aria-label": "Border between the two models",
    "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": "100",
  }, grip);
  let at = 0.5;
  const to = (now) => {
    at = Math.min(1, Math.max(0, now));
    border.style.left = `${at * 100}%`;
    border.setAttribute("aria-valuenow", String(Math.round(at * 100)));
    move(at);
  };
  const drag = (event) => {
    if (!border.hasPointerCapture(event.pointerId)) return;
    const { left, width } = border.parentElement.getBoundingClientRect();
    if (width) to((event.clientX - left) / width);
  };
  border.addEventListener("pointerdown", (event) => {
    if (event.button === 0) border.setPointerCapture(event.pointerId);
  });
  border.addEventListener("pointermove", drag);
  border.addEventListener("keydown", (event) => {
    const now = moved(event.key, at);
    if (now === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    to(now);
  });
  return { border, to };
}

/** A list of the panes to choose one from. */
function createChoice(title, choose) {
  const select = make("select", { "aria-label": title, on: { change: () => choose(select.value) } });
  return {
    element: make("label", { class: "isg-choice" }, make("span", { text: title }), select),
    show(panes, key) {
      const names = panes.map((pane) => pane.model);
      if ([...select.options].map((option) => option.text).join("\n") !== names.join("\n")) {
        select.replaceChildren(...panes.map((pane) => make("option", { value: pane.key, text: pane.model })));
      }
      select.value = key;
    },
  };
}

/** One side: its stage, the model's name in its corner, and what is to say about it. */
function createSide(grid, key, side) {
  const pane = grid.value().panes.find((one) => one.key === key);
  const saying = make("div", { class: "isg-status", role: "status" }, make("span"));
  const markup = stageMarkup(pane.model);
  markup.append(make("b", { class: "isg-tag", text: pane.model, title: pane.model }), saying);
  const root = make("div", { class: `isg-side isg-${side}` }, markup);
  const view = createView(grid, key, root);
  const say = ({ state, text }) => {
    saying.hidden = text === "";
    saying.dataset.state = state;
    saying.firstChild.textContent = text;
  };
  say(pane);
  return { key, root, view, say };
}

/**
 * @param {import("./grid.js").Grid} grid
 */
export function createWipe(grid) {
  const place = grid.part("wipe");
  let [sides, chosen] = [[], []];
  const stage = make("div", { class: "isg-wipestage" });
  const { border, to } = createBorder((at) => stage.style.setProperty("--isg-at", `${at * 100}%`));
  const first = createChoice("Left", (key) => choose([key, sides[1].key === key ? sides[0].key : sides[1].key]));
  const second = createChoice("Right", (key) => choose([sides[0].key === key ? sides[1].key : sides[0].key, key]));
  const swap = iconButton("swap", "Swap the sides", () => choose([sides[1].key, sides[0].key]), { "data-tool": "swap" });
  const close = iconButton("close", "Back to the grid", () => grid.toggleWipe(), { "data-tool": "close" });
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) grid.toggleWipe();
  }, { signal: grid.signal });
  place.replaceChildren(make("div", { class: "isg-wipebar" }, first.element, swap, second.element, close), stage);

  const clear = () => {
    for (const side of sides) side.view.dispose();
    sides = [];
  };
  const show = (pair) => {
    if (sides.map((side) => side.key).join("\n") !== pair.join("\n")) {
      clear();
      sides = [createSide(grid, pair[0], "left"), createSide(grid, pair[1], "right")];
      stage.replaceChildren(...sides.map((side) => side.root), border);
    }
    const { panes } = grid.value();
    first.show(panes, pair[0]);
    second.show(panes, pair[1]);
  };
  const update = () => show(pairOf(grid.value().panes.map((pane) => pane.key), grid.reference(), chosen));
  const choose = (pair) => {
    chosen = pair;
    update();
  };
  to(0.5);
  return {
    isOpen: () => !place.hidden,
    views: () => sides.map((side) => side.view),
    open() {
      place.hidden = false;
      update();
      border.focus({ preventScroll: true });
    },
    close() {
      place.hidden = true;
      clear();
    },
    /** After a new value. */
    take(changed) {
      if (place.hidden) return;
      if (grid.value().panes.length < 2) {
        grid.toggleWipe();
        return;
      }
      update();
      for (const side of sides) {
        side.say(grid.value().panes.find((pane) => pane.key === side.key));
        if (changed.has(side.key)) side.view.refresh("scene");
      }
    },
  };
}
