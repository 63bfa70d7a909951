import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { contains, cropBitmap, decodeCounts, encodeCounts, parseMask } from "../../instseg_ui/ui/viewer/static/rle.js";

// Made with pycocotools: name, size, compressed counts, run lengths, area, box.
const goldens = JSON.parse(readFileSync(new URL("./golden/rle.json", import.meta.url), "utf8"));

for (const { name, size, counts, runs, area, box } of goldens) {
  test(`${name}: reads what pycocotools wrote`, () => {
    assert.deepEqual(decodeCounts(counts), runs);
  });

  test(`${name}: writes what pycocotools writes`, () => {
    assert.equal(encodeCounts(runs), counts);
  });

  test(`${name}: extent and area are those of pycocotools`, () => {
    const mask = parseMask({ size, counts });
    if (area === 0) return assert.equal(mask, null);
    assert.deepEqual([mask.x, mask.y, mask.w, mask.h], box);
    return assert.equal(mask.area, area);
  });

  test(`${name}: the crop and the pixel question agree with the runs`, () => {
    const [height, width] = size;
    const mask = parseMask({ size, counts });
    if (!mask) return;
    const frame = runs.flatMap((length, i) => new Array(length).fill(i % 2));
    const crop = cropBitmap(mask);
    for (let x = 0; x < width; x += 1) {
      for (let y = 0; y < height; y += 1) {
        const expected = frame[x * height + y];
        if (Number(contains(mask, x, y)) !== expected) assert.fail(`contains(${x}, ${y})`);
        const [cx, cy] = [x - mask.x + 1, y - mask.y + 1];
        const inside = cx >= 0 && cy >= 0 && cx < crop.width && cy < crop.height;
        if ((inside ? crop.data[cy * crop.width + cx] : 0) !== expected) assert.fail(`crop at ${x}, ${y}`);
      }
    }
  });
}

test("a run of seven characters keeps all of its bits", () => {
  assert.deepEqual(decodeCounts("PPPPPP4"), [4 * 32 ** 6]);
  assert.deepEqual(decodeCounts("ooooooO"), [-1]);
});

test("the crop's border is empty", () => {
  const { data, width, height } = cropBitmap(parseMask({ size: [2, 3], counts: encodeCounts([0, 6]) }));
  const sum = data.reduce((total, pixel) => total + pixel, 0);
  assert.deepEqual([width, height, sum], [5, 4, 6]);
});

test("a pixel outside the frame is never the object's", () => {
  const mask = parseMask({ size: [4, 4], counts: encodeCounts([0, 16]) });
  for (const [x, y] of [[-1, 0], [0, -1], [4, 0], [0, 4], [NaN, 0]]) assert.equal(contains(mask, x, y), false);
});

test("malformed masks are empty, not errors", () => {
  const bad = [null, undefined, { size: [4, 4], counts: "\u0001" }, { size: [4, 4], counts: "ÿÿ" }, { size: [4, 4], counts: "oooooooooooo" }];
  for (const rle of bad) assert.equal(parseMask(rle), null);
  assert.equal(parseMask({ size: [2, 2], counts: encodeCounts([0, 400]) }), null, "longer than the frame");
  assert.equal(parseMask({ size: [4, 4], counts: encodeCounts([3, -2, 5]) }), null, "negative run");
  assert.equal(parseMask({ size: [4, 4], counts: "" }), null, "no runs");
  assert.equal(parseMask({ size: [4, 4], counts: encodeCounts([0, 15]) }), null, "shorter than the frame");
  assert.equal(parseMask({ size: [4, 4], counts: "ooooooo0" }), null, "a run of eight characters");
  assert.equal(parseMask({ size: [4, 4], counts: "PPPPPPT" }), null, "a run beyond 32 bits that would wrap to one that fits");
});
