/**
 * The list of models, checked, sorted and filtered.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} family
 * @property {string} group
 * @property {string} knows its classes, in words
 * @property {number | null} ap published mask AP on COCO, percent
 * @property {number | null} ourAp the same as this project measured it, on other photos
 * @property {number | null} ms the last warm run here
 * @property {number | null} size MB
 * @property {string} state
 * @property {Record<string, number | null>} published
 * @property {string} here what high-performance mode gains on this machine
 * @property {string} madeFrom the official model that an own one was made from
 * @property {boolean} removable whether it may be removed here
 *
 * @typedef {{rows: Row[], chosen: string, ticked: string[] | null, answers: number | null}} ListValue
 * @typedef {{name: string, title: string, numeric: boolean, of: (row: Row) => string | number | null}} Column
 */

const MAX_ROWS = 1000;

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const text = (thing) => (typeof thing === "string" ? thing.slice(0, 500) : "");
const number = (thing) => (typeof thing === "number" && Number.isFinite(thing) && thing >= 0 ? thing : null);
const list = (thing) => (Array.isArray(thing) ? thing : []);

/** @param {unknown} thing @returns {Row | null} */
function toRow(thing) {
  if (!isObject(thing) || text(thing.id) === "") return null;
  const published = Object.fromEntries(Object.entries(isObject(thing.published) ? thing.published : {}).map(([name, value]) => [name, number(value)]));
  const [id, family, group, knows, state, here] = [thing.id, thing.family, thing.group, thing.knows, thing.state, thing.here].map(text);
  return { id, family, group, knows, ap: number(thing.ap), ourAp: number(thing.our_ap), ms: number(thing.ms), size: number(thing.size), state, published, here, madeFrom: text(thing.made_from), removable: thing.removable === true };
}

/** @param {unknown} value @returns {ListValue} */
export function toList(value) {
  const given = isObject(value) ? value : {};
  const rows = list(given.rows).slice(0, MAX_ROWS).map(toRow).filter(Boolean);
  const ticked = Array.isArray(given.ticked) ? given.ticked.map(text).filter(Boolean) : null;
  const answers = Number.isSafeInteger(given.answers) ? given.answers : null;
  return { rows, chosen: text(given.chosen), ticked, answers };
}

/** Three significant digits, without an exponent; a dash for nothing. */
export function three(value) {
  if (value === null) return "–";
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value >= 1000 ? String(Number(value.toPrecision(3))) : value.toFixed(Math.min(decimals, 6));
}

const column = (name, title, of, hint = "") => ({ name, title, hint, numeric: true, of });
const words = (name, title, of, hint = "") => ({ name, title, hint, numeric: false, of });
const published = (name, title, hint) => column(name, title, (row) => row.published[name] ?? null, hint);

/** The columns beside the name; `wide` those of the catalog. @returns {Column[]} */
export function columnsOf(wide) {
  const ap = column("ap", "AP", (row) => row.ap, "Published mask AP on COCO, percent");
  const ms = column("ms", "ms", (row) => row.ms, "Median of five or more warm runs on this machine, milliseconds");
  const size = column("size", "MB", (row) => row.size, "Size on disk, MB");
  const name = words("name", "Model", (row) => row.id.toLowerCase());
  if (!wide) return [name, ap, ms, size];
  return [
    name,
    words("here", "HP, here", (row) => (row.here === "" || row.here === "—" ? null : row.here), "What high-performance mode runs and gains on this machine"),
    ap,
    column("our_ap", "AP, ours", (row) => row.ourAp, "Mask AP that we measured on our own photos; not to be compared with COCO's"),
    ms,
    published("gpu_normal_ms", "GPU ms", "Published latency on a GPU"),
    published("gpu_hp_ms", "GPU ms, HP", "Published latency on a GPU, high performance"),
    published("cpu_normal_ms", "CPU ms", "Published latency on a CPU"),
    published("cpu_hp_ms", "CPU ms, HP", "Published latency on a CPU, high performance"),
    size,
    words("state", "State", (row) => row.state),
  ];
}

const compare = (one, other) => (typeof one === "number" ? one - other : String(one).localeCompare(String(other), undefined, { numeric: true }));

/**
 * Rows by a column; what has no figure stands last, whichever way round.
 * @param {Row[]} rows
 * @param {Column | null} by null leaves them in their groups
 * @param {1 | -1} sign
 */
export function sorted(rows, by, sign) {
  if (by === null) return rows;
  const keyed = rows.map((row, place) => ({ row, place, value: by.of(row) }));
  keyed.sort((one, other) => {
    if (one.value === null || other.value === null) return (one.value === null) - (other.value === null) || one.place - other.place;
    return sign * compare(one.value, other.value) || one.place - other.place;
  });
  return keyed.map(({ row }) => row);
}

/** The rows in which all words stand: in the name, the family, the state or a class. */
export function filtered(rows, query) {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  const within = (row) => `${row.id} ${row.family} ${row.state} ${row.group} ${row.knows}`.toLowerCase();
  return rows.filter((row) => wanted.every((word) => within(row).includes(word)));
}

/** A first click sorts by what is best: the most accurate, the fastest, the smallest. */
export const firstSign = ({ name }) => (["ap", "our_ap"].includes(name) ? -1 : 1);
