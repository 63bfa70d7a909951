import assert from "node:assert/strict";
import { test } from "node:test";

import { classesOf, createPaneStore, createSharedStore, ownThresholds, settledData, switchLink } from "../../instseg_ui/ui/viewer/static/grid_state.js";
import { toUse } from "../../instseg_ui/ui/viewer/static/threshold_use.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { moved, pairOf } from "../../instseg_ui/ui/viewer/static/wipe.js";
import { sent, value } from "./helpers.js";

const alone = (key, index) => ({ members: index < 0 ? {} : { [key]: index }, object: -1 });
const pair = (partners = alone) => {
  const shared = createSharedStore();
  const [a, b] = ["A#0", "B#0"].map((key) => createPaneStore(shared, key, partners));
  return { shared, a, b };
};
const KEYS = ["A#0", "B#0"];

test("zoom, filters and the linked threshold are everybody's", () => {
  const { a, b } = pair();
  const view = { zoom: 2, cx: 0.4, cy: 0.5 };
  a.set({ view, threshold: 0.7, hidden: ["cat"], opacity: 0.1 });
  assert.equal(b.get().view, view);
  assert.equal(b.get().threshold, 0.7);
  assert.deepEqual(b.get().hidden, ["cat"]);
});

test("pin and pointer light up the same object elsewhere", () => {
  const { shared, a, b } = pair((_key, index) => (index === 3 ? { members: { "A#0": 3, "B#0": 5 }, object: 1 } : alone("A#0", index)));
  a.set({ hover: 3, pointer: { x: 1, y: 2 } });
  assert.deepEqual([a.get().hover, b.get().hover, b.get().pointed, shared.get().over], [3, 5, "A#0", 1]);
  a.set({ selected: 3 });
  assert.deepEqual([b.get().selected, shared.get().object], [5, 1]);
  a.set({ selected: 0, hover: -1, pointer: null });
  assert.deepEqual([a.get().selected, b.get().selected, b.get().hover, b.get().pointed], [0, -1, -1, null]);
});

test("a pane is told what changed for it, and only then", () => {
  const { shared, a, b } = pair();
  const told = [];
  const stop = b.subscribe((_state, changed) => told.push([...changed]));
  a.set({ hover: 2 });
  a.set({ selected: 2 });
  shared.set({ solo: "A#0" });
  assert.deepEqual(told, []);
  a.set({ threshold: 0.6 });
  b.set({ hover: 4 });
  b.set({ hover: 4 });
  assert.deepEqual(told, [["threshold"], ["hover"]]);
  stop();
  a.set({ threshold: 0.2 });
  assert.equal(told.length, 2);
});

test("unlinked, each pane keeps its own threshold; linked again, all take the reference's", () => {
  const { shared, a, b } = pair();
  shared.set({ threshold: 0.6 });
  shared.set(switchLink(shared.get(), KEYS, "A#0"));
  b.set({ threshold: 0.3 });
  assert.deepEqual([a.get().threshold, b.get().threshold], [0.6, 0.3]);
  assert.deepEqual(settledData(shared.get(), [...KEYS, "C#0"]), { thresholds: [0.6, 0.3, 0.6], hidden: [] });
  shared.set(switchLink(shared.get(), KEYS, "B#0"));
  assert.deepEqual([shared.get().linked, a.get().threshold, b.get().threshold], [true, 0.3, 0.3]);
});

test("a threshold of its own unlinks a pane, and leaves the others where they are", () => {
  const { shared, a, b } = pair();
  shared.set({ threshold: 0.6 });
  shared.set(ownThresholds(shared.get(), [["A#0", 0.43]]));
  assert.deepEqual([a.get().threshold, b.get().threshold], [0.43, 0.6]);
  shared.set(ownThresholds(shared.get(), [["B#0", 0.001]]));
  assert.deepEqual([a.get().threshold, b.get().threshold], [0.43, 0.05], "never under the floor");
});

test("a threshold to use is checked", () => {
  assert.deepEqual(toUse({ model: "A", threshold: 0.4, more: 1 }), { model: "A", threshold: 0.4 });
  for (const wrong of [null, 3, {}, { model: "A" }, { model: "", threshold: 0.4 }, { model: "A", threshold: "0.4" }, { model: "A", threshold: 2 }, { model: "A", threshold: NaN }]) assert.equal(toUse(wrong), null);
});

test("the hidden classes are told in order", () => {
  const { shared } = pair();
  shared.set({ hidden: ["dog", "cat"] });
  assert.deepEqual(settledData(shared.get(), []).hidden, ["cat", "dog"]);
});

test("classes are merged by name and counted at each pane's threshold", () => {
  const { shared, b } = pair();
  const instances = (...scores) => toValue(value(scores.map((score, i) => sent(i % 2 ? "dog" : "cat", score, [0, 0, 4, 4])))).prediction.instances;
  const panes = [{ key: "A#0", instances: instances(0.9, 0.8, 0.4) }, { key: "B#0", instances: instances(0.9, 0.3) }];
  const counts = () => Object.fromEntries(classesOf(panes, shared.get()).map(({ label, count }) => [label, count]));
  assert.deepEqual(counts(), { cat: 2, dog: 1 });
  shared.set(switchLink(shared.get(), KEYS, "A#0"));
  b.set({ threshold: 0.2 });
  assert.deepEqual(counts(), { cat: 2, dog: 2 });
});

test("the wipe's border moves by keys and stays on the stage", () => {
  assert.equal(moved("ArrowRight", 0.5), 0.52);
  assert.equal(moved("ArrowLeft", 0.01), 0);
  assert.equal(moved("PageUp", 0.95), 1);
  assert.equal(moved("Home", 0.5), 0);
  assert.equal(moved("End", 0.5), 1);
  assert.equal(moved("a", 0.5), null);
  assert.equal(moved("toString", 0.5), null);
});

test("the wipe shows the reference and another one, or what was chosen", () => {
  const keys = ["A#0", "B#0", "C#0"];
  assert.deepEqual(pairOf(keys, "B#0"), ["B#0", "A#0"]);
  assert.deepEqual(pairOf(keys, "A#0", ["C#0", "B#0"]), ["C#0", "B#0"]);
  assert.deepEqual(pairOf(keys, "A#0", ["gone", "C#0"]), ["A#0", "C#0"]);
  assert.deepEqual(pairOf(keys, "A#0", ["B#0", "B#0"]), ["B#0", "A#0"]);
});
