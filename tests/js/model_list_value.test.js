import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, filtered, firstSign, sorted, three, toList } from "../../instseg_ui/ui/viewer/static/model_list_value.js";

const row = (id, more = {}) => ({ id, family: "SOLO", group: "Ready", knows: "1 class: cat", ap: null, our_ap: null, ms: null, size: null, state: "ready", published: {}, here: "", ...more });
const rowsOf = (...rows) => toList({ rows, chosen: "", ticked: null }).rows;
const ids = (rows) => rows.map(({ id }) => id).join(" ");
const named = (name, wide = false) => columnsOf(wide).find((column) => column.name === name);

test("a row is taken as it is", () => {
  const given = row("S", { ap: 40.5, our_ap: 48.2, ms: 0, size: 4, published: { gpu_normal_ms: 46, cpu_hp_ms: null }, here: "onnxruntime 2×", made_from: "SOLOv2", removable: true });
  const { our_ap: ourAp, made_from: madeFrom, ...rest } = given;
  assert.deepEqual(rowsOf(given), [{ ...rest, ourAp, madeFrom }]);
  const [other] = rowsOf(row("S", { made_from: 3, removable: "yes" }));
  assert.deepEqual([other.madeFrom, other.removable], ["", false]);
});

test("anything else is an empty list whose ticks stay", () => {
  for (const wrong of [null, undefined, 3, "x", [], { rows: "x", chosen: 3, ticked: "S" }]) {
    assert.deepEqual(toList(wrong), { rows: [], chosen: "", ticked: null, answers: null });
  }
});

test("ticks are names; an empty list of them is one", () => {
  assert.deepEqual(toList({ ticked: ["S", 3, null, "", "M"] }).ticked, ["S", "M"]);
  assert.deepEqual(toList({ ticked: [] }).ticked, []);
  assert.deepEqual([7, "7", 1.5, null].map((answers) => toList({ answers }).answers), [7, null, null, null]);
});

test("a row without a name is left out, and a figure that is none is a gap", () => {
  const [only, ...none] = rowsOf(null, 3, row(""), row("S", { ap: NaN, ms: -1, size: "4", published: [1], knows: 3 }));
  assert.deepEqual(none, []);
  assert.deepEqual([only.ap, only.ms, only.size, only.published, only.knows], [null, null, null, {}, ""]);
});

test("figures have three digits", () => {
  const told = [null, 0, 0.01234, 1.234, 12.34, 123.4, 1234].map(three);
  assert.deepEqual(told, ["–", "0", "0.0123", "1.23", "12.3", "123", "1230"]);
});

test("a heading sorts, turned round it sorts the other way, and gaps stay last", () => {
  const rows = rowsOf(row("A", { ap: 30 }), row("B"), row("C", { ap: 50 }), row("D", { ap: 4 }), row("E"));
  assert.equal(ids(sorted(rows, named("ap"), -1)), "C A D B E");
  assert.equal(ids(sorted(rows, named("ap"), 1)), "D A C B E");
  assert.equal(ids(sorted(rows, null, 1)), "A B C D E");
  assert.equal(ids(rows), "A B C D E");
});

test("equal figures keep their order, whichever way round", () => {
  const rows = rowsOf(row("A", { ms: 5 }), row("B", { ms: 5 }), row("C", { ms: 1 }));
  assert.equal(ids(sorted(rows, named("ms"), 1)), "C A B");
  assert.equal(ids(sorted(rows, named("ms"), -1)), "A B C");
});

test("names sort as people count", () => {
  const rows = rowsOf(row("net-10"), row("Net-9"), row("alpha"));
  assert.equal(ids(sorted(rows, named("name"), 1)), "alpha Net-9 net-10");
});

test("a first click shows the best first", () => {
  assert.deepEqual([named("ap"), named("our_ap", true)].map(firstSign), [-1, -1]);
  assert.deepEqual(["name", "ms", "size"].map((name) => firstSign(named(name))), [1, 1, 1]);
});

test("the narrow list has four columns, the wide one the published figures too", () => {
  assert.deepEqual(columnsOf(false).map(({ name }) => name), ["name", "ap", "ms", "size"]);
  const wide = columnsOf(true).map(({ name }) => name);
  for (const name of ["here", "our_ap", "gpu_normal_ms", "gpu_hp_ms", "cpu_normal_ms", "cpu_hp_ms", "state"]) assert.ok(wide.includes(name), name);
  const [only] = rowsOf(row("S", { published: { cpu_hp_ms: 7 }, here: "—" }));
  assert.equal(named("cpu_hp_ms", true).of(only), 7);
  assert.equal(named("gpu_hp_ms", true).of(only), null);
  assert.equal(named("here", true).of(only), null);
});

test("a filter finds words in the name, the family, the state, the group and the classes", () => {
  const rows = rowsOf(row("S", { knows: "2 classes: Person, car" }), row("M", { family: "Mask-RT-DETR", state: "not fetched" }));
  assert.equal(ids(filtered(rows, "person")), "S");
  assert.equal(ids(filtered(rows, "RT-detr")), "M");
  assert.equal(ids(filtered(rows, "not  fetched")), "M");
  assert.equal(ids(filtered(rows, "solo person")), "S");
  assert.equal(ids(filtered(rows, "person rt-detr")), "");
  assert.equal(ids(filtered(rows, "  ")), "S M");
  assert.equal(ids(filtered(rows, ".*")), "");
});
