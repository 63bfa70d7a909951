/** Scores: how they are compared with a threshold, and how they are shown. */

/**
 * Whether a score is at least the threshold: both as float32, which models compute scores in.
 * The same comparison as Python's `reaches`, so that page, exports and answers agree.
 * @param {number} score
 * @param {number} threshold
 * @returns {boolean}
 */
export const reaches = (score, threshold) => Math.fround(score) >= Math.fround(threshold);

/**
 * Digits are cut off, so that no score reads as a threshold that it is below.
 * @param {number} score by its shortest digits, as the server sends it
 * @param {number} decimals
 * @returns {string}
 */
function cut(score, decimals) {
  const text = score.toFixed(decimals);
  return Number(text) > score ? (score - 0.5 * 10 ** -decimals).toFixed(decimals) : text;
}

/** @param {number} score @returns {string} three significant digits */
export function formatScore(score) {
  const decimals = score >= 0.1 || score <= 0 ? 3 : 2 - Math.floor(Math.log10(score));
  return cut(score, Math.min(decimals, 20));
}

/** @param {number} score @returns {string} two decimals, where room is scarce */
export const formatShortScore = (score) => cut(score, 2);
