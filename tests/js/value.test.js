import assert from "node:assert/strict";
import { test } from "node:test";

import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { sent, value } from "./helpers.js";

test("a whole value comes through", () => {
  const { image, prediction, threshold, message } = toValue(value([sent("cat", 0.9, [1, 2, 3, 4])]));
  assert.deepEqual(image, { url: "/gradio_api/file=a.png", width: 100, height: 80, name: "street.png" });
  assert.deepEqual([prediction.model, prediction.engine], ["Model-S", ""]);
  assert.deepEqual(prediction.instances[0].box, [1, 2, 4, 6]);
  assert.equal(prediction.instances[0].colors.class, "#112233");
  assert.deepEqual([threshold, message], [0.5, null]);
});

test("anything at all is a value", () => {
  const nothing = { image: null, prediction: null, threshold: 0.5, message: null };
  for (const raw of [null, undefined, "", "<script>", 7, [], {}, () => 1, { image: 3, prediction: [], colors: 1, threshold: "x", message: "y" }]) {
    assert.deepEqual(toValue(raw), nothing);
  }
});

test("malformed instances are dropped, the rest stays", () => {
  const good = sent("cat", 0.5, [1, 2, 3, 4]);
  const bad = [null, 3, {}, { ...good, score: "0.9" }, { ...good, score: NaN }, { ...good, box: [1, 2, 3] }, { ...good, box: [1, 2, 3, Infinity] }];
  assert.equal(toValue(value([...bad, good])).prediction.instances.length, 1);
});

test("an instance is an outline only where that is said", () => {
  const one = sent("cat", 0.5, [1, 2, 3, 4]);
  const { instances } = toValue(value([{ ...one, outline: true }, one, { ...one, outline: "yes" }])).prediction;
  assert.deepEqual(instances.map(({ outline }) => outline), [true, false, false]);
});

test("a mask of another frame is dropped, the instance stays", () => {
  const one = { ...sent("cat", 0.5, [1, 2, 3, 4]), mask: { size: [7, 7], counts: "11" } };
  assert.equal(toValue(value([one])).prediction.instances[0].mask, null);
});

test("instances are sorted by score and numbered", () => {
  const { instances } = toValue(value([sent("a", 0.2, [1, 1, 2, 2]), sent("b", 0.8, [1, 1, 2, 2])])).prediction;
  assert.deepEqual(instances.map(({ index, label }) => [index, label]), [[0, "b"], [1, "a"]]);
});

test("the threshold is never under the floor", () => {
  assert.equal(toValue(value([], { threshold: 0.01 })).threshold, 0.05);
  assert.equal(toValue(value([], { threshold: 9 })).threshold, 1);
});

test("a colour is a colour", () => {
  for (const color of ["red", "#12", "#1234567", "url(x)", 5, null]) {
    const raw = value([sent("cat", 0.9, [1, 2, 3, 4])], { colors: { 3: color } });
    assert.match(toValue(raw).prediction.instances[0].colors.class, /^#[0-9a-f]{6}$/);
  }
});

test("only addresses of pictures are loaded", () => {
  const url = (address) => toValue(value([], { image: { url: address, width: 4, height: 4, name: "" } })).image?.url;
  for (const good of ["https://host/a.png", "blob:x", "data:image/png;base64,AA", "/gradio_api/file=a", "a.png"]) assert.equal(url(good), good);
  for (const bad of ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "", 5]) assert.equal(url(bad), undefined);
});

test("a message needs a known kind and a text", () => {
  const message = (given) => toValue(value([], { message: given })).message;
  assert.deepEqual(message({ kind: "busy", text: "Loading", more: 1 }), { kind: "busy", text: "Loading" });
  for (const bad of [{ kind: "other", text: "x" }, { kind: "busy" }, { kind: "busy", text: "" }, "busy"]) assert.equal(message(bad), null);
});

test("a prediction cannot grow without bound", () => {
  const many = Array.from({ length: 5000 }, () => ({ ...sent("cat", 0.5, [0, 0, 1, 1]), mask: null }));
  assert.equal(toValue(value(many)).prediction.instances.length, 1000);
});

test("how many instances came is kept, though a thousand are shown", () => {
  const one = { class_id: 0, label: "a", score: 0.5, box: [1, 1, 2, 2], area: 1, mask: null };
  const instances = Array.from({ length: 1243 }, (_, i) => ({ ...one, score: 1 - i / 2000 }));
  const { prediction } = toValue({ prediction: { model: "m", image: { width: 9, height: 9 }, instances } });
  assert.deepEqual([prediction.instances.length, prediction.found], [1000, 1243]);
});
