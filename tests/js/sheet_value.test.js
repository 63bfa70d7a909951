import assert from "node:assert/strict";
import { test } from "node:test";

import { firstSign, sorted } from "../../instseg_ui/ui/viewer/static/model_list_value.js";
import { toSheet } from "../../instseg_ui/ui/viewer/static/sheet_value.js";

const cell = (value, text = String(value)) => ({ text, below: "", hint: "", value });
const columns = [{ name: "name", title: "Model", numeric: false }, { name: "ap", title: "Accuracy, %", numeric: true }, { name: "ms", title: "Latency, ms", numeric: true }];
const row = (model, ap, ms, more = {}) => ({ model, kind: "", cells: [cell(model), cell(ap), cell(ms)], use: 0.4, ...more });

test("a value is checked, and what is wrong is left out or replaced", () => {
  for (const wrong of [null, 3, "x", { rows: "x" }, { columns: [1, null], rows: [2] }]) assert.deepEqual(toSheet(wrong), { columns: [], rows: [] });
  const { rows } = toSheet({ columns, rows: [row("A", 0.5, 9, { kind: "x", use: 2 }), row("", 1, 1), { model: "B", cells: [cell(1)] }, row("C", NaN, Infinity)] });
  assert.deepEqual(rows.map(({ model, kind, use }) => [model, kind, use]), [["A", "", null], ["C", "", 0.4]]);
  assert.deepEqual(rows[1].cells.map(({ value }) => value), ["C", null, null]);
});

test("a heading sorts as in the list of models: the best first, what has no figure last", () => {
  const sheet = toSheet({ columns, rows: [row("A", 0.4, 90), row("B", null, 30), row("C", 0.6, null)] });
  const by = (name, sign) => {
    const column = sheet.columns.find((one) => one.name === name);
    return sorted(sheet.rows, column, sign ?? firstSign(column)).map(({ model }) => model).join("");
  };
  assert.equal(by("ap"), "CAB");
  assert.equal(by("ms"), "BAC");
  assert.equal(by("ms", -1), "ABC");
  assert.equal(by("name", -1), "CBA");
});
