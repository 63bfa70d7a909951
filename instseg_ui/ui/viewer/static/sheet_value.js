/**
 * The sheet of models, checked.
 *
 * @typedef {{text: string, below: string, hint: string, value: number | string | null}} SheetCell
 * @typedef {{model: string, kind: string, cells: SheetCell[], use: number | null}} SheetRow
 * @typedef {import("./model_list_value.js").Column} SheetColumn
 * @typedef {{columns: SheetColumn[], rows: SheetRow[]}} SheetValue
 */

const MAX_ROWS = 1000;
const MAX_COLUMNS = 20;
const KINDS = ["best", "out"];

const isObject = (thing) => typeof thing === "object" && thing !== null && !Array.isArray(thing);
const text = (thing) => (typeof thing === "string" ? thing.slice(0, 500) : "");
const list = (thing, most) => (Array.isArray(thing) ? thing.slice(0, most).filter(isObject) : []);
const number = (thing) => (typeof thing === "number" && Number.isFinite(thing) ? thing : null);
const share = (thing) => (number(thing) !== null && thing >= 0 && thing <= 1 ? thing : null);

/** @returns {SheetCell} */
const toCell = (thing) => ({
  text: text(thing.text),
  below: text(thing.below),
  hint: text(thing.hint),
  value: typeof thing.value === "string" ? text(thing.value) : number(thing.value),
});

/** @returns {SheetRow | null} */
function toRow(thing, columns) {
  const cells = list(thing.cells, MAX_COLUMNS).map(toCell);
  if (text(thing.model) === "" || cells.length !== columns) return null;
  return { model: text(thing.model), kind: KINDS.includes(thing.kind) ? thing.kind : "", cells, use: share(thing.use) };
}

/** @param {unknown} value @returns {SheetValue} */
export function toSheet(value) {
  const given = isObject(value) ? value : {};
  const columns = list(given.columns, MAX_COLUMNS).map((one, place) => (
    { name: text(one.name), title: text(one.title), hint: "", numeric: one.numeric === true, of: (row) => row.cells[place].value }));
  const rows = list(given.rows, MAX_ROWS).map((one) => toRow(one, columns.length)).filter(Boolean);
  return { columns, rows };
}
