/**
 * A model's threshold put in use from elsewhere on the page, as `instseg:threshold` on `document`
 * with `model` and `threshold`. What comes of it later the server asks for with its values.
 */

const NAME = "instseg:threshold";

/**
 * @param {unknown} detail
 * @returns {{model: string, threshold: number} | null}
 */
export function toUse(detail) {
  const { model, threshold } = /** @type {any} */ (detail) ?? {};
  const share = typeof threshold === "number" && threshold >= 0 && threshold <= 1;
  return typeof model === "string" && model !== "" && share ? { model, threshold } : null;
}

/** Puts a model's threshold in use. @param {{model: string, threshold: number}} detail */
export const tellUse = (detail) => document.dispatchEvent(new CustomEvent(NAME, { detail }));

/**
 * @param {(use: {model: string, threshold: number}) => void} take
 * @param {AbortSignal} signal
 */
export function listenToUse(take, signal) {
  const heard = (event) => {
    const use = toUse(/** @type {CustomEvent} */ (event).detail);
    if (use) take(use);
  };
  document.addEventListener(NAME, heard, { signal });
}
