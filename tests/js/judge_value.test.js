import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, placeCrop, toJudge } from "../../instseg_ui/ui/viewer/static/judge_value.js";

const outline = (number, more = {}) => ({ number, label: "cat", color: "#112233", models: ["A"], mask: { size: [3, 4], counts: "x" }, ...more });
const asked = (more = {}) => ({ name: "0-1", photo: "a.jpg", url: "/gradio_api/file=a", width: 4, height: 3, crop: [0, 0, 4, 3], state: "only one", outlines: [outline(1), outline(2)], ...more });

test("questions are taken as they are", () => {
  const value = { questions: [asked()], answered: 3, left: 7, begun: true, gone: ["a.png"] };
  assert.deepEqual(toJudge(value), value);
});

test("what cannot be shown is left out", () => {
  for (const wrong of [null, 3, { name: "" }, asked({ url: "https://elsewhere.example/a" }), asked({ url: "//elsewhere/a" }), asked({ crop: [2, 0, 1, 3] }), asked({ width: 0 })]) {
    assert.deepEqual(toJudge({ questions: [wrong] }).questions, []);
  }
  const [left] = toJudge({ questions: [asked({ outlines: [outline(1, { mask: { size: [9, 9], counts: "x" } }), outline("2"), outline(2)] })] }).questions;
  assert.deepEqual(left.outlines.map(({ number }) => number), [2]);
  assert.deepEqual(toJudge("x"), { questions: [], answered: 0, left: 0, begun: false, gone: [] });
});

test("a key is an answer to the question", () => {
  const [question] = toJudge({ questions: [asked()] }).questions;
  assert.deepEqual(answerOf("2", question), { question: "0-1", answer: "right", outline: 2 });
  assert.deepEqual(["n", "X", "s", "w"].map((key) => answerOf(key, question).answer), ["none", "nothing", "skip", "wrong class"]);
  assert.deepEqual(["3", "0", "q", "Enter", " ", "-1"].map((key) => answerOf(key, question)), [null, null, null, null, null, null]);
});

test("the crop fills its stage and lies in its middle, enlarged eight times at most", () => {
  assert.deepEqual(placeCrop([10, 20, 110, 70], { width: 400, height: 400 }), { scale: 4, x: -40, y: 20 });
  assert.equal(placeCrop([0, 0, 4, 4], { width: 400, height: 400 }).scale, 8);
});
