/**
 * The sheet behind the verdict: a heading sorts as in the list of models; a model's name and its
 * point in the chart lead to where it fails; its threshold of the best F1 is used by one button.
 *
 * @typedef {object} SheetApi
 * @property {() => unknown} value
 * @property {(listener: () => void) => void} onValue
 * @property {string} chart id of the element with the chart
 * @property {(data: {model: string}) => void} looked
 * @property {(data: {model: string}) => void} used
 * @property {() => void} measured asks to measure the latencies again
 */

import { make } from "./dom.js";
import { heading } from "./model_list.js";
import { firstSign, sorted } from "./model_list_value.js";
import { toSheet } from "./sheet_value.js";
import { tellUse } from "./threshold_use.js";

/** The name leads to the model's failures, where it was run. */
function nameOf(sheet, row) {
  if (row.use === null) return row.model;
  return make("button", { type: "button", class: "sheet-model", title: `See where ${row.model} fails`, text: row.model, on: { click: () => sheet.looked(row.model) } });
}

function useOf(sheet, { model, use }) {
  const text = `Use ${use.toFixed(2)}`;
  return make("button", { type: "button", class: "sheet-use", title: `${text} for ${model} in Segment, in Compare and in the code`, text, on: { click: () => sheet.used(model, use) } });
}

function cellOf(sheet, row, column, cell) {
  const options = { class: column.numeric ? false : "text sheet-words", title: cell.hint || false };
  if (column.name === "threshold" && row.use !== null) return make("td", options, useOf(sheet, row));
  return make("td", options, cell.text, ...(cell.below ? [make("small", { text: cell.below })] : []));
}

function rowOf(sheet, row, columns) {
  const [, ...others] = row.cells;
  const cells = others.map((cell, place) => cellOf(sheet, row, columns[place + 1], cell));
  return make("tr", { class: row.kind || false, "data-model": row.model }, make("td", {}, nameOf(sheet, row)), ...cells);
}

/** The heading of a column; below that of the latency stands what measures it again. */
function headOf(sheet, column, by, sign) {
  const head = heading(column, by, sign, sheet.sort);
  if (column.name === "ms") head.append(make("button", { type: "button", class: "sheet-again", text: "Measure again", on: { click: sheet.measured } }));
  return head;
}

/**
 * A click on a point of the chart, which Gradio may draw anew at any time; so its listener is put
 * there when the pointer comes.
 */
function listenToPoints(id, pick, signal) {
  const take = ({ points }) => {
    const name = points?.[0]?.data?.name;
    if (typeof name === "string" && pick(name)) return;
  };
  const meet = (event) => {
    const chart = event.target.closest?.(`[id="${id}"] .js-plotly-plot`);
    if (!chart?.on) return;
    chart.removeAllListeners?.("plotly_click");
    chart.on("plotly_click", take);
  };
  for (const name of ["pointerover", "pointerdown"]) document.addEventListener(name, meet, { capture: true, signal });
}

/**
 * @param {HTMLElement} root the `.sheet-scroll` element
 * @param {SheetApi} api
 */
export function mountSheet(root, api) {
  root.instsegSheet?.dispose();
  const abort = new AbortController();
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  let value = toSheet(null);
  let [by, sign] = [null, 1];
  const draw = () => {
    const column = value.columns.find((one) => one.name === by) ?? null;
    const heads = value.columns.map((one) => headOf(sheet, one, column, sign));
    part("head").replaceChildren(make("tr", {}, ...heads));
    part("rows").replaceChildren(...sorted(value.rows, column, sign).map((row) => rowOf(sheet, row, value.columns)));
  };
  const sheet = {
    dispose: () => abort.abort(),
    sort(column) {
      [by, sign] = [column.name, by === column.name ? -sign : firstSign(column)];
      draw();
      part("head").querySelector(`[data-column="${by}"] button`)?.focus({ preventScroll: true });
    },
    looked(model) {
      const known = value.rows.some((row) => row.model === model && row.use !== null);
      if (known) api.looked({ model });
      return known;
    },
    measured: () => api.measured(),
    used(model, threshold) {
      tellUse({ model, threshold });
      api.used({ model });
    },
  };
  const take = () => {
    value = toSheet(api.value());
    draw();
  };
  listenToPoints(api.chart, sheet.looked, abort.signal);
  root.instsegSheet = sheet;
  api.onValue(take);
  take();
  return sheet;
}
