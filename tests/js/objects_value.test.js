import assert from "node:assert/strict";
import { test } from "node:test";

import { advice, described, rowsInSight, stateCounts, toTable } from "../../instseg_ui/ui/viewer/static/objects_value.js";

const member = (more = {}) => ({ index: 0, label: "cat", score: 0.912, iou: 0.8, color: "#112233", ...more });
const raw = {
  models: ["A", "B"],
  reference: 1,
  objects: [
    { state: "class differs", members: [member(), member({ label: "dog", iou: null })] },
    { state: "only one", members: [null, member({ index: 3 })] },
    { state: "all agree", members: [member(), member()] },
  ],
};

test("a value is checked, and what is wrong is left out", () => {
  for (const wrong of [null, 3, "x", [], { models: 3, objects: "x", reference: "y" }]) {
    assert.deepEqual(toTable(wrong), { models: [], reference: 0, objects: [] });
  }
  const { objects, reference } = toTable({
    models: ["A", "B"],
    reference: 5,
    objects: [7, { state: "invented", members: [] }, { state: "only one", members: [{ index: -1, score: 2 }, member({ color: "red;x", iou: 7 })] }],
  });
  assert.equal(reference, 0);
  assert.equal(objects.length, 1);
  assert.deepEqual(objects[0].members[0], null);
  assert.deepEqual([objects[0].members[1].color, objects[0].members[1].iou], ["#94a3b8", null]);
});

test("a member too many or too few is a matter of the models", () => {
  const { objects } = toTable({ models: ["A", "B"], objects: [{ state: "only one", members: [member()] }, { state: "only one", members: [null, null, member()] }] });
  assert.deepEqual(objects.map(({ members }) => members.length), [2, 2]);
});

test("states are counted from the worst disagreement on", () => {
  assert.deepEqual(stateCounts(toTable(raw).objects), [
    { state: "class differs", count: 1 }, { state: "only one", count: 1 }, { state: "all agree", count: 1 },
  ]);
});

test("only rows in sight are made, and some around them", () => {
  assert.deepEqual(rowsInSight(0, 400, 30, 1000), { from: 0, to: 22 });
  assert.deepEqual(rowsInSight(3000, 400, 30, 1000), { from: 92, to: 122 });
  assert.deepEqual(rowsInSight(90000, 400, 30, 5), { from: 5, to: 5 });
});

test("an empty table says what to do", () => {
  const table = toTable(raw);
  assert.equal(advice(table, table.objects), "");
  assert.match(advice(table, []), /Show all/);
  assert.match(advice(toTable(null), []), /two models/);
  assert.match(advice(toTable({ models: ["A", "B"] }), []), /Lower/);
});

test("a row in words", () => {
  assert.equal(described(toTable(raw).objects[1], ["A", "B"]), "only one. A: missed; B: cat 0.912");
});
