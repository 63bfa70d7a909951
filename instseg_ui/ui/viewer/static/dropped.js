/**
 * What becomes of files that are dropped on the page, decided without a page.
 *
 * A place of its own for files, such as a data set's box, keeps what is dropped into it, and gets
 * what it alone can take from anywhere on its tab. Of the rest the first photo is shown.
 *
 * @typedef {{name: string, type: string}} Dropped
 * @typedef {object} Place
 * @property {string} accept as of its field, such as ".zip, image/*"
 * @property {boolean} shown whether its tab is open
 * @property {boolean} under whether the files were dropped into it
 *
 * @typedef {{place: number, photo: number, note: string}} Decision `place` and `photo` are indices,
 *   -1 for none; `note` is what the visitor is told, "" for nothing
 */

const PHOTOS = "image/*";
// The Evaluate tab need not have been opened yet, so that its box can be asked.
const DATASET = /\.(zip|json)$/i;

/** @param {Dropped} file */
export const isPhoto = (file) => file.type.startsWith("image/");

const kinds = (place) => place.accept.split(",").map((one) => one.trim().toLowerCase());

/** @param {Place} place @param {Dropped} file */
function fits(place, file) {
  return kinds(place).some((kind) => (kind === PHOTOS ? isPhoto(file) : file.name.toLowerCase().endsWith(kind)));
}

/** Whether a place takes photos and nothing else; of some kinds it names the endings too. */
const takesPhotosOnly = (place) => !kinds(place).some((kind) => DATASET.test(kind));

/** Whether files dropped beside an open place were meant for it: a data set is no set of photos. */
function wanted(place, files) {
  if (!place.shown || !files.every((file) => fits(place, file))) return false;
  return takesPhotosOnly(place) || !files.every(isPhoto);
}

const quoted = (name) => `“${name.slice(0, 80)}”`;

/** What is said of files none of which is a photo. */
function refusal(files) {
  const name = files.length ? quoted(files[0].name) : "That";
  if (files.some((file) => DATASET.test(file.name))) return `${name} is not a photo. A data set is opened on the Evaluate tab: drop it there.`;
  return `${name} is not a photo. Drop a JPEG, PNG or WebP.`;
}

/** What is said of the photo that is taken, and of those that are not. */
function remark(files, photo, shown) {
  const photos = files.filter(isPhoto).length;
  const left = files.length - photos;
  const sentences = [];
  if (photos > 1) sentences.push(`One photo at a time: the first of ${photos} is shown. Benchmark takes many.`);
  if (left > 0) sentences.push(left === 1 ? "One file is not a photo and was left out." : `${left} files are not photos and were left out.`);
  if (!shown) sentences.push(`${quoted(photo.name)} is now the photo of Segment and Compare.`);
  return sentences.join(" ");
}

/**
 * @param {Dropped[]} files
 * @param {Place[]} places
 * @param {boolean} shown whether the viewer, which shows the photo, is on screen
 * @returns {Decision}
 */
export function decide(files, places, shown) {
  const under = places.findIndex((place) => place.under);
  const place = under >= 0 ? under : places.findIndex((one) => wanted(one, files));
  if (place >= 0) return { place, photo: -1, note: "" };
  const photo = files.findIndex(isPhoto);
  const note = photo < 0 ? refusal(files) : remark(files, files[photo], shown);
  return { place: -1, photo, note };
}
