/** Numbers and names as they are shown. */

/** @param {number} pixels @returns {string} grouped by thousands with thin spaces */
export const formatPixels = (pixels) => String(Math.round(pixels)).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** @param {number} threshold @returns {string} */
export const formatThreshold = (threshold) => threshold.toFixed(2);

/** @param {number[]} box @returns {string} */
export function formatBox(box) {
  const [x1, y1, x2, y2] = box.map(Math.round);
  return `x ${x1}–${x2}, y ${y1}–${y2}`;
}

/**
 * @param {number} count
 * @param {string} noun
 * @returns {string}
 */
export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/**
 * Black or white, whichever is read better on the colour (WCAG 2 luminance).
 * @param {string} color #rrggbb
 * @returns {string}
 */
export function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}
