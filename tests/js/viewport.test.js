import assert from "node:assert/strict";
import { test } from "node:test";

import { FIT, clampView, fitScale, panBy, reveal, toImage, transform, zoomAt } from "../../instseg_ui/ui/viewer/static/viewport.js";
import { wheelFactor } from "../../instseg_ui/ui/viewer/static/gestures.js";

const stage = { width: 816, height: 616 };
const frame = { width: 1600, height: 900 };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("fit shows the whole image in the middle", () => {
  const at = transform(FIT, stage, frame);
  near(at.scale, 0.5);
  near(at.x, 8);
  near(at.y, (616 - 450) / 2);
});

test("a tiny image is not blown up without end", () => {
  assert.equal(fitScale(stage, { width: 10, height: 10 }), 4);
});

test("zooming keeps the point under the pointer", () => {
  const view = { zoom: 3, cx: 0.5, cy: 0.5 };
  const point = { x: 500, y: 250 };
  const before = toImage(transform(view, stage, frame), point.x, point.y);
  const zoomed = zoomAt(view, 1.5, point, stage, frame);
  const after = toImage(transform(zoomed, stage, frame), point.x, point.y);
  near(zoomed.zoom, 4.5);
  near(before.x, after.x);
  near(before.y, after.y);
});

test("zoom has ends", () => {
  assert.equal(zoomAt(FIT, 0.1, { x: 1, y: 1 }, stage, frame).zoom, 1);
  near(fitScale(stage, frame) * zoomAt(FIT, 1e9, { x: 1, y: 1 }, stage, frame).zoom, 32);
});

test("panning moves with the pointer and stops at the edge", () => {
  const view = { zoom: 4, cx: 0.5, cy: 0.5 };
  const [before, after] = [view, panBy(view, 30, -20, stage, frame)].map((one) => transform(one, stage, frame));
  near(after.x - before.x, 30);
  near(after.y - before.y, -20);
  const edge = transform(panBy(view, 1e6, 1e6, stage, frame), stage, frame);
  near(edge.x, 0);
  near(edge.y, 0);
});

test("at fit there is nothing to pan", () => {
  assert.deepEqual(panBy(FIT, 200, 200, stage, frame), { ...FIT });
});

test("a view from another stage is made to fit this one", () => {
  assert.deepEqual(clampView({ zoom: 1, cx: 0.9, cy: 0.1 }, stage, frame), { ...FIT });
});

test("an instance out of sight is brought in, one in sight moves nothing", () => {
  const view = clampView({ zoom: 4, cx: 0.2, cy: 0.2 }, stage, frame);
  assert.equal(reveal(view, [300, 200, 340, 240], stage, frame), view);
  const at = transform(reveal(view, [1500, 800, 1550, 850], stage, frame), stage, frame);
  const x = 1500 * at.scale + at.x;
  const y = 800 * at.scale + at.y;
  assert.ok(x > 0 && x < stage.width && y > 0 && y < stage.height);
});

test("wheels that count lines and wheels that count pixels agree", () => {
  near(wheelFactor({ deltaMode: 1, deltaY: -6.25 }), wheelFactor({ deltaMode: 0, deltaY: -100 }));
  assert.ok(wheelFactor({ deltaMode: 0, deltaY: -100 }) > 1);
});
