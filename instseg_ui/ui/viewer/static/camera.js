/** The camera: one click shows its picture, a second takes the photo. */

import { iconButton, make } from "./dom.js";

const JPEG_QUALITY = 0.92;
const REASONS = {
  NotAllowedError: "The browser did not allow the camera. Allow it for this page, then try again.",
  NotFoundError: "There is no camera on this device.",
  NotReadableError: "The camera is used by another program.",
};

const reasonOf = (error) => REASONS[error?.name] ?? "The camera did not start.";

/** The picture that the video shows, as a file. */
function frameOf(video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(new window.File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", JPEG_QUALITY);
  });
}

/**
 * @param {HTMLElement} place where its picture is shown
 * @param {{take: (photo: File) => void, note: (text: string) => void, signal: AbortSignal}} host
 * @returns {{toggle: () => Promise<void>}}
 */
export function createCamera(place, { take, note, signal }) {
  let stream = null;
  const video = make("video", { autoplay: true, playsinline: true, "aria-label": "What the camera sees" });
  video.muted = true;
  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    place.hidden = true;
  };
  const shoot = make("button", { type: "button", class: "tray-add", text: "Take the photo" });
  shoot.addEventListener("click", async () => {
    if (!video.videoWidth) return;
    const photo = await frameOf(video);
    close();
    take(photo);
  });
  place.replaceChildren(video, make("div", { class: "tray-shoot" }, shoot, iconButton("close", "Close the camera", close)));
  signal.addEventListener("abort", close);
  return {
    async toggle() {
      if (stream) return close();
      // Over plain http a browser offers no camera but on the machine itself.
      if (!navigator.mediaDevices) return note("The browser offers the camera over https only.");
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
      } catch (error) {
        return note(reasonOf(error));
      }
      place.hidden = false;
      video.srcObject = stream;
      return shoot.focus();
    },
  };
}
