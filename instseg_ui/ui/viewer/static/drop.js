/** Files that are dropped or pasted anywhere on the page. */

import { isShown, isTyping } from "./dom.js";
import { decide, isPhoto } from "./dropped.js";

/** A component that takes files itself; its block has this class. */
const PLACE = ".file-place";
/** The tab that it stands in, where it may be folded away. */
const TAB = ".tabitem";

/**
 * @typedef {object} Host who takes the photos
 * @property {HTMLElement} root
 * @property {AbortSignal} signal
 * @property {() => void} dispose
 * @property {(photos: File[], note: string) => void} send
 * @property {(text: string) => void} note
 * @property {(on: boolean) => void} veil
 */

const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const placeAt = (target) => (target instanceof window.Element ? target.closest(PLACE) : null);

/** The places for files of the page, each with the field that takes them. */
function placesOf(target) {
  return [...document.querySelectorAll(PLACE)]
    .map((block) => ({ block, field: block.querySelector("input[type=file]") }))
    .filter(({ field }) => field !== null)
    .map(({ block, field }) => ({ field, accept: field.accept, shown: isShown(block.closest(TAB) ?? block), under: placeAt(target) === block }));
}

/** Hands files to a place as if they had been chosen there. */
function handOver(field, files) {
  const data = new window.DataTransfer();
  for (const file of files) data.items.add(file);
  field.files = data.files;
  field.dispatchEvent(new window.Event("change", { bubbles: true }));
}

/**
 * Sends files where they belong, and says what is left out.
 * @param {Host} host
 */
export const receiver = (host) => (files, target) => {
  const places = placesOf(target);
  const { place, photos, note } = decide(files, places);
  if (place >= 0) handOver(places[place].field, files);
  else if (photos.length) host.send(photos.map((index) => files[index]), note);
  else host.note(note);
};

/**
 * A drop anywhere on the page: a browser would leave the page and open the file. What a component
 * of Gradio takes itself never comes by here, so that the veil is lifted before it does.
 */
function listenToDrags(host, receive) {
  const early = { signal: host.signal, capture: true };
  const late = { signal: host.signal };
  const light = (on) => host.veil(on);
  const over = (event) => {
    if (!host.root.isConnected) host.dispose();
    else if (holdsFiles(event)) light(placeAt(event.target) === null);
  };
  const accept = (event) => {
    if (!holdsFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  };
  document.addEventListener("dragover", over, early);
  document.addEventListener("dragenter", accept, late);
  document.addEventListener("dragover", accept, late);
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && light(false), early);
  document.addEventListener("drop", () => light(false), early);
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    receive([...event.dataTransfer.files], event.target);
  }, late);
}

/** A paste anywhere on the page but into a field. */
function listenToPaste(host, receive) {
  const paste = (event) => {
    if (!host.root.isConnected) return host.dispose();
    if (isTyping(event.target)) return undefined;
    const files = [...(event.clipboardData?.files ?? [])].filter(isPhoto);
    if (files.length === 0) return undefined;
    event.preventDefault();
    return receive(files, null);
  };
  document.addEventListener("paste", paste, { signal: host.signal });
}

/** @param {Host} host */
export function listenToFiles(host) {
  const receive = receiver(host);
  listenToDrags(host, receive);
  listenToPaste(host, receive);
}
