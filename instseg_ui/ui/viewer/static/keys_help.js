/** The list of keys: opened by "?" or a button, closed by Escape. */

import { isShown, isTyping, make } from "./dom.js";

const KEYS = [
  ["+ −", "Zoom in, zoom out"],
  ["0", "Fit"],
  ["← ↑ → ↓", "Pan, once zoomed in"],
  ["[ ]", "Threshold down, up"],
  ["N P", "Next, previous instance"],
  ["M O B L", "Masks, outlines, boxes, labels"],
  ["C", "Colour by instance, class, score"],
];

/** @param {string} full what F does */
function rows(full) {
  const keys = [...KEYS, ["F", full], ["Esc", "Unpin"], ["?", "This list"]];
  return keys.flatMap(([key, does]) => [
    make("dt", {}, ...key.split(" ").map((one) => make("kbd", { text: one }))),
    make("dd", { text: does }),
  ]);
}

/**
 * @param {{root: HTMLElement, signal: AbortSignal}} owner a viewer or a grid
 * @param {string} full
 * @returns {{open: () => void}}
 */
export function createKeysHelp({ root, signal }, full) {
  const close = make("button", { type: "button", class: "isv-choose", text: "Close", on: { click: () => dialog.close() } });
  const dialog = make("dialog", { class: "isv-keys", "aria-label": "Keys of the picture" },
    make("p", { class: "isv-keys-title", text: "Keys, while the picture has the focus" }),
    make("dl", {}, ...rows(full)),
    close);
  root.append(dialog);
  const open = () => {
    if (!dialog.open) dialog.showModal();
  };
  const press = (event) => {
    if (!root.isConnected || event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isShown(root) || isTyping(event.target)) return;
    event.preventDefault();
    open();
  };
  document.addEventListener("keydown", press, { signal });
  signal.addEventListener("abort", () => dialog.remove());
  return { open };
}
