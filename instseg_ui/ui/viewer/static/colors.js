/**
 * An instance's colours: its class's, its own, its score's. They are made once a prediction;
 * drawing only picks one. Python chooses the first two and gives the scale of the third.
 *
 * @typedef {"instance" | "class" | "score"} ColorBy
 * @typedef {Record<ColorBy, string>} Colors each #rrggbb
 */

/** In the order in which they are offered. @type {ColorBy[]} */
export const COLOR_BY = ["instance", "class", "score"];
// For a class the server gave no colour: Okabe and Ito's colours, which people
// with colour-blindness tell apart.
const FALLBACK = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];
const GREYS = Object.freeze(["#404040", "#e0e0e0"]);

/** At even steps from score 0 to 1. @type {readonly string[]} */
export let scoreScale = GREYS;

/** @param {unknown} thing @returns {thing is string} */
export const isColor = (thing) => typeof thing === "string" && /^#[0-9a-f]{6}$/i.test(thing);

/** Takes the scale the server gave, if it is one. @param {unknown} given */
export function setScoreScale(given) {
  scoreScale = Array.isArray(given) && given.length > 1 && given.every(isColor) ? Object.freeze([...given]) : GREYS;
}

/** @param {unknown} thing @param {ColorBy} [otherwise] @returns {ColorBy} */
export const toColorBy = (thing, otherwise = "class") =>
  COLOR_BY.find((one) => one === thing) ?? otherwise;

/** @param {ColorBy} by @returns {ColorBy} the next one offered, round the end */
export const nextColorBy = (by) => COLOR_BY[(COLOR_BY.indexOf(by) + 1) % COLOR_BY.length];

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

/**
 * Where a score lies on the scale, between two of its steps.
 * @param {number} score 0..1
 * @returns {string} #rrggbb
 */
export function scoreColor(score) {
  const along = Math.min(1, Math.max(0, score)) * (scoreScale.length - 1);
  const step = Math.min(scoreScale.length - 2, Math.floor(along));
  const [from, to] = [channels(scoreScale[step]), channels(scoreScale[step + 1])];
  const mixed = from.map((value, at) => Math.round(value + (to[at] - value) * (along - step)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {number} classId @param {unknown} colors @returns {string} */
function classColor(classId, colors) {
  const color = typeof colors === "object" && colors !== null ? colors[String(classId)] : undefined;
  return isColor(color) ? color : FALLBACK[Math.abs(classId) % FALLBACK.length];
}

/**
 * @param {{color?: unknown, score: number, outline?: unknown}} sent an instance as it came
 * @param {number} classId
 * @param {unknown} byClass colours by class id, as they came
 * @returns {Colors} an outline, such as a truth, has its class's colour always
 */
export function toColors({ color, score, outline }, classId, byClass) {
  const own = classColor(classId, byClass);
  if (outline === true) return { instance: own, class: own, score: own };
  return { instance: isColor(color) ? color : own, class: own, score: scoreColor(score) };
}
