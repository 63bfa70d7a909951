/** The little of DOM building the viewer needs; text is only ever set as text. */

const SVG = "http://www.w3.org/2000/svg";

/** Line icons on a 16 x 16 grid. */
const ICONS = {
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M5.5 5.5h5v5h-5z",
  full: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5l4.5-4.5",
  download: "M8 2.5v7.5M4.8 7l3.2 3.2L11.2 7M2.5 13.5h11",
  masks: "M8 2.5c3 0 5.5 2 5.5 4.8S11 13.5 8 13.5 2.5 11 2.5 8 5 2.5 8 2.5zM4 11l7-7M6.2 13l7-7M2.7 8.2l5.4-5.4",
  outlines: "M8 2.5c3 0 5.5 2 5.5 4.8S11 13.5 8 13.5 2.5 11 2.5 8 5 2.5 8 2.5z",
  boxes: "M3 3h10v10H3zM1.5 3h3M3 1.5v3M11.5 13h3M13 11.5v3",
  labels: "M2.5 4.5h7L13.5 8l-4 3.5h-7zM5 8h3",
  photo: "M2.5 3.5h11v9h-11zM2.5 10.5l3-3 3 3 2-2 3 3M10.2 6h.1",
  pin: "M6 2.5h4l-.6 4.2 2.6 2.3H4l2.6-2.3zM8 9v4.5",
  link: "M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.6.6M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.6-.6",
  wipe: "M2.5 3.5h11v9h-11zM8 1.5v13M5.8 6.5L4.3 8l1.5 1.5M10.2 6.5L11.7 8l-1.5 1.5",
  swap: "M3 6h9.5M10 3.5L12.5 6M13 10H3.5M6 12.5L3.5 10",
  close: "M4 4l8 8M12 4l-8 8",
  grow: "M6.5 2.5h-4v4M9.5 13.5h4v-4M2.5 2.5l4 4M13.5 13.5l-4-4",
  keys: "M1.5 4.5h13v7h-13zM4 7h.1M6.7 7h.1M9.3 7h.1M12 7h.1M5 9.3h6",
  camera: "M2 5h3l1-1.5h4L11 5h3v8H2zM8 7a2.2 2.2 0 1 0 .01 0",
  fold: "M10 3L5 8l5 5",
  warning: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.1",
};

/** Whether an element is on screen, in the open tab of the page. @param {Element} element */
export const isShown = (element) => element.getClientRects().length > 0;

/** Whether typing goes into a field, so that a key or a paste is not ours. */
export function isTyping(target) {
  const fields = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";
  return target instanceof window.Element && target.closest(fields) !== null;
}

/**
 * @param {keyof ICONS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * An element with attributes and children. `text` sets its text, `on` its listeners.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, { text, on, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  if (text !== undefined) element.textContent = text;
  for (const [event, listener] of Object.entries(on ?? {})) element.addEventListener(event, listener);
  element.append(...children);
  return element;
}

/**
 * A button that shows an icon, a `caption` where there is room, and says its name.
 * @param {keyof ICONS} name
 * @param {string} title
 * @param {() => void} click
 * @param {Record<string, any>} [attributes]
 * @returns {HTMLButtonElement}
 */
export function iconButton(name, title, click, attributes = {}) {
  const { caption, ...rest } = attributes;
  const options = { type: "button", class: "isv-button", title, "aria-label": title, ...rest, on: { click } };
  return make("button", options, icon(name), ...(caption ? [make("span", { text: caption })] : []));
}
