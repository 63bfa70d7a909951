import assert from "node:assert/strict";
import { test } from "node:test";

import { COLOR_BY, nextColorBy, scoreColor, scoreScale, setScoreScale, toColorBy } from "../../instseg_ui/ui/viewer/static/colors.js";
import { createSharedStore, createPaneStore } from "../../instseg_ui/ui/viewer/static/grid_state.js";
import { classCounts, initialState } from "../../instseg_ui/ui/viewer/static/state.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

const box = [1, 2, 3, 4];
const instancesOf = (...rows) => toValue(value(rows)).prediction.instances;

test("an instance has the three colours that came", () => {
  setScoreScale(["#000000", "#ffffff"]);
  const [one] = instancesOf({ ...sent("cat", 0.5, box), color: "#ff9600" });
  assert.deepEqual(one.colors, { instance: "#ff9600", class: "#112233", score: "#808080" });
});

test("without one of its own it has its class's", () => {
  for (const color of [undefined, null, "red", "#12", "url(x)", 7, "#ff9600;x"]) {
    const [one] = instancesOf({ ...sent("cat", 0.5, box), color });
    assert.equal(one.colors.instance, "#112233");
  }
});

test("an outline is its class's colour, whatever was chosen", () => {
  const [truth] = instancesOf({ ...sent("cat", 1, box), color: "#ff9600", outline: true });
  assert.deepEqual(new Set(Object.values(truth.colors)), new Set(["#112233"]));
});

test("a score lies between two steps of the scale", () => {
  setScoreScale(["#000000", "#0000c8", "#00c8c8"]);
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1].map(scoreColor), ["#000000", "#000064", "#0000c8", "#0064c8", "#00c8c8"]);
  assert.deepEqual([-1, 2].map(scoreColor), ["#000000", "#00c8c8"]);
});

test("what is no scale leaves a grey one", () => {
  for (const wrong of [null, undefined, "x", [], ["#000000"], ["#000000", "red"], { length: 3 }]) {
    setScoreScale(["#000000", "#ffffff"]);
    setScoreScale(wrong);
    assert.equal(scoreScale.length, 2);
    assert.match(scoreColor(0.3), /^#[0-9a-f]{6}$/);
    assert.notEqual(scoreColor(0), "#000000");
  }
});

test("a choice is one of three, and the key goes round them", () => {
  assert.deepEqual(["instance", "class", "score"].map((one) => toColorBy(one)), COLOR_BY);
  for (const wrong of [null, "colour", 3, ["class"]]) assert.equal(toColorBy(wrong), "class");
  assert.deepEqual(COLOR_BY.map(nextColorBy), ["class", "score", "instance"]);
});

test("a class's chip has the class's colour", () => {
  const instances = instancesOf({ ...sent("cat", 0.9, box), color: "#ff9600" }, { ...sent("cat", 0.8, box), color: "#4b96ff" });
  assert.equal(classCounts(instances, { ...initialState(), colorBy: "instance" })[0].color, "#112233");
});

test("all panes have one choice", () => {
  const shared = createSharedStore({ colorBy: "class" });
  const none = () => ({ members: {}, object: -1 });
  const [a, b] = ["A#0", "B#0"].map((key) => createPaneStore(shared, key, none));
  const told = [];
  b.subscribe((state, changed) => told.push([state.colorBy, [...changed]]));
  a.set({ colorBy: "score" });
  assert.deepEqual(told, [["score", ["colorBy"]]]);
});
