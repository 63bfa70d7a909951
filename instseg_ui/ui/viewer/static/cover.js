/** What lies over the whole page, on every tab: a veil while files are dragged, and a sentence. */

import { make } from "./dom.js";

const NOTE_MS = 8000;

/**
 * @param {HTMLElement} root
 * @param {AbortSignal} signal removes them
 * @returns {{veil: (on: boolean) => void, note: (text: string) => void}}
 */
export function createCover(root, signal) {
  const shade = make("div", { class: "page-veil", "aria-hidden": "true", hidden: true, text: "Drop photos anywhere" });
  const line = make("div", { class: "page-note", role: "status", hidden: true });
  const host = root.closest(".gradio-container") ?? document.body;
  host.append(shade, line);
  let timer = 0;
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    shade.remove();
    line.remove();
  });
  const veil = (on) => {
    shade.hidden = !on;
  };
  const note = (text) => {
    clearTimeout(timer);
    line.textContent = text;
    line.hidden = text === "";
    timer = setTimeout(() => note(""), NOTE_MS);
    if (text === "") clearTimeout(timer);
  };
  return { veil, note };
}
