import assert from "node:assert/strict";
import { test } from "node:test";

import { decide } from "../../instseg_ui/ui/viewer/static/dropped.js";

const photo = (name = "a.png") => ({ name, type: "image/png" });
const archive = { name: "SET.ZIP", type: "application/zip" };
const labels = { name: "labels.json", type: "application/json" };
const text = { name: "notes.txt", type: "text/plain" };
const box = (more) => ({ accept: ".zip, .json, image/*", shown: false, under: false, ...more });
const images = (more) => ({ accept: "image/*, .heic", shown: false, under: false, ...more });

test("a photo is taken and nothing is said of it", () => {
  assert.deepEqual(decide([photo()], [box(), images()], true), { place: -1, photo: 0, note: "" });
});

test("of several photos the first is taken and the rest are counted", () => {
  const { photo: taken, note } = decide([photo("a.png"), photo("b.png"), photo("c.png")], [], true);
  assert.deepEqual([taken, note], [0, "One photo at a time: the first of 3 is shown. Benchmark takes many."]);
});

test("what is no photo beside one is counted too", () => {
  assert.deepEqual(decide([text, photo()], [], true), { place: -1, photo: 1, note: "One file is not a photo and was left out." });
  assert.equal(decide([text, photo(), text], [], true).note, "2 files are not photos and were left out.");
});

test("on another tab it is said where the photo is", () => {
  assert.equal(decide([photo("dog.png")], [], false).note, "“dog.png” is now the photo of Segment and Compare.");
});

test("a place keeps what is dropped into it, whatever it is", () => {
  assert.deepEqual(decide([text], [images(), box({ under: true })], true), { place: 1, photo: -1, note: "" });
});

test("a data set beside its box is taken by it, its photos along", () => {
  const places = [images(), box({ shown: true })];
  assert.equal(decide([archive], places, false).place, 1);
  assert.equal(decide([photo(), labels], places, false).place, 1);
});

test("photos alone are no data set, and belong to the place that takes nothing else", () => {
  assert.equal(decide([photo()], [box({ shown: true })], false).photo, 0);
  assert.equal(decide([photo(), photo("b.png")], [images({ shown: true })], false).place, 0);
});

test("a data set on another tab is told where to go", () => {
  assert.equal(
    decide([archive], [], true).note,
    "“SET.ZIP” is not a photo. A data set is opened on the Evaluate tab: drop it there.",
  );
});

test("anything else gets one sentence", () => {
  assert.equal(decide([text], [box(), images()], true).note, "“notes.txt” is not a photo. Drop a JPEG, PNG or WebP.");
  assert.equal(decide([], [], true).note, "That is not a photo. Drop a JPEG, PNG or WebP.");
  assert.ok(decide([{ name: "x".repeat(500), type: "" }], [], true).note.length < 140);
});
