/**
 * The tray: the visitor's photos, looked at one by one, and the ways in which they come.
 *
 * Other parts of the page ask for a photo with the event `instseg:choose` and say something over
 * the page's foot with `instseg:note`.
 *
 * @typedef {object} TrayApi
 * @property {() => unknown} value
 * @property {(listener: () => void) => void} onValue
 * @property {(file: File) => Promise<{path: string}>} upload
 * @property {(event: string, data: object) => void} trigger
 * @property {string} root address of the app, without a slash at its end
 * @property {unknown} limits see limits.js
 */

import { createCamera } from "./camera.js";
import { createCover } from "./cover.js";
import { icon, iconButton, isShown, isTyping, make } from "./dom.js";
import { listenToFiles, receiver } from "./drop.js";
import { limits, setLimits } from "./limits.js";
import { tellLook } from "./look.js";
import { countsOf, described, ordered, ordersOf, toTray } from "./tray_value.js";

const AT_ONCE = 3;
const MOST_COUNTS = 3;

/** Uploads photos, a few at a time, and tells the server which came. */
function sender(tray) {
  let busy = false;
  return async (photos, note = "") => {
    if (busy) return tray.note("Photos are on their way. Add more when they are here.");
    busy = true;
    const [waiting, files, lost] = [[...photos], [], []];
    const work = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        tray.busy(`Sending ${files.length + lost.length + 1} of ${photos.length}`);
        try {
          files.push({ path: (await tray.api.upload(file)).path, name: file.name, at: photos.indexOf(file) });
        } catch {
          lost.push(file.name);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    busy = false;
    tray.busy("");
    const told = lost.length ? `${lost.length === 1 ? `“${lost[0].slice(0, 80)}”` : `${lost.length} files`} did not arrive: too large, or the connection was lost. Add them again.` : "";
    tray.note([note, told].filter(Boolean).join(" "));
    files.sort((one, other) => one.at - other.at);
    if (files.length) tray.api.trigger("upload", { files: files.map(({ path }) => ({ path })), names: files.map(({ name }) => name) });
    return undefined;
  };
}

/** The buttons above the photos. */
function createBar(tray, place) {
  const add = make("button", { type: "button", class: "tray-add", on: { click: tray.choose } }, icon("plus"),
    make("span", { class: "tray-wide", text: "Add photos" }), make("span", { class: "tray-narrow", text: "Take or choose a photo" }));
  const order = make("select", { class: "tray-order", "aria-label": "Order of the photos", on: { change: () => tray.arrange(order.value) } });
  const clear = make("button", { type: "button", class: "tray-clear", text: "Clear", title: "Take all photos out; the examples come back", on: { click: () => tray.api.trigger("clear", {}) } });
  const camera = iconButton("camera", "Take a photo with the camera", tray.camera);
  const count = make("span", { class: "tray-count" });
  const state = make("span", { class: "tray-busy", role: "status" });
  place.replaceChildren(add, camera, make("div", { class: "tray-line" }, count, state, order, clear));
  return {
    busy(text) {
      state.textContent = text;
      add.disabled = text !== "";
    },
    update(value, chosen) {
      const orders = ordersOf(value);
      order.replaceChildren(...orders.map(([name, text]) => make("option", { value: name, text, selected: name === chosen })));
      order.hidden = orders.length < 2 || value.photos.length < 2;
      clear.hidden = !value.own;
      count.textContent = value.own ? `${value.photos.length} photo${value.photos.length === 1 ? "" : "s"}` : "Examples";
    },
  };
}

/** One photo of the list. */
function thumbnail(tray, photo, value) {
  const counts = countsOf(photo, value.models).slice(0, MOST_COUNTS);
  const known = counts.some((count) => count !== null);
  const words = described(photo, value.models);
  const picture = make("img", { src: tray.api.root + photo.url, alt: "", loading: "lazy", draggable: "false" });
  // Not as text: the name that is read out has the counts already, with their models.
  const badge = make("span", { class: "tray-found", "data-counts": counts.filter((count) => count !== null).join(" ") });
  const apart = make("i", { class: "tray-apart", style: `width:${Math.round((photo.disagreement ?? 0) * 100)}%` });
  const item = make("li", { class: "tray-photo", role: "option", "data-key": photo.key, "data-name": photo.name, title: words, "aria-label": words, on: { click: () => tray.select(photo.key) } },
    picture, ...(known ? [badge] : []), ...(photo.disagreement ? [apart] : []));
  if (value.own) {
    const remove = make("button", { type: "button", class: "tray-remove", tabindex: "-1", "aria-label": `Take ${photo.name} out`, title: "Take it out" }, icon("close"));
    remove.addEventListener("click", (event) => {
      event.stopPropagation();
      tray.api.trigger("delete", { key: photo.key });
    });
    item.append(remove);
  }
  return item;
}

/** The thumbnails as a list box: arrows step, Delete takes out. */
function createPhotos(tray, list) {
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-orientation", "horizontal");
  const items = () => [...list.children];
  const mark = (key) => {
    for (const item of items()) {
      const is = item.dataset.key === key;
      item.setAttribute("aria-selected", String(is));
      item.tabIndex = is ? 0 : -1;
    }
    if (!list.querySelector("[tabindex='0']")) list.firstElementChild?.setAttribute("tabindex", "0");
  };
  const step = (by) => {
    const all = items();
    const place = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const next = all[Math.min(all.length - 1, Math.max(0, place + by))];
    if (!next || next === all[place]) return;
    tray.select(next.dataset.key);
    if (list.contains(document.activeElement)) next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  list.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in KEYS) step(KEYS[event.key]);
    else if (event.key === "Delete") event.target.querySelector?.(".tray-remove")?.click();
    else return;
    event.preventDefault();
  });
  return {
    step,
    mark,
    update(value, photos, chosen) {
      const focused = list.contains(document.activeElement);
      list.replaceChildren(...photos.map((photo) => thumbnail(tray, photo, value)));
      mark(chosen);
      if (focused) list.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
    },
  };
}

