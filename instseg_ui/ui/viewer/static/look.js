/**
 * Says what is looked at, as `instseg:look` on `document`, for the page's address.
 *
 * @param {{model?: string, models?: string[], photo?: string, threshold?: number}} detail the model
 *   and the photo (its name) looked at, the models ticked, the least score that is shown
 */
export function tellLook(detail) {
  document.dispatchEvent(new CustomEvent("instseg:look", { detail }));
}
