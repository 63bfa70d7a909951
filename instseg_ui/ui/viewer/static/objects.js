/**
 * The table of matched objects. Rows have one height, and only those in sight exist.
 *
 * It talks with the page's grid as told in grid_links.js.
 *
 * @typedef {object} TableApi
 * @property {() => unknown} value
 * @property {(listener: () => void) => void} onValue
 * @property {unknown} limits see limits.js
 */

import { make } from "./dom.js";
import { tell } from "./grid_links.js";
import { setLimits } from "./limits.js";
import { headRow, rowOf } from "./objects_rows.js";
import { advice, rowsInSight, stateCounts, toTable } from "./objects_value.js";

/** Chips that leave one state, or all. */
function createFilter(place, narrow) {
  const title = make("h3", { class: "iso-headline" });
  const chips = make("div", { class: "iso-chips", role: "group", "aria-label": "States" });
  place.replaceChildren(title, chips);
  return (objects, chosen) => {
    title.textContent = objects.length ? `${objects.length} object${objects.length === 1 ? "" : "s"}` : "Objects";
    const all = [{ state: "all", count: objects.length }, ...stateCounts(objects)];
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.state : null;
    chips.replaceChildren(...(objects.length ? all : []).map(({ state, count }) =>
      make("button", { type: "button", class: "iso-chip", "data-state": state, "aria-pressed": String(state === chosen), on: { click: () => narrow(state) } },
        ...(state === "all" ? [] : [make("i", { class: "iso-dot" })]), make("span", { text: state }), make("b", { text: String(count) }))));
    [...chips.children].find((chip) => chip.dataset.state === focused)?.focus();
  };
}

/** The rows in sight, between two spacers that stand for the others. */
function createWindow(scroll, body, rowHeight) {
  let [rows, made] = [[], ""];
  const spacer = (height) => make("tr", { class: "iso-spacer", "aria-hidden": "true", style: `height:${height}px` });
  const draw = (build, again = false) => {
    const height = rowHeight();
    const { from, to } = rowsInSight(scroll.scrollTop, scroll.clientHeight || 600, height, rows.length);
    if (!again && made === `${from} ${to}`) return;
    made = `${from} ${to}`;
    body.replaceChildren(spacer(from * height), ...rows.slice(from, to).map((one, at) => build(one, from + at)), spacer((rows.length - to) * height));
  };
  return { draw, set: (list) => (rows = list), at: (position) => rows[position], size: () => rows.length, place: (found) => rows.findIndex((one) => one.place === found) };
}

/** Shows which object the pin and the pointer are on. */
function markRows(body, { selected, hover }) {
  for (const row of body.querySelectorAll("tr[data-object]")) {
    const place = Number(row.dataset.object);
    row.setAttribute("aria-selected", String(place === selected));
    row.classList.toggle("iso-hover", place === hover);
  }
  // One row at a time is a stop of the tab key: the pinned one or the first.
  body.querySelector('tr[tabindex="0"]')?.setAttribute("tabindex", "-1");
  const stop = body.querySelector('tr[aria-selected="true"]') ?? body.querySelector("tr[data-object]");
  stop?.setAttribute("tabindex", "0");
}

/** Which row the pointer and the pin are on, and where the keyboard is. */
function createTable(root, signal) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const [head, body] = [make("thead"), make("tbody")];
  const table = make("table", { role: "grid", "aria-label": "Matched objects" }, head, body);
  const scroll = part("scroll");
  scroll.replaceChildren(table);
  const rowHeight = () => Number.parseFloat(window.getComputedStyle(root).getPropertyValue("--iso-row")) || 34;
  /** As the panes show a member; without a grid as Python says. */
  let colorOf = (_column, member) => member.color;
  const list = createWindow(scroll, body, rowHeight);
  const state = { table: toTable(null), filter: "all", selected: -1, hover: -1 };

  const build = (found, position) => {
    const row = rowOf(found, state.table, position, colorOf);
    row.setAttribute("aria-selected", String(found.place === state.selected));
    row.classList.toggle("iso-hover", found.place === state.hover);
    return row;
  };
  const mark = () => markRows(body, state);
  const draw = (again) => {
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.object : null;
    list.draw(build, again);
    mark();
    if (focused) body.querySelector(`tr[data-object="${focused}"]`)?.focus({ preventScroll: true });
  };
  const scrollTo = (position) => {
    const [row, top] = [rowHeight(), position * rowHeight()];
    const room = scroll.clientHeight - head.offsetHeight;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + row > scroll.scrollTop + room) scroll.scrollTop = top + row - room;
    draw(false);
  };
  const filter = createFilter(part("head"), (chosen) => {
    state.filter = chosen;
    scroll.scrollTop = 0;
    show();
  });
  const show = () => {
    const { objects, models, reference } = state.table;
    if (state.filter !== "all" && !objects.some((one) => one.state === state.filter)) state.filter = "all";
    const shown = objects.filter((one) => state.filter === "all" || one.state === state.filter);
    filter(objects, state.filter);
    part("advice").textContent = advice(state.table, shown);
    scroll.hidden = shown.length === 0;
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    table.style.setProperty("--iso-models", String(models.length));
    head.replaceChildren(headRow(models, reference));
    list.set(shown);
    draw(true);
  };
  scroll.addEventListener("scroll", () => draw(false), { signal, passive: true });
  const watcher = new ResizeObserver(() => draw(false));
  watcher.observe(scroll);
  signal.addEventListener("abort", () => watcher.disconnect());
  const paint = (told) => {
    colorOf = (column, member) => told(column, member) ?? member.color;
    draw(true);
  };
  return { body, list, state, show, mark, scrollTo, paint };
}