/** Page Up and Page Down step through the photos wherever the focus is, but in a field. */
function listenToPaging(tray, photos) {
  document.addEventListener("keydown", (event) => {
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    const box = event.target.closest?.("[role=listbox]");
    if (!by || isTyping(event.target) || !isShown(tray.root) || (box && !tray.root.contains(box))) return;
    event.preventDefault();
    photos.step(by);
  }, { signal: tray.signal });
}

/** What is told of files that no field of Gradio's takes. */
function listenToPage(tray) {
  document.addEventListener("instseg:choose", tray.choose, { signal: tray.signal });
  document.addEventListener("instseg:note", (event) => tray.note(String(event.detail ?? "")), { signal: tray.signal });
  listenToFiles(tray);
}

/**
 * @param {HTMLElement} root the `.tray` element
 * @param {TrayApi} api
 */
export function mountTray(root, api) {
  root.instsegTray?.dispose();
  setLimits(api.limits);
  const abort = new AbortController();
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  let [value, order, chosen] = [toTray(null), "added", ""];
  const input = part("file");
  input.accept = ["image/*", ".zip", ...limits.endings].join(",");
  const tray = {
    root,
    api,
    signal: abort.signal,
    dispose: () => abort.abort(),
    ...createCover(root, abort.signal),
    choose: () => input.click(),
    camera: () => camera.toggle(),
    busy: (text) => bar.busy(text),
    arrange(name) {
      order = name;
      draw();
    },
    select(key) {
      chosen = key;
      photos.mark(key);
      look();
      api.trigger("select", { key });
    },
  };
  const look = () => tellLook({ photo: value.photos.find(({ key }) => key === chosen)?.name ?? "" });
  tray.send = sender(tray);
  const camera = createCamera(part("camera"), { take: (photo) => tray.send([photo]), note: tray.note, signal: abort.signal });
  const bar = createBar(tray, part("bar"));
  const photos = createPhotos(tray, part("photos"));
  const draw = () => {
    if (!ordersOf(value).some(([name]) => name === order)) order = "added";
    bar.update(value, order);
    photos.update(value, ordered(value, order), chosen);
  };
  const take = () => {
    const before = value;
    value = toTray(api.value());
    chosen = value.chosen;
    if (JSON.stringify(before) !== JSON.stringify(value)) draw();
    look();
  };
  const receive = receiver(tray);
  const receiveChosen = () => {
    if (input.files.length) receive([...input.files], null);
    input.value = "";
  };
  input.addEventListener("change", receiveChosen, { signal: abort.signal });
  root.instsegTray = tray;
  listenToPage(tray);
  listenToPaging(tray, photos);
  api.onValue(take);
  take();
  receiveChosen(); // what was chosen while the page was still setting up
  return tray;
}
