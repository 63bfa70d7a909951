/**
 * What becomes of files that are dropped on the page, decided without a page.
 *
 * A place of its own for files, such as a data set's box, keeps what is dropped into it, and gets
 * a data set from anywhere on its tab. Photos, and zips of photos, go into the tray.
 *
 * @typedef {{name: string, type: string}} Dropped
 * @typedef {object} Place
 * @property {string} accept as of its field, such as ".zip, image/*"
 * @property {boolean} shown whether its tab is open
 * @property {boolean} under whether the files were dropped into it
 *
 * @typedef {{place: number, photos: number[], note: string}} Decision `place` is an index or -1,
 *   `photos` are the files for the tray; `note` is what the visitor is told, "" for nothing
 */

import { limits } from "./limits.js";

const PHOTOS = "image/*";
const ZIP = /\.zip$/i;
const ANNOTATIONS = /\.(json|ya?ml)$/i;

const endsAs = (file, endings) => endings.some((ending) => file.name.toLowerCase().endsWith(ending));

/** Browsers name no type for some kinds of photos, such as HEIC. @param {Dropped} file */
export const isPhoto = (file) => file.type.startsWith("image/") || endsAs(file, limits.endings);

const isTaken = (file) => isPhoto(file) || ZIP.test(file.name);
const kinds = (place) => place.accept.split(",").map((one) => one.trim().toLowerCase());

/** @param {Place} place @param {Dropped} file */
function fits(place, file) {
  return kinds(place).some((kind) => (kind === PHOTOS ? isPhoto(file) : file.name.toLowerCase().endsWith(kind)));
}

/** Whether files dropped beside an open place were meant for it: photos alone are no data set. */
const wanted = (place, files) => place.shown && files.every((file) => fits(place, file)) && !files.every(isPhoto);

const quoted = (name) => `“${name.slice(0, 80)}”`;

/** What is said of files none of which is a photo. */
function refusal(files) {
  const name = files.length ? quoted(files[0].name) : "That";
  if (files.some((file) => ANNOTATIONS.test(file.name))) return `${name} is not a photo. Annotations are opened on the Evaluate tab: drop them there.`;
  return `${name} is not a photo. Drop a JPEG, PNG or WebP.`;
}

/** What is said of the files beside those that are taken. */
function remark(left) {
  if (left === 0) return "";
  return left === 1 ? "One file is not a photo and was left out." : `${left} files are not photos and were left out.`;
}

/**
 * @param {Dropped[]} files
 * @param {Place[]} places
 * @returns {Decision}
 */
export function decide(files, places) {
  const under = places.findIndex((place) => place.under);
  const place = under >= 0 ? under : places.findIndex((one) => wanted(one, files));
  if (place >= 0) return { place, photos: [], note: "" };
  const photos = files.flatMap((file, index) => (isTaken(file) ? [index] : []));
  return { place: -1, photos, note: photos.length ? remark(files.length - photos.length) : refusal(files) };
}
