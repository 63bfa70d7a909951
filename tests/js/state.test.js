import assert from "node:assert/strict";
import { test } from "node:test";

import { classCounts, clampThreshold, createStore, initialState, neighbour, sortInstances, toggled, visibleInstances } from "../../instseg_ui/ui/viewer/static/state.js";
import { emptyScene, nextScene, rememberVisible } from "../../instseg_ui/ui/viewer/static/scene.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

const { prediction } = toValue(value([
  sent("cat", 0.9, [0, 0, 10, 10]),
  sent("dog", 0.7, [0, 0, 20, 20], 4),
  sent("cat", 0.5, [0, 0, 2, 2]),
  sent("cup", 0.2, [0, 0, 5, 5], 5),
]));
const { instances } = prediction;
const shown = (patch) => visibleInstances(instances, { ...initialState(), ...patch }).map((one) => one.index);

test("the store tells what changed, and only then", () => {
  const store = createStore({ threshold: 0.3 });
  const calls = [];
  const stop = store.subscribe((state, changed) => calls.push([state.threshold, [...changed]]));
  store.set({ threshold: 0.3 });
  store.set({ threshold: 0.4, opacity: 0.45 });
  stop();
  store.set({ threshold: 0.6 });
  assert.deepEqual(calls, [[0.4, ["threshold"]]]);
  assert.equal(store.get().threshold, 0.6);
});

test("a listener may leave while it is called", () => {
  const store = createStore();
  const stop = store.subscribe(() => stop());
  store.subscribe(() => {});
  store.set({ threshold: 0.1 });
});

test("threshold, size and class filter", () => {
  assert.deepEqual(shown({ threshold: 0.5 }), [0, 1, 2]);
  assert.deepEqual(shown({ threshold: 0.05 }), [0, 1, 2, 3]);
  assert.deepEqual(shown({ threshold: 0.5, minArea: 5 }), [0, 1]);
  assert.deepEqual(shown({ threshold: 0.05, hidden: ["cat"] }), [1, 3]);
});

test("a score that lost a digit to float32 still reaches its threshold", () => {
  assert.deepEqual(visibleInstances([{ score: Math.fround(0.7), area: 9, label: "a" }], { ...initialState(), threshold: 0.7 }).length, 1);
});

test("chips count at the threshold and keep counting when switched off", () => {
  const counts = classCounts(instances, { ...initialState(), threshold: 0.6, hidden: ["cat"] });
  assert.deepEqual(counts.map(({ label, count, hidden }) => [label, count, hidden]), [["cat", 1, true], ["cup", 0, false], ["dog", 1, false]]);
});

test("sorting", () => {
  const order = (key, descending) => sortInstances(instances, { key, descending }).map((one) => one.index);
  assert.deepEqual(order("score", true), [0, 1, 2, 3]);
  assert.deepEqual(order("area", false), [2, 3, 0, 1]);
  assert.deepEqual(order("label", false), [0, 2, 3, 1]);
});

test("stepping goes round and starts at an end", () => {
  assert.equal(neighbour(instances, -1, 1), 0);
  assert.equal(neighbour(instances, -1, -1), 3);
  assert.equal(neighbour(instances, 3, 1), 0);
  assert.equal(neighbour([], 3, 1), -1);
});

test("switching a class and clamping the threshold", () => {
  assert.deepEqual(toggled(toggled([], "cat"), "cat"), []);
  assert.deepEqual([clampThreshold(0.001, 0.05), clampThreshold(0.5 + 0.01, 0.05), clampThreshold(3, 0.05)], [0.05, 0.51, 1]);
});

test("a notice keeps the picture, another value replaces it", () => {
  const first = nextScene(emptyScene(), toValue(value([sent("cat", 0.9, [0, 0, 1, 1])])));
  const busy = nextScene(first, toValue({ message: { kind: "busy", text: "Running" } }));
  assert.equal(busy.prediction, first.prediction);
  assert.equal(busy.message.text, "Running");
  const rerun = nextScene(first, toValue(value([], { prediction: null, message: { kind: "busy", text: "Running" } })));
  assert.equal(rerun.prediction, first.prediction);
  assert.equal(nextScene(busy, toValue(value([], { prediction: null }))).prediction, null);
  assert.equal(nextScene(busy, toValue(null)).image, null);
});

test("the filter runs again only when it must", () => {
  const visible = rememberVisible();
  const scene = { prediction };
  const state = initialState();
  assert.equal(visible(scene, state), visible(scene, { ...state, opacity: 0.1 }));
  assert.notEqual(visible(scene, state), visible(scene, { ...state, threshold: 0.1 }));
});
