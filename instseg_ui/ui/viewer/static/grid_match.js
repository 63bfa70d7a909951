/**
 * Which instances of several panes are the same object, and how to look at one.
 *
 * @typedef {{index: number, label: string, score: number}} Member
 * @typedef {{members: (Member | null)[]}} Matched
 * @typedef {import("./value.js").Instance} Instance
 * @typedef {(key: string) => Instance[]} InstancesOf
 */

import { keysOf } from "./grid_value.js";
import { clampView, fitScale, reveal, transform } from "./viewport.js";

const CLOSE = 1e-3;
/** An object is small when it spans less than this share of the stage, and is then shown at the other. */
const SMALL = 1 / 8;
const COMFORTABLE = 1 / 3;
const MOST_CLOSER = 8;

/**
 * A member as an instance of the pane; none when the pane shows another result by now.
 * @param {Member | null} member
 * @param {Instance[]} instances
 * @returns {number} its index, or -1
 */
function indexIn(member, instances) {
  const one = member ? instances[member.index] : undefined;
  return one && one.label === member.label && Math.abs(one.score - member.score) < CLOSE ? one.index : -1;
}

/**
 * @param {{models: string[], objects: Matched[]}} given
 * @param {InstancesOf} instancesOf
 */
export function createMatching({ models, objects }, instancesOf) {
  const keys = keysOf(models);
  const lookup = new Map();
  objects.forEach(({ members }, object) => {
    members.forEach((member, column) => member && lookup.set(`${keys[column]} ${member.index}`, object));
  });
  /** An object's instance in every pane that shows it. */
  const membersOf = (object) => {
    const found = {};
    (objects[object]?.members ?? []).forEach((member, column) => {
      const index = indexIn(member, instancesOf(keys[column]));
      if (index >= 0) found[keys[column]] = index;
    });
    return found;
  };
  return {
    membersOf,
    /**
     * A member as the pane shows it.
     * @param {number} column
     * @param {Member} member
     * @returns {Instance | undefined}
     */
    instanceOf(column, member) {
      const shown = instancesOf(keys[column]);
      return shown[indexIn(member, shown)];
    },
    /**
     * The object an instance belongs to, and its instance in every pane.
     * @param {string} key
     * @param {number} index -1 for none
     * @returns {{members: Record<string, number>, object: number}}
     */
    partners(key, index) {
      if (index < 0) return { members: {}, object: -1 };
      const object = lookup.get(`${key} ${index}`) ?? -1;
      const members = membersOf(object);
      return members[key] === index ? { members, object } : { members: { [key]: index }, object: -1 };
    },
  };
}

/**
 * The box around all of an object's instances.
 * @param {number[][]} boxes
 * @returns {number[] | null}
 */
export function unionBox(boxes) {
  if (boxes.length === 0) return null;
  const side = (at, pick) => pick(...boxes.map((box) => box[at]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

/**
 * A view that shows a box: closer when it is small, moved when it is out of sight.
 * @param {import("./state.js").View} view
 * @param {number[]} box
 * @param {import("./value.js").Size} stage
 * @param {import("./value.js").Size} frame
 * @returns {import("./state.js").View}
 */
export function viewOn(view, box, stage, frame) {
  const { scale } = transform(view, stage, frame);
  const side = Math.max((box[2] - box[0]) / stage.width, (box[3] - box[1]) / stage.height, 1e-9);
  if (side * scale >= SMALL) return reveal(view, box, stage, frame);
  const zoom = Math.min(COMFORTABLE / side / fitScale(stage, frame), clampView(view, stage, frame).zoom * MOST_CLOSER);
  const [cx, cy] = [(box[0] + box[2]) / 2 / frame.width, (box[1] + box[3]) / 2 / frame.height];
  return clampView({ zoom, cx, cy }, stage, frame);
}

/**
 * A view on the way from one to another; zoom moves by ratio, so that it feels even.
 * @param {import("./state.js").View} from
 * @param {import("./state.js").View} to
 * @param {number} share 0..1
 * @returns {import("./state.js").View}
 */
export function viewBetween(from, to, share) {
  const mix = (a, b) => a * (1 - share) + b * share;
  return { zoom: from.zoom * (to.zoom / from.zoom) ** share, cx: mix(from.cx, to.cx), cy: mix(from.cy, to.cy) };
}
