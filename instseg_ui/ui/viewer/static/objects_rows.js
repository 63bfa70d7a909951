/** Rows of the table of objects: a state, and a cell for each model. */

import { make } from "./dom.js";
import { formatScore } from "./scores.js";
import { described } from "./objects_value.js";

/** Below it a mask is called loose; the same number as Python's. */
const LOOSE = 0.75;

/**
 * @param {string[]} models
 * @param {number} reference
 * @returns {HTMLTableRowElement}
 */
export function headRow(models, reference) {
  const columns = models.map((model, column) =>
    make("th", { scope: "col", title: model },
      make("span", { class: "iso-model", text: model }),
      make("small", { text: column === reference ? "reference" : "class · score · IoU" })));
  return make("tr", {}, make("th", { scope: "col" }, make("span", { text: "State" })), ...columns);
}

/**
 * One model's answer. IoU is to the reference's mask, or to the first one that found it;
 * what differs from there stands out.
 */
function cellOf(member, leading, color) {
  if (!member) return make("td", { class: "iso-missed" }, make("span", { text: "—", title: "Not found at this threshold", "aria-label": "not found" }));
  const { label, score, iou } = member;
  const title = iou === null ? "IoU of the others is measured to this mask" : `IoU ${iou.toFixed(3)}`;
  const named = label === leading?.label ? "iso-label" : "iso-label iso-other";
  const overlap = iou !== null && iou < LOOSE ? "iso-iou iso-other" : "iso-iou";
  return make("td", { title: `${label}, score ${formatScore(score)}. ${title}` },
    make("div", { class: "iso-cell" },
      make("i", { class: "iso-swatch", style: `background:${color}` }),
      make("span", { class: named, text: label }),
      make("span", { class: "iso-score", text: formatScore(score) }),
      make("span", { class: overlap, text: iou === null ? "" : iou.toFixed(2) })));
}

/**
 * @param {import("./objects_value.js").Found} found
 * @param {import("./objects_value.js").Table} table
 * @param {number} position among the rows shown
 * @param {(column: number, member: import("./objects_value.js").Member) => string} colorOf
 * @returns {HTMLTableRowElement}
 */
export function rowOf(found, table, position, colorOf) {
  const { place, state, members } = found;
  const leading = members.find((member) => member?.iou === null) ?? members.find(Boolean);
  return make("tr", { "data-object": place, "data-state": state, tabindex: "-1", "aria-rowindex": position + 2, "aria-selected": "false", "aria-label": described(found, table.models) },
    make("th", { scope: "row" }, make("i", { class: "iso-dot" }), make("span", { text: state })),
    ...members.map((member, column) => cellOf(member, leading, member && colorOf(column, member))));
}
