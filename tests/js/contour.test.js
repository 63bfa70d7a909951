import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isSpeck, outlines, simplify } from "../../instseg_ui/ui/viewer/static/contour.js";
import { contains, parseMask } from "../../instseg_ui/ui/viewer/static/rle.js";
import { levelFor } from "../../instseg_ui/ui/viewer/static/shapes.js";

const goldens = JSON.parse(readFileSync(new URL("./golden/rle.json", import.meta.url), "utf8"));

/** Signed area by the shoelace formula; holes come out negative. */
function area(loop) {
  let sum = 0;
  for (let i = 0; i < loop.length; i += 2) {
    const j = (i + 2) % loop.length;
    sum += loop[i] * loop[j + 1] - loop[j] * loop[i + 1];
  }
  return sum / 2;
}

/** Even-odd rule, as the canvas fills. */
function isInside(loops, x, y) {
  let crossings = 0;
  for (const loop of loops) {
    for (let i = 0; i < loop.length; i += 2) {
      const [x1, y1] = [loop[i], loop[i + 1]];
      const [x2, y2] = [loop[(i + 2) % loop.length], loop[(i + 3) % loop.length]];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) crossings += 1;
    }
  }
  return crossings % 2 === 1;
}

for (const golden of goldens.filter((one) => one.area > 0)) {
  test(`${golden.name}: outlines enclose exactly the mask`, () => {
    const mask = parseMask(golden);
    const loops = outlines(mask);
    assert.equal(loops.reduce((sum, loop) => sum + area(loop), 0), golden.area);
    for (let x = mask.x; x < mask.x + mask.w; x += 1) {
      for (let y = mask.y; y < Math.min(mask.y + mask.h, mask.y + 80); y += 1) {
        if (isInside(loops, x + 0.5, y + 0.5) !== contains(mask, x, y)) assert.fail(`pixel ${x}, ${y}`);
      }
    }
  });
}

test("a ring has an outer and an inner outline", () => {
  const ring = goldens.find((one) => one.name === "ring");
  assert.deepEqual(outlines(parseMask(ring)).map((loop) => Math.sign(area(loop))).sort(), [-1, 1]);
});

test("pixels that touch at a corner are outlined apart", () => {
  const diagonal = goldens.find((one) => one.name === "diagonal");
  assert.equal(outlines(parseMask(diagonal)).length, 2);
});

test("simplifying keeps the shape and drops the stairs", () => {
  const ring = goldens.find((one) => one.name === "ring");
  const [outer] = outlines(parseMask(ring)).sort((a, b) => b.length - a.length);
  const coarse = simplify(outer, 1);
  assert.ok(coarse.length < outer.length / 2);
  assert.ok(Math.abs(area(coarse) - area(outer)) < 0.06 * area(outer));
  assert.deepEqual(simplify([0, 0, 1, 0, 1, 1, 0, 1], 5), [0, 0, 1, 0, 1, 1, 0, 1], "small loops stay");
});

test("specks are told by their size", () => {
  assert.equal(isSpeck([0, 0, 1, 0, 1, 1, 0, 1], 1.5), true);
  assert.equal(isSpeck([0, 0, 3, 0, 3, 1, 0, 1], 1.5), false);
});

test("the larger the picture is shown, the more exact the outline", () => {
  assert.deepEqual([4, 1, 0.5, 0.2].map(levelFor), [0, 1, 2, 3]);
});
