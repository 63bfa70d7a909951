import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { limits } from "../../instseg_ui/ui/viewer/static/limits.js";
import { formatScore, formatShortScore, reaches } from "../../instseg_ui/ui/viewer/static/scores.js";
import { initialState, visibleInstances } from "../../instseg_ui/ui/viewer/static/state.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

// Python's tests read the same file: page, exports and answers agree on every row.
const rows = JSON.parse(readFileSync(new URL("./golden/score_thresholds.json", import.meta.url), "utf8"));

for (const { why, score, threshold, shown, short } of rows) {
  test(`${score} at ${threshold}: ${why}`, () => {
    assert.equal(reaches(score, threshold), shown);
    const { prediction } = toValue(value([sent("cat", score, [0, 0, 4, 4])]));
    assert.equal(visibleInstances(prediction.instances, { ...initialState(), threshold }).length, Number(shown));
    assert.equal(formatShortScore(score), short);
  });
}

test("no score reads as more than it is", () => {
  for (let i = 0; i <= 2000; i += 1) {
    const score = i / 2000;
    assert.ok(Number(formatScore(score)) <= score, String(score));
    assert.ok(score - Number(formatShortScore(score)) < 0.01 + 1e-12, String(score));
  }
});

test("scores have three significant digits, however small", () => {
  assert.deepEqual([0.0499996, 0.1, 0, 1e-300].map(formatScore), ["0.0499", "0.100", "0.000", `0.${"0".repeat(20)}`]);
});

test("where a prediction does not say its floor, it is that of the settings", () => {
  const { prediction } = toValue(value([], { prediction: { model: "A", image: { width: 4, height: 4 }, instances: [] } }));
  assert.equal(prediction.floor, limits.floor);
});
