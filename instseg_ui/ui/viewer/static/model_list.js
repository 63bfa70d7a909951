/**
 * The list of models: a heading sorts, a second click turns it round; a row is looked at by a
 * click, and ticked to be compared.
 *
 * @typedef {object} ListApi
 * @property {() => unknown} value
 * @property {(listener: () => void) => void} onValue
 * @property {(event: string, data: object) => void} trigger
 * @property {boolean} wide whether published figures are shown
 * @property {unknown} limits see limits.js
 */

import { make } from "./dom.js";
import { limits, setLimits } from "./limits.js";
import { tellLook } from "./look.js";
import { columnsOf, filtered, firstSign, sorted, three, toList } from "./model_list_value.js";

const TICK_MS = 150;

/** The heading of a column, which sorts. */
export function heading(column, by, sign, sort) {
  const is = by?.name === column.name;
  const button = make("button", { type: "button", class: "mlist-sort", title: column.hint || `Sort by ${column.title}`, text: column.title, on: { click: () => sort(column) } });
  const order = is ? (sign > 0 ? "ascending" : "descending") : "none";
  return make("th", { scope: "col", class: column.numeric && "mlist-number", "data-column": column.name, "aria-sort": order }, button);
}

/** What stands below a model's name; the wide list has a column for the state. */
function under(row, wide) {
  const state = make("span", { class: "mlist-state", "data-state": row.state, text: row.state });
  const ours = row.ourAp === null ? [] : [make("span", { class: "mlist-ours", text: `AP ${row.ourAp.toFixed(1)} on our photos` })];
  const from = row.madeFrom === "" ? [] : [make("span", { class: "mlist-from", text: `from ${row.madeFrom}` })];
  return make("span", { class: "mlist-under" }, ...(wide ? [] : [state, ...ours]), ...from, make("span", { class: "mlist-knows", text: row.knows }));
}

function tickOf(list, row) {
  const box = make("input", { type: "checkbox", "aria-label": `Compare ${row.id}`, title: "Tick to compare", on: { change: () => list.tick(row.id, box.checked, box) } });
  box.checked = list.ticked.has(row.id);
  return make("td", { class: "mlist-tick", on: { click: (event) => event.stopPropagation() } }, make("label", {}, box));
}

function cell(column, row) {
  if (column.name === "state") return make("td", { class: "mlist-state", "data-state": row.state, text: row.state });
  const value = column.of(row);
  return make("td", { class: column.numeric && "mlist-number", "data-column": column.name, text: column.numeric ? three(value) : (value ?? "–") });
}

/** The button that asks to remove a model of the visitor's own. */
function removal(list, row) {
  if (!row.removable || list.api.wide) return [];
  const ask = (event) => {
    event.stopPropagation();
    list.api.trigger("delete", { model: row.id });
  };
  return [make("button", { type: "button", class: "mlist-remove", "aria-label": `Remove ${row.id}`, title: "Remove", text: "×", on: { click: ask } })];
}

/** One model. */
function rowOf(list, row, columns) {
  const name = make("button", { type: "button", class: "mlist-name", text: row.id });
  const head = make("th", { scope: "row" }, name, ...removal(list, row), under(row, list.api.wide));
  return make("tr", { class: "mlist-row", "data-model": row.id, "data-state": row.state, title: `${row.id} · ${row.knows}`, "aria-current": row.id === list.chosen ? "true" : false, on: { click: () => list.select(row.id) } },
    tickOf(list, row), head, ...columns.slice(1).map((column) => cell(column, row)));
}

/** The rows, with the groups' names where nothing is sorted. */
function body(list, rows, columns, grouped) {
  const made = [];
  let group = "";
  for (const row of rows) {
    if (grouped && row.group !== group) {
      made.push(make("tr", { class: "mlist-group" }, make("th", { scope: "rowgroup", colspan: String(columns.length + 1), text: row.group })));
      group = row.group;
    }
    made.push(rowOf(list, row, columns));
  }
  return made;
}

/** Up and down go to the next model. */
function listenToArrows(rows) {
  rows.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest(".mlist-row");
    if (!by || !row) return;
    const all = [...rows.querySelectorAll(".mlist-row")];
    const next = all[all.indexOf(row) + by];
    event.preventDefault();
    next?.querySelector(event.target.matches("input") ? "input" : ".mlist-name")?.focus();
  });
}

