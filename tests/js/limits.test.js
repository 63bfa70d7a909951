import assert from "node:assert/strict";
import { test } from "node:test";

import { limits, setLimits } from "../../instseg_ui/ui/viewer/static/limits.js";
import { toTable } from "../../instseg_ui/ui/viewer/static/objects_value.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

test("limits are the server's, and what is no number changes none", () => {
  const before = { ...limits };
  for (const wrong of [undefined, null, 3, "x", {}, { panes: "2", floor: NaN, instances: Infinity, endings: ".jpg" }]) setLimits(wrong);
  assert.deepEqual(limits, before);
  setLimits({ panes: 2, instances: 3, floor: 0.2, endings: [".jpg", 1], more: 1 });
  assert.deepEqual(limits, { panes: 2, instances: 3, floor: 0.2, endings: [".jpg"] });
  assert.equal(toTable({ models: ["A", "B", "C"] }).models.length, 2);
  assert.equal(toValue(value(Array(5).fill(sent("cat", 0.9, [1, 2, 3, 4])))).prediction.instances.length, 3);
  assert.equal(toValue({ threshold: 0.1 }).threshold, 0.2);
  setLimits(before);
});
