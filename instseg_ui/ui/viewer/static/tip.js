/** The tag beside the pointer that names the instance under it. */

import { formatPixels } from "./format.js";
import { formatScore } from "./scores.js";
import { make } from "./dom.js";

const GAP = 14;

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void}}
 */
export function createTip(viewer) {
  const tip = viewer.part("tip");
  const [swatch, label, detail] = [
    make("i", { class: "isv-swatch" }),
    make("b"),
    make("span"),
  ];
  tip.replaceChildren(swatch, label, detail);

  const fill = (instance, colorBy) => {
    swatch.style.background = instance.colors[colorBy];
    label.textContent = instance.label;
    detail.textContent = `${formatScore(instance.score)}  ·  ${formatPixels(instance.area)} px`;
  };
  const place = (pointer, at) => {
    const [x, y] = [pointer.x * at.scale + at.x, pointer.y * at.scale + at.y];
    const { width, height } = viewer.stage;
    const left = x + GAP + tip.offsetWidth > width ? x - GAP - tip.offsetWidth : x + GAP;
    const top = y + GAP + tip.offsetHeight > height ? y - GAP - tip.offsetHeight : y + GAP;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  };
  return {
    update(state, changed) {
      if (!["hover", "pointer", "view", "scene", "colorBy"].some((key) => changed.has(key))) return;
      const at = viewer.transform();
      const instance = viewer.scene().prediction?.instances[state.hover];
      tip.hidden = !(instance && state.pointer && at);
      if (tip.hidden) return;
      if (["hover", "scene", "colorBy"].some((key) => changed.has(key))) fill(instance, state.colorBy);
      place(state.pointer, at);
    },
  };
}
