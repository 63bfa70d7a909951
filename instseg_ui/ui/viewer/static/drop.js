/** Photos that are dropped, pasted or chosen go to the server. */

const isPhoto = (file) => file.type.startsWith("image/");
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Whether typing goes somewhere else, so that a paste is not ours. */
function isTyping(target) {
  return target instanceof window.Element && target.closest("input:not([type=range]), textarea, [contenteditable=true]") !== null;
}

/** Uploads one photo and tells Gradio where it is. */
function sender(viewer) {
  let busy = false;
  return async (files) => {
    const photo = [...files].find(isPhoto);
    if (!photo) return viewer.hint("That is not a photo. Use JPEG, PNG or WebP.");
    if (busy) return undefined;
    busy = true;
    viewer.root.classList.add("isv-uploading");
    try {
      const { path, url } = await viewer.api.upload(photo);
      viewer.api.trigger("upload", { path, url, name: photo.name, size: photo.size, type: photo.type });
    } catch (error) {
      viewer.hint(`Not uploaded: ${error instanceof Error ? error.message : "try again"}.`);
    } finally {
      busy = false;
      viewer.root.classList.remove("isv-uploading");
    }
    return undefined;
  };
}

/** Highlights the stage while files are dragged over the viewer. */
function listenToDrags(viewer, send) {
  const options = { signal: viewer.signal };
  const { root } = viewer;
  const light = (on) => root.classList.toggle("isv-dropping", on);
  const over = (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    light(true);
  };
  root.addEventListener("dragenter", over, options);
  root.addEventListener("dragover", over, options);
  root.addEventListener("dragleave", (event) => {
    if (!root.contains(event.relatedTarget)) light(false);
  }, options);
  root.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    light(false);
    send(event.dataTransfer.files);
  }, options);
}

/** A paste anywhere on the page, while this viewer is on screen. */
function listenToPaste(viewer, send) {
  const paste = (event) => {
    if (!viewer.root.isConnected) return viewer.dispose();
    if (viewer.root.offsetParent === null || isTyping(event.target)) return undefined;
    const files = [...(event.clipboardData?.files ?? [])].filter(isPhoto);
    if (files.length === 0) return undefined;
    event.preventDefault();
    return send(files);
  };
  document.addEventListener("paste", paste, { signal: viewer.signal });
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 */
export function listenToFiles(viewer) {
  if (!viewer.accepts) return;
  const send = sender(viewer);
  const input = viewer.part("file");
  input.addEventListener("change", () => {
    if (input.files.length) send(input.files);
    input.value = "";
  }, { signal: viewer.signal });
  listenToDrags(viewer, send);
  listenToPaste(viewer, send);
}
