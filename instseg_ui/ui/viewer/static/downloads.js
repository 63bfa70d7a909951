/** What can be taken away, made in the browser. The builders are pure. */

import { drawOverlay } from "./draw.js";

/** Lines and tags are drawn for a picture of about this size and grow with larger ones. */
const REFERENCE_SIDE = 1200;

/**
 * @param {string} name of the image
 * @param {string} model
 * @param {string} extension
 * @returns {string} safe on every file system
 */
export function fileName(name, model, extension) {
  const stem = name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "") || "image";
  const parts = [stem, model].filter(Boolean);
  const safe = parts.map((part) => part.replace(/[^\p{L}\p{N}_.-]+/gu, "_").slice(0, 80));
  return `${safe.join("-")}.${extension}`;
}

/** @param {number} number @returns {number} rounded to a hundredth of a pixel */
const hundredths = (number) => Math.round(number * 100) / 100;

/** @returns {object} one COCO annotation with its score */
function toAnnotation(instance, id) {
  const [x1, y1, x2, y2] = instance.box;
  return {
    id,
    image_id: 1,
    category_id: instance.classId,
    bbox: [x1, y1, x2 - x1, y2 - y1].map(hundredths),
    area: instance.area,
    iscrowd: 0,
    score: instance.score,
    ...(instance.mask && { segmentation: instance.mask }),
  };
}

/**
 * A COCO data set of one image, with a score on each annotation.
 * @param {{image: {name: string} | null, prediction: import("./value.js").Prediction, instances: import("./value.js").Instance[], threshold: number}} shown
 * @returns {object}
 */
export function buildCoco({ image, prediction, instances, threshold }) {
  const classes = new Map(prediction.instances.map((one) => [one.classId, one.label]));
  return {
    info: { description: "InstSeg UI", model: prediction.model, threshold },
    licenses: [],
    images: [{ id: 1, file_name: image?.name ?? "", ...prediction.frame }],
    annotations: instances.map((instance, at) => toAnnotation(instance, at + 1)),
    categories: [...classes].sort((a, b) => a[0] - b[0]).map(([id, name]) => ({ id, name })),
  };
}

/** @param {string | number} cell @returns {string} quoted as RFC 4180 asks */
function csvCell(cell) {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * @param {import("./value.js").Instance[]} instances
 * @returns {string}
 */
export function buildCsv(instances) {
  const rows = instances.map((one) => [one.label, one.score, one.area, ...one.box.map(hundredths)]);
  const table = [["class", "score", "area", "x1", "y1", "x2", "y2"], ...rows];
  return `${table.map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/**
 * The shown picture at the image's own size, whatever the zoom.
 * @param {{picture: CanvasImageSource, image: import("./value.js").Size, frame: import("./value.js").Size, instances: import("./value.js").Instance[], layers: import("./draw.js").Layers}} shown
 * @returns {Promise<Blob>}
 */
export function buildPng({ picture, image, frame, instances, layers }) {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  const ctx = canvas.getContext("2d");
  const at = { scale: image.width / frame.width, x: 0, y: 0 };
  ctx.drawImage(picture, 0, 0, image.width, image.height);
  const unit = Math.max(1, Math.max(image.width, image.height) / REFERENCE_SIDE);
  drawOverlay(ctx, instances, { ...layers, hover: -1 }, at, image, { unit });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))), "image/png");
  });
}

/**
 * Hands a file to the browser's downloads.
 * @param {BlobPart} content
 * @param {string} type
 * @param {string} name
 */
export function save(content, type, name) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read the blob only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
