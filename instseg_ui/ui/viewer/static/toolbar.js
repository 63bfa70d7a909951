/** The tools that float over the stage, and the downloads. */

import { buildCoco, buildCsv, buildPng, fileName, save } from "./downloads.js";
import { icon, iconButton, make } from "./dom.js";
import { zoomBy } from "./keys.js";
import { frameOf } from "./scene.js";
import { sortInstances } from "./state.js";
import { FIT } from "./viewport.js";

const LAYERS = [["masks", "Masks", "M"], ["outlines", "Outlines", "O"], ["boxes", "Boxes", "B"], ["labels", "Labels", "L"]];

/** @param {import("./viewer.js").Viewer} viewer */
function downloadsOf(viewer) {
  const named = (extension) => {
    const { image, prediction } = viewer.scene();
    return fileName(image?.name ?? "", prediction?.model ?? "", extension);
  };
  return {
    async png() {
      const { picture, image } = viewer.scene();
      const shown = { picture, image, frame: frameOf(viewer.scene()), instances: viewer.visible(), layers: viewer.layers() };
      save(await buildPng(shown), "image/png", named("png"));
    },
    coco() {
      const { image, prediction } = viewer.scene();
      const { threshold } = viewer.store.get();
      const data = buildCoco({ image, prediction, instances: viewer.visible(), threshold });
      save(JSON.stringify(data), "application/json", named("coco.json"));
    },
    csv() {
      const rows = sortInstances(viewer.visible(), viewer.store.get().sort);
      save(buildCsv(rows), "text/csv;charset=utf-8", named("csv"));
    },
  };
}

/** A button that opens a small list of formats. */
function downloadMenu(viewer) {
  const downloads = downloadsOf(viewer);
  const menu = make("details", { class: "isv-menu" });
  const run = async (download) => {
    menu.open = false;
    try {
      await download();
    } catch (error) {
      viewer.hint(`Not saved: ${error.message}.`);
    }
  };
  const item = (name, title, detail, download) =>
    make("button", { type: "button", class: "isv-item", "data-download": name, on: { click: () => run(download) } },
      make("span", { text: title }), make("small", { text: detail }));
  const open = make("summary", { class: "isv-button", title: "Download", "aria-label": "Download" }, icon("download"));
  const list = make("div", { class: "isv-list" },
    item("png", "Picture", "PNG, full size", downloads.png),
    item("coco", "Instances", "COCO JSON", downloads.coco),
    item("csv", "Table", "CSV", downloads.csv));
  menu.append(open, list);
  closeMenu(viewer, menu);
  return menu;
}

/** Escape and a press elsewhere close the list. */
function closeMenu(viewer, menu) {
  const options = { signal: viewer.signal };
  const outside = (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  };
  const escape = (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  };
  document.addEventListener("pointerdown", outside, options);
  menu.addEventListener("keydown", escape, options);
}

/**
 * A switch for each layer.
 * @param {{store: import("./state.js").Store}} viewer
 * @returns {HTMLButtonElement[]}
 */
export function layerButtons({ store }) {
  return LAYERS.map(([layer, title, key]) => {
    const toggle = () => store.set({ [layer]: !store.get()[layer] });
    return iconButton(layer, `${title} (${key})`, toggle, { "data-layer": layer, "aria-pressed": "true", caption: title });
  });
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void}}
 */
export function createToolbar(viewer) {
  const bar = viewer.part("toolbar");
  const layers = layerButtons(viewer);
  const level = make("button", { type: "button", class: "isv-button isv-level", title: "Fit (0)", on: { click: () => viewer.store.set({ view: FIT }) } });
  const menu = downloadMenu(viewer);
  const full = iconButton("full", "Full screen (F)", () => viewer.toggleFull(), { "data-tool": "full", "aria-pressed": "false" });
  bar.replaceChildren(
    make("div", { class: "isv-group" }, ...layers),
    make("div", { class: "isv-group" },
      iconButton("minus", "Zoom out (-)", () => zoomBy(viewer, 0.8), { "data-tool": "out" }),
      level,
      iconButton("plus", "Zoom in (+)", () => zoomBy(viewer, 1.25), { "data-tool": "in" }),
      iconButton("fit", "Fit (0)", () => viewer.store.set({ view: FIT }), { "data-tool": "fit" }),
      menu,
      iconButton("keys", "Keys (?)", () => viewer.help(), { "data-tool": "keys" }),
      full));
  return {
    update(state) {
      const at = viewer.transform();
      bar.inert = !at;
      level.textContent = at ? `${Math.round(at.scale * 100)}%` : "—";
      for (const button of layers) button.setAttribute("aria-pressed", String(state[button.dataset.layer]));
      full.setAttribute("aria-pressed", String(viewer.isFull()));
      menu.classList.toggle("isv-off", !viewer.scene().prediction);
    },
  };
}
