/**
 * One question at a time: the crop, the outlines that may be right, and an answer by one key.
 *
 * The next question is shown as soon as one is answered; the server's new questions come later.
 *
 * @typedef {object} JudgeApi
 * @property {() => unknown} value
 * @property {(listener: () => void) => void} onValue
 * @property {(event: string, data: object) => void} trigger
 * @property {string} root address of the app, without a slash at its end
 * @property {unknown} limits see limits.js
 */

import { isShown, isTyping, make } from "./dom.js";
import { answerOf, placeCrop, toJudge } from "./judge_value.js";
import { setLimits } from "./limits.js";
import { pathOf } from "./shapes.js";

const OTHERS = [["n", "None is right", "N"], ["x", "No object", "X"], ["w", "Wrong class", "W"], ["s", "Skip", "S"], ["u", "Undo", "U"]];

/** Photos by address, loaded once; those of the next questions too. */
function createPhotos(root, redraw) {
  const photos = new Map();
  return (url) => {
    if (!photos.has(url)) {
      const photo = new Image();
      photo.addEventListener("load", redraw);
      photo.src = root + url;
      photos.set(url, photo);
    }
    const photo = photos.get(url);
    return photo.complete && photo.naturalWidth > 0 ? photo : null;
  };
}

/** The photo's part with the outlines over it. */
function draw(canvas, question, photo) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!question || !photo) return;
  const at = placeCrop(question.crop, { width, height });
  context.setTransform(ratio * at.scale, 0, 0, ratio * at.scale, ratio * at.x, ratio * at.y);
  context.drawImage(photo, 0, 0, question.width, question.height);
  for (const outline of [...question.outlines].reverse()) {
    const path = pathOf(outline, at.scale * ratio);
    for (const [color, wide] of [["rgb(0 0 0 / 0.7)", 4.5], [outline.color, 2.5]]) {
      context.strokeStyle = color;
      context.lineWidth = wide / at.scale;
      context.stroke(path);
    }
  }
}

/** The answers as buttons. */
function buttonsOf(judge, question) {
  const press = (key) => ({ click: () => judge.press(key) });
  const outlines = question.outlines.map((one) =>
    make("button", { type: "button", "data-key": String(one.number), on: press(String(one.number)) },
      make("kbd", { text: String(one.number) }), make("i", { style: `background:${one.color}` }), make("span", { text: one.label }),
      make("small", { text: one.models.length === 1 ? "1 model" : `${one.models.length} models` })));
  const others = OTHERS.map(([key, text, shown]) => make("button", { type: "button", "data-key": key, on: press(key) }, make("kbd", { text: shown }), make("span", { text })));
  return [...outlines, ...others];
}

/** Keys answer wherever the focus is on the open tab, but in a field. */
function listenToKeys(judge, signal) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target) || !isShown(judge.root)) return;
    if (event.target.closest?.("[role=listbox], [role=tablist], .isv")) return;
    if (judge.press(event.key)) event.preventDefault();
  }, { signal });
}

/** A click on the photo where no outline lies marks an object that no model found. */
function listenToClicks(judge, canvas, signal) {
  canvas.addEventListener("click", (event) => {
    const question = judge.question();
    if (!question) return;
    const place = canvas.getBoundingClientRect();
    const at = placeCrop(question.crop, { width: place.width, height: place.height });
    const x = (event.clientX - place.left - at.x) / at.scale;
    const y = (event.clientY - place.top - at.y) / at.scale;
    if (x < 0 || y < 0 || x > question.width || y > question.height) return;
    judge.mark(question, x, y);
  }, { signal });
}

/** What stands on the stage while no question does. */
function emptyWords(value, answered) {
  if (!value.begun) return "Tick two or more models, add photos, then begin.";
  if (value.left > answered) return "The next question is on its way.";
  return value.gone.length ? "What is left lies on photos that are gone. Add them again, then begin anew." : "Every object has been judged.";
}

/**
 * @param {HTMLElement} root the `.judge` element
 * @param {JudgeApi} api
 */
export function mountJudge(root, api) {
  root.instsegJudge?.dispose();
  setLimits(api.limits);
  const abort = new AbortController();
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  let value = toJudge(null);
  const said = new Set();
  const question = () => value.questions.find((one) => !said.has(one.name)) ?? null;
  const photoOf = createPhotos(api.root, () => redraw());
  const redraw = () => {
    const asked = question();
    draw(part("canvas"), asked, asked && photoOf(asked.url));
  };
  const show = () => {
    const asked = question();
    part("ask").textContent = asked ? `Which outline of this object is right? ${asked.photo} · ${asked.state}` : "";
    part("canvas").setAttribute("aria-label", asked ? `Part of ${asked.photo} with ${asked.outlines.length} outlines` : "No question");
    part("answers").replaceChildren(...(asked ? buttonsOf(judge, asked) : []));
    part("empty").textContent = asked ? "" : emptyWords(value, said.size);
    for (const { url } of value.questions) photoOf(url);
    redraw();
  };
  const judge = {
    root,
    question,
    dispose: () => abort.abort(),
    press(key) {
      if (key.toLowerCase() === "u" && value.answered + said.size > 0) {
        said.clear();
        api.trigger("undo", {});
        return true;
      }
      const asked = question();
      const answer = asked && answerOf(key, asked);
      if (!answer) return false;
      said.add(asked.name);
      api.trigger("submit", answer);
      show();
      return true;
    },
    mark(asked, x, y) {
      api.trigger("submit", { answer: "missed", photo: asked.photo, x: Math.round(x), y: Math.round(y) });
      part("ask").textContent = "Marked as an object that no model found. U takes it back.";
    },
  };
  const take = () => {
    value = toJudge(api.value());
    const asked = new Set(value.questions.map((one) => one.name));
    for (const name of said) if (!asked.has(name)) said.delete(name);
    show();
  };
  listenToKeys(judge, abort.signal);
  listenToClicks(judge, part("canvas"), abort.signal);
  new ResizeObserver(redraw).observe(part("stage"));
  root.instsegJudge = judge;
  api.onValue(take);
  take();
  return judge;
}
