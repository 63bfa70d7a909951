/**
 * How grid and table of a page talk, as events on `document`:
 *
 * - `instseg:objects`, from the table: `models` and `objects` of its value.
 * - `instseg:objects-wanted`, from a grid that came later: asks for the former.
 * - `instseg:object`, from either: `from` ("grid" or "table"), `kind` ("select" or
 *   "hover"), `object`, the place among the table's objects, -1 for none.
 * - `instseg:colors`, from the grid: `colorOf(column, member)`, the colour that the panes
 *   show a member of the table's objects in, or null.
 */

import { createMatching, unionBox, viewBetween, viewOn } from "./grid_match.js";
import { sameNumbers } from "./grid_state.js";

const GLIDE_MS = 280;
const NO_ONE = Object.freeze({ members: {}, object: -1 });
const NOTHING = Object.freeze({ models: [], objects: [] });

/**
 * @param {string} name
 * @param {object} [detail]
 */
export const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** Moves the view in small steps until it is there or the user moves it. */
function createGlide(shared) {
  return (to) => {
    const from = shared.get().view;
    if (to === from) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      shared.set({ view: to });
      return;
    }
    const started = performance.now();
    let last = from;
    const step = (now) => {
      if (shared.get().view !== last) return;
      const share = Math.min(1, Math.max(0, (now - started) / GLIDE_MS));
      last = share < 1 ? viewBetween(from, to, 1 - (1 - share) ** 3) : to;
      shared.set({ view: last });
      if (share < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
}

/**
 * @param {import("./grid.js").Grid} grid
 */
export function createLinks(grid) {
  const { shared } = grid;
  const glide = createGlide(shared);
  const instancesOf = (key) => grid.value().panes.find((pane) => pane.key === key)?.prediction?.instances ?? [];
  let matching = createMatching(NOTHING, instancesOf);

  const lookAt = (members) => {
    const box = unionBox(Object.entries(members).map(([key, index]) => instancesOf(key)[index].box));
    const { image } = grid.value();
    const stage = grid.lead()?.stage;
    if (box && image && stage?.width) glide(viewOn(shared.get().view, box, stage, image));
  };
  const fromTable = {
    select(object) {
      const picked = matching.membersOf(object);
      shared.set({ picked, object });
      lookAt(picked);
    },
    hover: (object) => shared.set({ lit: matching.membersOf(object), over: object, pointer: null, pointed: null }),
  };
  const listen = (name, take) =>
    document.addEventListener(name, (event) => grid.root.isConnected && take(event.detail), { signal: grid.signal });
  const tellColors = () => {
    const { colorBy } = shared.get();
    const colorOf = (column, member) => matching.instanceOf(column, member)?.colors[colorBy] ?? null;
    tell("instseg:colors", { colorOf });
  };
  /** New objects or results: what is pinned is the same object as before, wherever it is found now. */
  const relink = () => {
    tellColors();
    const { picked } = shared.get();
    const key = Object.keys(picked).find((one) => picked[one] < instancesOf(one).length);
    const { members, object } = key === undefined ? NO_ONE : matching.partners(key, picked[key]);
    shared.set({ ...(sameNumbers(members, picked) ? {} : { picked: members }), object });
    return object;
  };
  listen("instseg:objects", (detail) => {
    matching = createMatching(detail, instancesOf);
    shared.set({ lit: {}, over: -1 });
    tell("instseg:object", { from: "grid", kind: "select", object: relink() });
  });
  listen("instseg:object", ({ from, kind, object }) => from === "table" && fromTable[kind]?.(object));
  const unsubscribe = shared.subscribe(({ object, over }, changed) => {
    if (changed.has("picked")) tell("instseg:object", { from: "grid", kind: "select", object });
    if (changed.has("colorBy")) tellColors();
    if (changed.has("over")) tell("instseg:object", { from: "grid", kind: "hover", object: over });
  });
  grid.signal.addEventListener("abort", unsubscribe);
  tell("instseg:objects-wanted");
  return { partners: (key, index) => matching.partners(key, index), relink };
}
