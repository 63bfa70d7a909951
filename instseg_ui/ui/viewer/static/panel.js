/** The instance table. Rows are made once a prediction and then only shown or hidden. */

import { make } from "./dom.js";
import { formatBox, formatPixels, formatThreshold } from "./format.js";
import { formatScore } from "./scores.js";
import { pin } from "./keys.js";
import { instancesOf } from "./scene.js";
import { sortInstances, visibleInstances } from "./state.js";

const FILTERS = ["scene", "threshold", "minArea", "hidden"];
const MARKS = [...FILTERS, "hover", "selected", "sort"];
const COLUMNS = [["label", "Class", false], ["score", "Score", true], ["area", "Area, px", true]];

/** A column's heading, which sorts by it and turns the order when pressed again. */
function heading(viewer, [key, title, descending]) {
  const { store } = viewer;
  const click = () => {
    const { sort } = store.get();
    store.set({ sort: { key, descending: sort.key === key ? !sort.descending : descending } });
  };
  const button = make("button", { type: "button", text: title, on: { click } });
  return make("th", { scope: "col", "data-key": key, "aria-sort": "none" }, button);
}

/** @returns {HTMLTableRowElement} */
function rowOf(instance) {
  const box = formatBox(instance.box);
  const swatch = make("i", { class: "isv-swatch" });
  const name = make("span", { class: "isv-name", text: instance.label });
  return make("tr", { "data-index": instance.index, tabindex: "-1", title: `${instance.label}, box ${box}`, "aria-selected": "false" },
    make("td", {}, swatch, name, make("small", { text: box })),
    make("td", { text: formatScore(instance.score) }),
    make("td", { text: formatPixels(instance.area) }));
}

/** That more came than the page shows, where the threshold lets them through; else "". */
function cut({ instances, found }, { threshold }) {
  const lowest = instances.at(-1).score;
  if (found <= instances.length || threshold > lowest) return "";
  const [shown, all] = [instances.length, found].map((count) => count.toLocaleString("en"));
  return `${shown} of ${all} shown, the highest scores first. Raise the threshold above ${formatScore(lowest)} to see all that pass; an export has them all.`;
}

/** What to say of a photo in which the model finds nothing: what it knows. */
const nothing = ({ hint }) => `No objects found. ${hint || "Try another model or photo."}`;

/** What to do when the table has nothing to show, or "" when it has. */
function advice(viewer, state) {
  const { image, prediction } = viewer.scene();
  if (!image) return "Instances appear here.";
  if (!prediction) return "No result yet.";
  const { instances } = prediction;
  if (instances.length === 0) return nothing(prediction);
  if (viewer.visible().length > 0) return cut(viewer.scene().prediction, state);
  const above = visibleInstances(instances, { ...state, hidden: [], minArea: 0 });
  if (above.length > 0) return "All are filtered out. Show more classes or smaller sizes.";
  return `Nothing above ${formatThreshold(state.threshold)}; the best score is ${formatScore(instances[0].score)}. ${prediction.hint}`.trim();
}

/** Scrolls inside the list only; scrollIntoView would move the page too. */
function scrollTo(list, row) {
  const head = list.querySelector("thead").offsetHeight;
  const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
  if (top - head < list.scrollTop) list.scrollTop = top - head;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

/** Keys on a row: arrows, Home and End move the pin, Enter and space switch it. */
function rowKeys(viewer, rows) {
  const move = (event, row) => {
    const shown = [...row.parentElement.children].filter((one) => !one.hidden);
    const at = shown.indexOf(row);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    const next = shown[Math.min(shown.length - 1, Math.max(0, target))];
    pin(viewer, Number(next.dataset.index));
    rows.focus(next);
  };
  return (event) => {
    const row = event.target.closest("tr[data-index]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(row.dataset.index);
    if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) move(event, row);
    else if (event.key === "Enter" || event.key === " ") pin(viewer, viewer.store.get().selected === index ? -1 : index);
    else if (event.key === "Escape") pin(viewer, -1);
    else return;
    event.preventDefault();
  };
}

/** Pointer on the table: hovering lights the instance up, a click pins it. */
function listenToRows(viewer, body, rows) {
  const { store } = viewer;
  const options = { signal: viewer.signal };
  const indexAt = (event) => Number(event.target.closest("tr[data-index]")?.dataset.index ?? -1);
  body.addEventListener("pointerover", (event) => store.set({ hover: indexAt(event), pointer: null }), options);
  body.addEventListener("pointerleave", () => store.set({ hover: -1 }), options);
  body.addEventListener("keydown", rowKeys(viewer, rows), options);
  body.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index >= 0) pin(viewer, index === store.get().selected ? -1 : index);
  }, options);
}

