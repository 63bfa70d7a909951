import assert from "node:assert/strict";
import { test } from "node:test";

import { createTicks } from "../../instseg_ui/ui/viewer/static/model_list.js";

/** Ticks of which the server has said "S", and what it is sent. */
function begin(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [];
  const list = { ticked: new Set(), api: { trigger: (_, { ticked }) => sent.push(ticked.join(" ")) } };
  const ticks = createTicks(list);
  ticks.adopt(["S"]);
  const now = () => [...list.ticked].join(" ");
  return { ticks, now, sent, wait: () => context.mock.timers.tick(1000) };
}

test("ticks are heard when the server says the same", (context) => {
  const { ticks, now, sent, wait } = begin(context);
  ticks.all(["S", "M"]);
  assert.equal(ticks.heard(), false);
  ticks.adopt(["S"]);
  assert.equal(now(), "S M");
  wait();
  ticks.adopt(["S", "M"]);
  assert.deepEqual([ticks.heard(), now(), sent], [true, "S M", ["S M"]]);
  ticks.adopt(["S"]);
  assert.equal(now(), "S");
});

test("who ticks and takes it back at once waits for nothing", (context) => {
  const { ticks, now, wait } = begin(context);
  ticks.all(["S", "M"]);
  ticks.all(["S"]);
  assert.equal(ticks.heard(), true);
  wait();
  assert.equal(ticks.heard(), true);
  ticks.adopt(["M"]);
  assert.equal(now(), "M");
});

test("what is taken back while the server is asked stays taken back", (context) => {
  const { ticks, now, sent, wait } = begin(context);
  ticks.all(["S", "M"]);
  wait();
  ticks.all(["S"]);
  ticks.adopt(["S", "M"]);
  assert.deepEqual([ticks.heard(), now()], [false, "S"]);
  wait();
  assert.deepEqual(sent, ["S M", "S"]);
  ticks.adopt(["S"]);
  assert.deepEqual([ticks.heard(), now()], [true, "S"]);
});