/** Pins a row's object in the grid, or unpins it. */
function choose(view, place) {
  view.state.selected = place;
  view.mark();
  tell("instseg:object", { from: "table", kind: "select", object: place });
}

/** Arrows, Home and End move the pin; Enter and space switch it. */
function listenToKeys(view, options) {
  const move = (key, place) => {
    const at = view.list.place(place);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: view.list.size() - 1 }[key];
    const next = Math.min(view.list.size() - 1, Math.max(0, target));
    view.scrollTo(next);
    choose(view, view.list.at(next).place);
    view.body.querySelector(`tr[data-object="${view.list.at(next).place}"]`)?.focus({ preventScroll: true });
  };
  view.body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr[data-object]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = Number(row.dataset.object);
    if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) move(event.key, place);
    else if (event.key === "Enter" || event.key === " ") choose(view, view.state.selected === place ? -1 : place);
    else if (event.key === "Escape") choose(view, -1);
    else return;
    event.preventDefault();
  }, options);
}

/** A click pins, the pointer lights up. */
function listenToPointer(view, options) {
  const placeAt = (event) => Number(event.target.closest("tr[data-object]")?.dataset.object ?? -1);
  const hover = (place) => {
    if (place === view.state.hover) return;
    view.state.hover = place;
    view.mark();
    tell("instseg:object", { from: "table", kind: "hover", object: place });
  };
  view.body.addEventListener("pointerover", (event) => event.pointerType !== "touch" && hover(placeAt(event)), options);
  view.body.addEventListener("pointerleave", () => hover(-1), options);
  view.body.addEventListener("click", (event) => {
    const place = placeAt(event);
    if (place >= 0) choose(view, view.state.selected === place ? -1 : place);
  }, options);
}

/** What the grid tells is marked here. */
function listenToGrid(root, view, options) {
  const answer = () => tell("instseg:objects", { models: view.state.table.models, objects: view.state.table.objects });
  document.addEventListener("instseg:objects-wanted", answer, options);
  document.addEventListener("instseg:colors", ({ detail }) => root.isConnected && view.paint(detail.colorOf), options);
  document.addEventListener("instseg:object", ({ detail }) => {
    if (detail.from !== "grid" || !root.isConnected) return;
    view.state[detail.kind === "hover" ? "hover" : "selected"] = detail.object;
    view.mark();
    const position = view.list.place(detail.object);
    if (detail.kind === "select" && position >= 0) view.scrollTo(position);
  }, options);
  return answer;
}

/**
 * Brings a table's markup to life. Mounting again on the same element replaces the
 * table that was there.
 * @param {HTMLElement} root the `.iso` element
 * @param {TableApi} api
 */
export function mountObjects(root, api) {
  root.instsegObjects?.dispose();
  setLimits(api.limits);
  const abort = new AbortController();
  const options = { signal: abort.signal };
  const view = createTable(root, abort.signal);
  listenToKeys(view, options);
  listenToPointer(view, options);
  const answer = listenToGrid(root, view, options);
  let known = "";
  const take = () => {
    const source = JSON.stringify(api.value() ?? null);
    if (source === known) return;
    known = source;
    Object.assign(view.state, { table: toTable(api.value()), selected: -1, hover: -1 });
    view.show();
    answer();
  };
  root.instsegObjects = { state: view.state, dispose: () => abort.abort() };
  api.onValue(take);
  take();
  return root.instsegObjects;
}