/** The line above: how many are ticked, and the field that filters. */
function createBar(list, place) {
  const count = make("span", { class: "mlist-count" });
  const find = make("input", { type: "search", class: "mlist-find", placeholder: "Filter", "aria-label": "Filter the models", on: { input: () => list.filter(find.value) } });
  const none = make("button", { type: "button", class: "mlist-none", text: "None", title: "Tick none", on: { click: () => list.tickAll([]) } });
  place.replaceChildren(make("b", { text: "Models" }), count, none, find);
  return () => {
    const { size } = list.ticked;
    count.textContent = `${size} ticked`;
    none.hidden = size === 0;
  };
}

/** What is in focus, so that it can be again after the rows were drawn anew. */
function focusIn(root) {
  const { activeElement: now } = document;
  if (!root.contains(now)) return () => undefined;
  const model = now.closest("[data-model]")?.dataset.model;
  const column = now.closest("th[data-column]")?.dataset.column;
  const kind = now.matches("input") ? "input" : ".mlist-name";
  return () => {
    const row = model && root.querySelector(`[data-model="${CSS.escape(model)}"]`);
    const head = column && root.querySelector(`th[data-column="${column}"] button`);
    (row ? row.querySelector(kind) : head)?.focus({ preventScroll: true });
  };
}

/**
 * The ticks: what the server has not answered yet outlives what it says meanwhile.
 *
 * Each telling has a number, larger than those before it, also of a list that stood here earlier.
 * An answer of the same ticks as before would not be seen without one: Gradio passes on what differs.
 */
export function createTicks(list) {
  let [number, answered, timer] = [0, 0, 0];
  const heard = () => answered >= number;
  const tell = () => {
    number = Math.max(number + 1, Date.now());
    clearTimeout(timer);
    timer = setTimeout(() => list.api.trigger("input", { ticked: [...list.ticked], number }), TICK_MS);
  };
  return {
    /** Whether the server knows of all ticks. */
    heard,
    /** What the server says is ticked, and which telling it answers; null leaves the ticks. */
    adopt(ticked, answers = null) {
      answered = Math.max(answered, answers ?? 0);
      if (ticked !== null && heard()) list.ticked = new Set(ticked);
    },
    /** Ticks or unticks one; false where no more fit. */
    put(model, on) {
      if (on && list.ticked.size >= limits.panes) return false;
      if (on) list.ticked.add(model);
      else list.ticked.delete(model);
      tell();
      return true;
    },
    all(models) {
      list.ticked = new Set(models);
      tell();
    },
  };
}

/** What the list does when it is worked with; `view` draws it. */
function createList(api, view) {
  const list = {
    api,
    chosen: "",
    ticked: new Set(),
    select(model) {
      list.chosen = model;
      view.draw();
      api.trigger("select", { model });
    },
    tick(model, on, box) {
      const done = list.ticks.put(model, on);
      if (!done) box.checked = false;
      view.advise(done ? "" : `At most ${limits.panes} models are compared. Take one away first.`);
      view.bar();
    },
    tickAll(models) {
      list.ticks.all(models);
      view.draw();
    },
    filter(text) {
      view.query = text;
      view.draw();
    },
    sort(column) {
      view.sign = view.by?.name === column.name ? -view.sign : firstSign(column);
      view.by = column;
      view.draw();
    },
  };
  list.ticks = createTicks(list);
  return list;
}

/**
 * @param {HTMLElement} root the `.mlist` element
 * @param {ListApi} api
 */
export function mountModelList(root, api) {
  setLimits(api.limits);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const columns = columnsOf(api.wide);
  let value = toList(null);
  const view = {
    by: null,
    sign: 1,
    query: "",
    bar: () => bar(),
    advise(text) {
      part("advice").textContent = text;
    },
    draw() {
      const back = focusIn(root);
      const { by, sign, query } = view;
      const rows = sorted(filtered(value.rows, query), by, sign);
      const ticks = make("th", { class: "mlist-tick" }, make("span", { class: "mlist-hidden", text: "Compare" }));
      part("head").replaceChildren(make("tr", {}, ticks, ...columns.map((column) => heading(column, by, sign, list.sort))));
      part("rows").replaceChildren(...body(list, rows, columns, by === null));
      view.advise(value.rows.length && !rows.length ? "No model is like that. Empty the filter." : "");
      bar();
      back();
    },
  };
  const list = createList(api, view);
  const bar = createBar(list, part("bar"));
  const take = () => {
    value = toList(api.value());
    list.chosen = value.chosen;
    list.ticks.adopt(value.ticked, value.answers);
    view.draw();
    if (!api.wide) tellLook({ model: list.chosen, models: [...list.ticked] });
  };
  listenToArrows(part("rows"));
  root.toggleAttribute("data-wide", api.wide);
  root.instsegModels = list;
  api.onValue(take);
  take();
  return list;
}
