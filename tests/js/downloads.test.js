import assert from "node:assert/strict";
import { test } from "node:test";

import { buildCoco, buildCsv, fileName } from "../../instseg_ui/ui/viewer/static/downloads.js";
import { formatBox, formatPixels, inkOn, plural } from "../../instseg_ui/ui/viewer/static/format.js";
import { formatScore } from "../../instseg_ui/ui/viewer/static/scores.js";
import { toValue } from "../../instseg_ui/ui/viewer/static/value.js";
import { areaOfStep } from "../../instseg_ui/ui/viewer/static/controls.js";
import { sent, value } from "./helpers.js";

const { image, prediction } = toValue(value([sent("cat", 0.9, [1, 2, 3, 4]), sent('"x", y', 0.25, [5, 6, 7, 8], 9)]));

test("COCO: a data set of one image with scored annotations", () => {
  const data = buildCoco({ image, prediction, instances: prediction.instances.slice(0, 1), threshold: 0.5 });
  assert.deepEqual(data.images, [{ id: 1, file_name: "street.png", width: 100, height: 80 }]);
  assert.deepEqual(data.categories.map((one) => one.id), [3, 9]);
  assert.equal(data.annotations.length, 1);
  const { segmentation, ...rest } = data.annotations[0];
  assert.deepEqual(rest, { id: 1, image_id: 1, category_id: 3, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0, score: 0.9 });
  assert.deepEqual(segmentation.size, [80, 100]);
});

test("COCO: an instance without a mask has no segmentation", () => {
  const instances = [{ ...prediction.instances[0], mask: null }];
  assert.equal("segmentation" in buildCoco({ image: null, prediction, instances, threshold: 0 }).annotations[0], false);
});

test("CSV: quoted as RFC 4180 asks", () => {
  assert.deepEqual(buildCsv(prediction.instances).split("\r\n"), [
    "class,score,area,x1,y1,x2,y2",
    "cat,0.9,12,1,2,4,6",
    '"""x"", y",0.25,56,5,6,12,14',
    "",
  ]);
});

test("file names are safe and say image and model", () => {
  assert.equal(fileName("my photo.jpeg", "Mask-RT-DETR-L", "csv"), "my_photo-Mask-RT-DETR-L.csv");
  assert.equal(fileName("../../etc/pass\u0000wd", "a/b", "csv"), "pass_wd-a_b.csv");
  assert.equal(fileName("", "", "png"), "image.png");
  assert.equal(fileName("街.png", "M", "png"), "街-M.png");
});

test("numbers as they are shown", () => {
  assert.deepEqual([0.98765, 0.5, 0.0512, 1].map(formatScore), ["0.987", "0.500", "0.0512", "1.000"]);
  assert.deepEqual([7, 999, 1000, 1234567].map(formatPixels), ["7", "999", "1\u202f000", "1\u202f234\u202f567"]);
  assert.equal(formatBox([1.2, 2.7, 30, 40]), "x 1–30, y 3–40");
  assert.deepEqual([plural(1, "instance"), plural(0, "instance")], ["1 instance", "0 instances"]);
});

test("letters are read on any colour", () => {
  assert.deepEqual(["#ffffff", "#f0e442", "#000000", "#0072b2"].map(inkOn), ["#000000", "#000000", "#ffffff", "#ffffff"]);
});

test("the size slider starts at nothing and ends at the largest", () => {
  assert.deepEqual([areaOfStep(0, 9000), areaOfStep(60, 9000)], [0, 9000]);
});
