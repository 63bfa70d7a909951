import assert from "node:assert/strict";
import { test } from "node:test";

import { countsOf, described, ordered, ordersOf, toTray } from "../../instseg_ui/ui/viewer/static/tray_value.js";

const photo = (key, found = {}, disagreement = null) => ({ key, name: `${key}.jpg`, url: `/gradio_api/file=/x/${key}.jpg`, found, disagreement });
const tray = (photos, models = ["S"]) => toTray({ photos, chosen: "a", own: true, models });
const keys = (photos) => photos.map(({ key }) => key).join("");

test("a whole value is taken as it is", () => {
  const given = { photos: [photo("a", { S: 3 }, 0.5)], chosen: "a", own: true, models: ["S"] };
  assert.deepEqual(toTray(given), given);
});

test("anything else is an empty tray", () => {
  const empty = { photos: [], chosen: "", own: false, models: [] };
  for (const wrong of [null, undefined, 3, "x", [], { photos: 3, chosen: {}, own: "yes", models: "S" }]) {
    assert.deepEqual(toTray(wrong), empty);
  }
});

test("a photo without a key, or with an address elsewhere, is left out", () => {
  const wrong = [null, 3, {}, { ...photo("a"), key: "" }, ...["//evil/x", "http://evil/x", "javascript:1", "x", 3, null].map((url) => ({ ...photo("b"), url }))];
  assert.equal(keys(tray([...wrong, photo("c")]).photos), "c");
});

test("figures that are none are not shown", () => {
  const [one] = tray([{ ...photo("a"), name: 5, found: { S: -1, M: 1.5, L: "2", X: 2 }, disagreement: 3 }]).photos;
  assert.deepEqual(one, { ...photo("a", { X: 2 }), name: "" });
  assert.deepEqual(tray([{ ...photo("a"), found: [3] }]).photos[0].found, {});
});

test("names are cut and photos are bounded", () => {
  const { photos } = tray(Array.from({ length: 3000 }, (_, i) => ({ ...photo(`k${i}`), name: "x".repeat(9000) })));
  assert.ok(photos.length <= 2000);
  assert.ok(photos[0].name.length <= 300);
});

test("counts stand in the models' order, and what has not run has none", () => {
  assert.deepEqual(countsOf(photo("a", { S: 0, M: 4 }), ["M", "L", "S"]), [4, null, 0]);
});

test("photos are ordered by all that was found, those without a figure last", () => {
  const value = tray([photo("a"), photo("b", { S: 1, M: 1 }), photo("c", { S: 5 }), photo("d", { S: 0 })], ["S", "M"]);
  assert.equal(keys(ordered(value, "added")), "abcd");
  assert.equal(keys(ordered(value, "most")), "cbda");
  assert.equal(keys(ordered(value, "least")), "dbca");
});

test("only the models that are asked for count; without any, all do", () => {
  const photos = [photo("a", { S: 1, L: 9 }), photo("b", { S: 2 })];
  assert.equal(keys(ordered(tray(photos), "most")), "ba");
  assert.equal(keys(ordered(tray(photos, []), "most")), "ab");
});

test("photos are ordered by how much the models disagree", () => {
  const value = tray([photo("a", {}, 0.1), photo("b"), photo("c", {}, 0.9), photo("d", {}, 0.1)]);
  assert.equal(keys(ordered(value, "disagreement")), "cadb");
});

test("ordering leaves the tray as it was", () => {
  const value = tray([photo("a", { S: 1 }), photo("b", { S: 2 })]);
  ordered(value, "most");
  assert.equal(keys(value.photos), "ab");
});

test("only orders that say something are offered", () => {
  const names = (value) => ordersOf(value).map(([name]) => name);
  assert.deepEqual(names(tray([photo("a")])), ["added"]);
  assert.deepEqual(names(tray([photo("a", { S: 0 })])), ["added", "most", "least"]);
  assert.deepEqual(names(tray([photo("a", { L: 3 })])), ["added"]);
  assert.deepEqual(names(tray([photo("a", {}, 0)])), ["added", "disagreement"]);
});

test("a photo is told in words", () => {
  assert.equal(described(photo("a", { S: 3 }, 0.254), ["S", "M"]), "a.jpg, S found 3, the models disagree by 25 %");
  assert.equal(described(photo("a"), ["S"]), "a.jpg");
});
