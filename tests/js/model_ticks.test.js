import assert from "node:assert/strict";
import { test } from "node:test";

import { createTicks } from "../../instseg_ui/ui/viewer/static/model_list.js";

/** Ticks of which the server has said "S", and what it is sent: ticks and number. */
function begin(context) {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const sent = [];
  const list = { ticked: new Set(), api: { trigger: (_, { ticked, number }) => sent.push([ticked.join(" "), number]) } };
  const ticks = createTicks(list);
  ticks.adopt(["S"]);
  const now = () => [...list.ticked].join(" ");
  return { ticks, now, sent, wait: () => context.mock.timers.tick(1000) };
}

test("ticks are heard when the server answers them", (context) => {
  const { ticks, now, sent, wait } = begin(context);
  assert.equal(ticks.heard(), true);
  ticks.all(["S", "M"]);
  assert.equal(ticks.heard(), false);
  ticks.adopt(["S"]);
  assert.equal(now(), "S M");
  wait();
  const [[said, number]] = sent;
  assert.equal(said, "S M");
  ticks.adopt(["M", "S"], number);
  assert.deepEqual([ticks.heard(), now()], [true, "M S"]);
  // What changes them elsewhere is no answer, and is taken.
  ticks.adopt(["S"]);
  assert.equal(now(), "S");
  ticks.adopt(null);
  assert.equal(now(), "S");
});

test("ticks that are as they were are told and heard too", (context) => {
  const { ticks, now, sent, wait } = begin(context);
  ticks.all(["S", "M"]);
  ticks.all(["S"]);
  wait();
  assert.deepEqual(sent.map(([said]) => said), ["S"]);
  assert.equal(ticks.heard(), false);
  ticks.adopt(["S"], sent[0][1]);
  assert.deepEqual([ticks.heard(), now()], [true, "S"]);
});

test("what is taken back while the server is asked stays taken back", (context) => {
  const { ticks, now, sent, wait } = begin(context);
  ticks.all(["S", "M"]);
  wait();
  ticks.all(["S"]);
  ticks.adopt(["S", "M"], sent[0][1]);
  assert.deepEqual([ticks.heard(), now()], [false, "S"]);
  wait();
  assert.deepEqual(sent.map(([said]) => said), ["S M", "S"]);
  // One answer may be dropped for the next; the last one stands for all.
  ticks.adopt(["S"], sent[1][1]);
  assert.deepEqual([ticks.heard(), now()], [true, "S"]);
});

test("numbers grow, also where the clock stands still or another list stood before", (context) => {
  const { ticks, sent, wait } = begin(context);
  ticks.all(["S"]);
  ticks.all(["M"]);
  wait();
  assert.equal(sent[0][1], 1_000_001);
  ticks.adopt(["M"], 5);
  assert.equal(ticks.heard(), false);
});
