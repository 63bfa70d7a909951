/**
 * The questions in hand, checked.
 *
 * @typedef {{number: number, label: string, color: string, models: string[], mask: {size: [number, number], counts: string}}} Outline
 * @typedef {object} Question
 * @property {string} name
 * @property {string} photo
 * @property {string} url of the whole photo
 * @property {number} width of the photo, pixels
 * @property {number} height
 * @property {[number, number, number, number]} crop x0, y0, x1, y1
 * @property {string} state how far the models agree
 * @property {Outline[]} outlines
 *
 * @typedef {{questions: Question[], answered: number, left: number, begun: boolean, gone: string[]}} JudgeValue
 */

const MAX_OUTLINES = 9;

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const text = (thing) => (typeof thing === "string" ? thing.slice(0, 300) : "");
const list = (thing) => (Array.isArray(thing) ? thing : []);
const count = (thing) => (Number.isInteger(thing) && thing >= 0 ? thing : 0);
const isLocal = (url) => typeof url === "string" && /^\/(?!\/)/.test(url);

/** @returns {Outline | null} */
function toOutline(thing, width, height) {
  const { mask } = isObject(thing) ? thing : {};
  const fits = isObject(mask) && mask.size?.[0] === height && mask.size?.[1] === width && typeof mask.counts === "string";
  if (!fits || !Number.isInteger(thing.number)) return null;
  const color = /^#[0-9a-f]{6}$/i.test(thing.color) ? thing.color : "#e69f00";
  return { number: thing.number, label: text(thing.label), color, models: list(thing.models).map(text), mask: { size: [height, width], counts: mask.counts } };
}

/** @returns {Question | null} */
function toQuestion(thing) {
  if (!isObject(thing) || text(thing.name) === "" || !isLocal(thing.url)) return null;
  const [width, height] = [count(thing.width), count(thing.height)];
  const crop = list(thing.crop);
  const inside = crop.length === 4 && crop.every(Number.isFinite) && crop[0] < crop[2] && crop[1] < crop[3];
  if (!width || !height || !inside) return null;
  const outlines = list(thing.outlines).slice(0, MAX_OUTLINES).map((one) => toOutline(one, width, height)).filter(Boolean);
  return { name: text(thing.name), photo: text(thing.photo), url: thing.url, width, height, crop, state: text(thing.state), outlines };
}

/** @param {unknown} value @returns {JudgeValue} */
export function toJudge(value) {
  const given = isObject(value) ? value : {};
  return { questions: list(given.questions).map(toQuestion).filter(Boolean), answered: count(given.answered), left: count(given.left), begun: given.begun === true, gone: list(given.gone).map(text).filter(Boolean) };
}

/**
 * What a key answers to a question; null where it answers nothing.
 * @param {string} key
 * @param {Question} question
 * @returns {Record<string, unknown> | null}
 */
export function answerOf(key, question) {
  const number = Number(key);
  const about = { question: question.name };
  if (question.outlines.some((one) => one.number === number)) return { ...about, answer: "right", outline: number };
  const plain = { n: "none", x: "nothing", s: "skip" }[key.toLowerCase()];
  if (plain) return { ...about, answer: plain };
  if (key.toLowerCase() === "w") return { ...about, answer: "wrong class" };
  return null;
}

/**
 * Where the crop lies on a stage: pixels of the photo times `scale`, plus `x` and `y`.
 * @param {Question["crop"]} crop
 * @param {{width: number, height: number}} stage
 */
export function placeCrop([x0, y0, x1, y1], { width, height }) {
  const scale = Math.min(width / (x1 - x0), height / (y1 - y0), 8);
  return { scale, x: (width - scale * (x0 + x1)) / 2, y: (height - scale * (y0 + y1)) / 2 };
}
