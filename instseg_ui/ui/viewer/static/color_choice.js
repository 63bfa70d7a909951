/** What has a colour of its own: a choice of three, and the scale where it is the score. */

import { COLOR_BY, scoreScale } from "./colors.js";
import { make } from "./dom.js";

const TITLES = { instance: "Instance", class: "Class", score: "Score" };
const HINTS = {
  instance: "Each instance has a colour of its own (C)",
  class: "Instances of a class have one colour (C)",
  score: "The colour says how sure the model is (C)",
};
let made = 0;

/** The scale from score 0 to 1. */
function createScale() {
  const bar = make("i", { "aria-hidden": "true" });
  const paint = () => (bar.style.background = `linear-gradient(to right, ${scoreScale.join(", ")})`);
  const element = make("span", { class: "isv-scale", role: "img", "aria-label": "Dark is score 0, bright is score 1", hidden: true },
    make("span", { text: "0" }), bar, make("span", { text: "1" }));
  return { element, paint };
}

/**
 * @param {{store: import("./state.js").Store, part: (name: string) => HTMLElement}} viewer
 * @returns {{element: HTMLElement, show: (by: import("./colors.js").ColorBy) => void}}
 */
export function createColorChoice({ store, part }) {
  made += 1;
  const name = `color-by-${made}`;
  const fields = COLOR_BY.map((by) =>
    make("input", { type: "radio", name, value: by, on: { change: () => store.set({ colorBy: by }) } }));
  const options = fields.map((field) =>
    make("label", { title: HINTS[field.value] }, field, make("span", { text: TITLES[field.value] })));
  const scale = createScale();
  const element = make("div", { class: "isv-colors" },
    make("span", { text: "Colour" }),
    make("div", { class: "isv-choice", role: "radiogroup", "aria-label": "Colour by" }, ...options),
    scale.element);
  return {
    element,
    show(by) {
      for (const field of fields) field.checked = field.value === by;
      scale.element.hidden = by !== "score";
      if (by === "score") scale.paint();
      part("controls").dataset.colorBy = by;
    },
  };
}
