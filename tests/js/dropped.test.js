import assert from "node:assert/strict";
import { test } from "node:test";

import { decide, isPhoto } from "../../instseg_ui/ui/viewer/static/dropped.js";
import { setLimits } from "../../instseg_ui/ui/viewer/static/limits.js";

// As the server gives them.
setLimits({ endings: [".heic", ".png"] });

const photo = (name = "a.png") => ({ name, type: "image/png" });
const archive = { name: "SET.ZIP", type: "application/zip" };
const labels = { name: "labels.json", type: "application/json" };
const text = { name: "notes.txt", type: "text/plain" };
const box = (more) => ({ accept: ".zip, .json, image/*", shown: false, under: false, ...more });

test("photos go into the tray, all of them in their order", () => {
  const decision = decide([photo("b.png"), photo("a.png"), photo("c.png")], [box()]);
  assert.deepEqual(decision, { place: -1, photos: [0, 1, 2], note: "" });
});

test("a zip of photos goes there too", () => {
  assert.deepEqual(decide([archive, photo()], [box()]), { place: -1, photos: [0, 1], note: "" });
});

test("what is no photo beside photos is left out and counted", () => {
  assert.deepEqual(decide([text, photo()], []), { place: -1, photos: [1], note: "One file is not a photo and was left out." });
  const { photos, note } = decide([text, photo(), text], []);
  assert.deepEqual([photos, note], [[1], "2 files are not photos and were left out."]);
});

test("a photo without a type is known by its ending", () => {
  assert.ok(isPhoto({ name: "IMG_1.HEIC", type: "" }));
  assert.ok(!isPhoto({ name: "IMG_1.MOV", type: "video/quicktime" }));
  assert.deepEqual(decide([{ name: "IMG_1.HEIC", type: "" }], []).photos, [0]);
});

test("a place keeps what is dropped into it, whatever it is", () => {
  assert.deepEqual(decide([text], [box(), box({ under: true })]), { place: 1, photos: [], note: "" });
  assert.equal(decide([photo()], [box({ under: true })]).place, 0);
});

test("a data set beside its box on the open tab is taken by it, its photos along", () => {
  const places = [box({ shown: true })];
  assert.equal(decide([archive], places).place, 0);
  assert.equal(decide([labels], places).place, 0);
  assert.equal(decide([photo(), labels], places).place, 0);
});

test("photos alone are no data set", () => {
  assert.deepEqual(decide([photo(), photo("b.png")], [box({ shown: true })]), { place: -1, photos: [0, 1], note: "" });
});

test("what the open place does not take leaves its photos to the tray", () => {
  assert.deepEqual(decide([photo(), text], [box({ shown: true })]).photos, [0]);
});

test("annotations on another tab are told where to go", () => {
  const { photos, note } = decide([labels], [box()]);
  assert.deepEqual(photos, []);
  assert.equal(note, "“labels.json” is not a photo. Annotations are opened on the Evaluate tab: drop them there.");
});

test("anything else gets one sentence", () => {
  assert.equal(decide([text], [box()]).note, "“notes.txt” is not a photo. Drop a JPEG, PNG or WebP.");
  assert.equal(decide([], []).note, "That is not a photo. Drop a JPEG, PNG or WebP.");
  assert.ok(decide([{ name: "x".repeat(500), type: "" }], []).note.length < 140);
});
