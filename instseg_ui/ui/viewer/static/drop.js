/** Photos that are dropped, pasted or chosen go to the server. */

import { isShown, isTyping } from "./dom.js";
import { decide, isPhoto } from "./dropped.js";

/** A component that takes files itself; its block has this class. */
const PLACE = ".file-place";

const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const placeAt = (target) => (target instanceof window.Element ? target.closest(PLACE) : null);

/** Uploads one photo and tells Gradio where it is. */
function sender(viewer) {
  let busy = false;
  return async (photo, note = "") => {
    if (busy) return viewer.note("A photo is on its way. Add the next one when it is shown.");
    busy = true;
    viewer.note(note);
    viewer.root.classList.add("isv-uploading");
    try {
      const { path, url } = await viewer.api.upload(photo);
      viewer.api.trigger("upload", { path, url, name: photo.name, size: photo.size, type: photo.type });
    } catch {
      viewer.note("The photo did not arrive: it is too large, or the connection was lost. Add it again.");
    } finally {
      busy = false;
      viewer.root.classList.remove("isv-uploading");
    }
    return undefined;
  };
}

/** The places for files of the page, each with the field that takes them. */
function placesOf(target) {
  return [...document.querySelectorAll(PLACE)]
    .map((block) => ({ block, field: block.querySelector("input[type=file]") }))
    .filter(({ field }) => field !== null)
    .map(({ block, field }) => ({ field, accept: field.accept, shown: isShown(block), under: placeAt(target) === block }));
}

/** Hands files to a place as if they had been chosen there. */
function handOver(field, files) {
  const data = new window.DataTransfer();
  for (const file of files) data.items.add(file);
  field.files = data.files;
  field.dispatchEvent(new window.Event("change", { bubbles: true }));
}

/** Sends files where they belong, and says what is left out. */
function receiver(viewer, send) {
  return (files, target) => {
    const places = placesOf(target);
    const { place, photo, note } = decide(files, places, isShown(viewer.root));
    if (place >= 0) handOver(places[place].field, files);
    else if (photo >= 0) send(files[photo], note);
    else viewer.note(note);
  };
}

/**
 * A drop anywhere on the page: a browser would leave the page and open the file. What a component
 * of Gradio takes itself never comes by here, so that the veil is lifted before it does.
 */
function listenToDrags(viewer, receive) {
  const early = { signal: viewer.signal, capture: true };
  const late = { signal: viewer.signal };
  const light = (on) => {
    viewer.root.classList.toggle("isv-dropping", on);
    viewer.veil(on);
  };
  const over = (event) => {
    if (!viewer.root.isConnected) viewer.dispose();
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

/** A paste anywhere on the page, while this viewer is on screen. */
function listenToPaste(viewer, receive) {
  const paste = (event) => {
    if (!viewer.root.isConnected) return viewer.dispose();
    if (!isShown(viewer.root) || isTyping(event.target)) return undefined;
    const files = [...(event.clipboardData?.files ?? [])].filter(isPhoto);
    if (files.length === 0) return undefined;
    event.preventDefault();
    return receive(files, null);
  };
  document.addEventListener("paste", paste, { signal: viewer.signal });
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 */
export function listenToFiles(viewer) {
  if (!viewer.accepts) return;
  const receive = receiver(viewer, sender(viewer));
  const input = viewer.part("file");
  input.addEventListener("change", () => {
    if (input.files.length) receive([...input.files], null);
    input.value = "";
  }, { signal: viewer.signal });
  listenToDrags(viewer, receive);
  listenToPaste(viewer, receive);
}
