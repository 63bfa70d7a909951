import assert from "node:assert/strict";
import { test } from "node:test";

import { isNotice, keysOf, toGridValue } from "../../instseg_ui/ui/viewer/static/grid_value.js";
import { adopt, changedPanes, emptyValue } from "../../instseg_ui/ui/viewer/static/grid_take.js";
import { createSharedStore } from "../../instseg_ui/ui/viewer/static/grid_state.js";
import { FIT } from "../../instseg_ui/ui/viewer/static/viewport.js";
import { sent, value } from "./helpers.js";

const { image, prediction, colors } = value([sent("cat", 0.9, [0, 0, 10, 10]), sent("dog", 0.7, [0, 0, 20, 20], 4)]);
const pane = (model, more = {}) => ({ model, state: "done", message: "", prediction, colors, caption: ["118 ms"], ...more });
const grid = (panes, more = {}) => ({ image, panes, reference: 0, threshold: 0.5, message: null, ...more });

test("panes of one model are told apart by their place", () => {
  assert.deepEqual(keysOf(["A", "B", "A"]), ["A#0", "B#0", "A#1"]);
});

test("a value is checked, and what is wrong is replaced", () => {
  const wrong = [undefined, 3, "x", { panes: "x" }, { panes: [7, null] }, { image: 3, message: [], threshold: "x" }];
  for (const raw of wrong) assert.deepEqual(toGridValue(raw), emptyValue());
  const { panes, reference } = toGridValue(grid([{ model: 4, state: "gone", prediction: "x", caption: [1, "ok"] }], { reference: 9 }));
  assert.equal(reference, 0);
  assert.deepEqual({ ...panes[0] }, { key: "#0", model: "", state: "waiting", text: "Waiting", prediction: null, caption: ["ok"], threshold: null });
});

test("more panes than the grid shows are left out", () => {
  assert.equal(toGridValue(grid(Array.from({ length: 40 }, (_, i) => pane(`M${i}`)))).panes.length, 16);
});

test("each state is named plainly, a reason comes first", () => {
  const texts = ["waiting", "running", "failed", "not fetched"].map((state) => toGridValue(grid([pane("A", { state, prediction: null })])).panes[0].text);
  assert.deepEqual(texts, ["Waiting", "Running", "This model failed.", "Not fetched yet"]);
  assert.equal(toGridValue(grid([pane("A", { state: "failed", message: "Out of memory." })])).panes[0].text, "Out of memory.");
  assert.equal(toGridValue(grid([pane("A")])).panes[0].text, "");
  assert.equal(toGridValue(grid([pane("A", { prediction: { ...prediction, instances: [] } })])).panes[0].text, "No objects found");
});

test("a result of another picture's size is not drawn", () => {
  const { panes } = toGridValue(grid([pane("A")], { image: { ...image, width: 200 } }));
  assert.equal(panes[0].prediction, null);
  assert.equal(panes[0].text, "This result belongs to another picture.");
});

test("the same prediction stays the same object from value to value", () => {
  const known = new Map();
  const first = toGridValue(grid([pane("A"), pane("B", { state: "running", prediction: null })]), known);
  const second = toGridValue(structuredClone(grid([pane("A", { caption: ["120 ms"] }), pane("B")])), known);
  assert.equal(second.panes[0].prediction, first.panes[0].prediction);
  assert.deepEqual([...changedPanes(second, first)], ["B#0"]);
  assert.deepEqual([...changedPanes(first, emptyValue())], ["A#0", "B#0"]);
  const third = toGridValue(grid([pane("A", { colors: { 3: "#445566" } })]), known);
  assert.notEqual(third.panes[0].prediction, first.panes[0].prediction);
  assert.deepEqual([...known.keys()], ["A#0"]);
});

test("only a message without picture and panes leaves the grid as it is", () => {
  const message = { kind: "busy", text: "Reading" };
  assert.equal(isNotice(toGridValue({ message })), true);
  assert.equal(isNotice(toGridValue(grid([pane("A")], { message }))), false);
  assert.equal(isNotice(toGridValue({ message: { kind: "empty", text: "Choose" } })), false);
});

test("a threshold the user set stays until another one is asked for", () => {
  const state = { ...createSharedStore().get(), threshold: 0.3, own: { "A#0": 0.2 } };
  const before = toGridValue(grid([pane("A")]));
  assert.deepEqual(adopt(state, toGridValue(grid([pane("A"), pane("B")])), before, 0.5), {});
  assert.deepEqual(adopt(state, toGridValue(grid([pane("A")], { threshold: 0.7 })), before, 0.5), { threshold: 0.7, own: {} });
});

test("a pane's own threshold is taken when it is asked for, and the user's later one stays", () => {
  const state = createSharedStore().get();
  const own = (threshold) => toGridValue(grid([pane("A", { threshold }), pane("B")]));
  assert.deepEqual(adopt(state, own(0.43), emptyValue(), null), { threshold: 0.5, view: FIT, pointer: null, pointed: null, minArea: 0, lit: {}, over: -1, picked: {}, object: -1, linked: false, own: { "A#0": 0.43 } });
  const moved = { ...state, linked: false, own: { "A#0": 0.2, "B#0": 0.6 } };
  assert.deepEqual(adopt(moved, own(0.43), own(0.43), 0.5), {});
  assert.deepEqual(adopt(moved, own(0.31), own(0.43), 0.5), { linked: false, own: { "A#0": 0.31, "B#0": 0.6 } });
  for (const wrong of [-1, 2, "0.4", NaN]) assert.equal(own(wrong).panes[0].threshold, null);
});

test("a new picture starts with the whole of it, a new result forgets that pane's pin", () => {
  const state = { ...createSharedStore().get(), picked: { "A#0": 1, "B#0": 0 }, solo: "B#0" };
  const before = toGridValue(grid([pane("A"), pane("B")]));
  const other = adopt(state, toGridValue(grid([pane("A"), pane("B")], { image: { ...image, url: "/b.png" } })), before, 0.5);
  assert.equal(other.view.zoom, 1);
  assert.deepEqual(other.picked, {});
  const rerun = adopt(state, toGridValue(grid([pane("A", { prediction: { ...prediction, floor: 0.1 } })])), before, 0.5);
  assert.deepEqual(rerun.picked, { "B#0": 0 });
  assert.equal(rerun.solo, null);
});