/** The rows by instance index, and what is done to all of them. */
function createRows(viewer, body) {
  let rows = [];
  let marked = { hover: null, selected: null };
  const mark = (kind, index, apply) => {
    const row = rows[index] ?? null;
    if (row === marked[kind]) return;
    if (marked[kind]) apply(marked[kind], false);
    if (row) apply(row, true);
    marked[kind] = row;
  };
  return {
    at: (index) => rows[index],
    build() {
      rows = instancesOf(viewer.scene()).map(rowOf);
      marked = { hover: null, selected: null };
    },
    sort: (sort) => body.replaceChildren(...sortInstances(instancesOf(viewer.scene()), sort).map((one) => rows[one.index])),
    show(visible) {
      const shown = new Set(visible.map((one) => one.index));
      rows.forEach((row, index) => {
        if (row.hidden === shown.has(index)) row.hidden = !row.hidden;
      });
    },
    paint(colorBy) {
      for (const { index, colors } of instancesOf(viewer.scene())) rows[index].querySelector(".isv-swatch").style.background = colors[colorBy];
    },
    mark(state) {
      mark("hover", state.hover, (row, on) => row.classList.toggle("isv-hover", on));
      mark("selected", state.selected, (row, on) => row.setAttribute("aria-selected", String(on)));
      // One row at a time is a stop of the tab key: the pinned one or the first.
      const stop = marked.selected && !marked.selected.hidden ? marked.selected : body.querySelector("tr:not([hidden])");
      body.querySelector('tr[tabindex="0"]')?.setAttribute("tabindex", "-1");
      stop?.setAttribute("tabindex", "0");
    },
    focus: (row) => row.focus({ preventScroll: true }),
  };
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void}}
 */
export function createPanel(viewer) {
  const headline = make("h3", { class: "isv-headline" });
  const note = make("p", { class: "isv-advice" });
  const headings = COLUMNS.map((column) => heading(viewer, column));
  const body = make("tbody");
  const table = make("table", { role: "grid", "aria-label": "Instances" }, make("thead", {}, make("tr", {}, ...headings)), body);
  const list = make("div", { class: "isv-list-scroll" }, table);
  viewer.part("panel").replaceChildren(headline, note, list);
  const rows = createRows(viewer, body);
  listenToRows(viewer, body, rows);

  const summarize = (state) => {
    const total = viewer.scene().prediction?.found ?? instancesOf(viewer.scene()).length;
    const shown = viewer.visible().length;
    headline.textContent = total ? `${shown} of ${total} instance${total === 1 ? "" : "s"}` : "Instances";
    note.textContent = advice(viewer, state);
    list.hidden = shown === 0;
  };
  const showSort = (sort) => {
    for (const cell of headings) {
      const order = sort.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", cell.dataset.key === sort.key ? order : "none");
    }
  };
  const has = (changed, keys) => keys.some((key) => changed.has(key));
  return {
    update(state, changed) {
      if (changed.has("scene")) rows.build();
      if (has(changed, ["scene", "colorBy"])) rows.paint(state.colorBy);
      if (has(changed, ["scene", "sort"])) {
        rows.sort(state.sort);
        showSort(state.sort);
      }
      if (has(changed, FILTERS)) {
        rows.show(viewer.visible());
        summarize(state);
      }
      if (has(changed, MARKS)) rows.mark(state);
      const row = rows.at(state.selected);
      if (changed.has("selected") && row && !row.hidden) scrollTo(list, row);
    },
  };
}
