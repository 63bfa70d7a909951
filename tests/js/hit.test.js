import assert from "node:assert/strict";
import { test } from "node:test";

import { hitTest } from "../../instseg_ui/ui/viewer/static/hit.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

const find = (list, x, y, slack) => hitTest(toValue(value(list)).prediction.instances, x, y, slack)?.label ?? null;

const big = sent("sofa", 0.9, [10, 10, 60, 50]);
const small = sent("cat", 0.4, [20, 20, 10, 10]);

test("the smallest instance under the pointer is found, whatever its score", () => {
  assert.equal(find([big, small], 25, 25), "cat");
  assert.equal(find([big, small], 50, 50), "sofa");
  assert.equal(find([big, small], 95, 75), null);
});

test("the mask counts, not the box", () => {
  const wide = { ...small, box: [0, 0, 100, 80] };
  assert.equal(find([wide], 5, 5), null);
});

test("without a mask the box counts; an empty mask is no error", () => {
  assert.equal(find([{ ...small, mask: null }], 25, 25), "cat");
  assert.equal(find([{ ...small, mask: { size: [80, 100], counts: "" } }], 25, 25), "cat");
  assert.equal(find([{ ...small, mask: { size: [80, 100], counts: "garbage!" } }], 25, 25), "cat");
});

test("a near miss counts within the slack", () => {
  assert.equal(find([small], 32, 25), null);
  assert.equal(find([small], 32, 25, 3), "cat");
});
