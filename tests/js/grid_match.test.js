import assert from "node:assert/strict";
import { test } from "node:test";

import { createMatching, unionBox, viewBetween, viewOn } from "../../instseg_ui/ui/viewer/static/grid_match.js";
import { copyFor, copyScales } from "../../instseg_ui/ui/viewer/static/grid_picture.js";
import { exposed, movement, snapped } from "../../instseg_ui/ui/viewer/static/scroll.js";
import { transform } from "../../instseg_ui/ui/viewer/static/viewport.js";

const member = (index, label = "cat", score = 0.9) => ({ index, label, score });
const found = { "A#0": [{ index: 0, label: "cat", score: 0.9 }, { index: 1, label: "cat", score: 0.8 }], "B#0": [{ index: 0, label: "cat", score: 0.9 }] };
const matching = createMatching(
  { models: ["A", "B", "C"], objects: [{ members: [member(0), member(0), member(2)] }, { members: [member(1, "cat", 0.8), null, null] }] },
  (key) => found[key] ?? []);

test("an instance's partners are its object's instances in the panes that show them", () => {
  assert.deepEqual(matching.partners("B#0", 0), { members: { "A#0": 0, "B#0": 0 }, object: 0 });
  assert.deepEqual(matching.partners("A#0", 1), { members: { "A#0": 1 }, object: 1 });
  assert.deepEqual(matching.partners("A#0", -1), { members: {}, object: -1 });
  assert.deepEqual(matching.membersOf(-1), {});
});

test("a result that was replaced since matching is not taken for the old one", () => {
  const stale = createMatching({ models: ["A", "B"], objects: [{ members: [member(0, "dog"), member(0)] }] }, (key) => found[key]);
  assert.deepEqual(stale.membersOf(0), { "B#0": 0 });
  assert.deepEqual(stale.partners("A#0", 0), { members: { "A#0": 0 }, object: -1 });
});

test("the box around boxes", () => {
  assert.deepEqual(unionBox([[1, 2, 3, 4], [0, 3, 2, 9]]), [0, 2, 3, 9]);
  assert.equal(unionBox([]), null);
});

const [stage, frame] = [{ width: 400, height: 300 }, { width: 4000, height: 3000 }];
const FIT = { zoom: 1, cx: 0.5, cy: 0.5 };

test("a small object is shown larger and in the middle", () => {
  const box = [1000, 1000, 1100, 1080];
  const view = viewOn(FIT, box, stage, frame);
  const at = transform(view, stage, frame);
  assert.ok(view.zoom > 5 && view.zoom <= 8);
  assert.ok(Math.abs(1050 * at.scale + at.x - 200) < 1);
});

test("a large object leaves the zoom as it is", () => {
  assert.equal(viewOn(FIT, [0, 0, 2000, 2000], stage, frame), FIT);
  const near = { zoom: 6, cx: 0.2, cy: 0.2 };
  const moved = viewOn(near, [3000, 2400, 3400, 2800], stage, frame);
  assert.equal(moved.zoom, 6);
  assert.ok(moved.cx > 0.2);
});

test("a glide ends where it should and zooms by ratio", () => {
  const to = { zoom: 4, cx: 0.1, cy: 0.9 };
  assert.deepEqual(viewBetween(FIT, to, 1), to);
  assert.equal(viewBetween(FIT, to, 0.5).zoom, 2);
});

test("copies of the picture halve until they are small, and the one that suffices is drawn", () => {
  assert.deepEqual(copyScales({ width: 4000, height: 3000 }), [0.5, 0.25]);
  assert.deepEqual(copyScales({ width: 640, height: 480 }), []);
  const copies = [{ scale: 1, source: "1" }, { scale: 0.5, source: "1/2" }, { scale: 0.25, source: "1/4" }];
  assert.deepEqual([3, 0.6, 0.5, 0.3, 0.1].map((scale) => copyFor(copies, scale)), ["1", "1", "1/2", "1/2", "1/4"]);
});

test("a canvas that moved needs the strips that came into sight", () => {
  assert.deepEqual(exposed(0, 0, 100, 80), []);
  assert.deepEqual(exposed(10, 0, 100, 80), [{ x: 0, y: 0, width: 10, height: 80 }]);
  assert.deepEqual(exposed(-10, -5, 100, 80), [{ x: 90, y: 0, width: 10, height: 80 }, { x: 0, y: 75, width: 90, height: 5 }]);
  assert.deepEqual(exposed(10, 5, 100, 80), [{ x: 0, y: 0, width: 10, height: 80 }, { x: 10, y: 0, width: 90, height: 5 }]);
});

test("every pixel is either moved or in one strip", () => {
  for (const [dx, dy] of [[3, 0], [-3, 2], [4, -4], [0, 5], [-1, -1]]) {
    const area = exposed(dx, dy, 20, 16).reduce((sum, { width, height }) => sum + width * height, 0);
    assert.equal(area + (20 - Math.abs(dx)) * (16 - Math.abs(dy)), 320);
  }
});

test("only a movement at the same scale, by less than half the canvas, is scrolled", () => {
  const bounds = { width: 100, height: 80, ratio: 2 };
  const from = { scale: 1, x: 0, y: 0 };
  assert.deepEqual(movement(from, { scale: 1, x: 5, y: -3 }, bounds), { dx: 10, dy: -6 });
  assert.equal(movement(from, { scale: 1, x: 30, y: 0 }, bounds), null);
  assert.equal(movement(from, { scale: 1.1, x: 5, y: 0 }, bounds), null);
  assert.equal(movement(null, from, bounds), null);
  assert.deepEqual(snapped({ scale: 1, x: 0.3, y: 0.2 }, 2), { scale: 1, x: 0.5, y: 0 });
});
