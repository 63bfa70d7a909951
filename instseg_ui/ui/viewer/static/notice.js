/** What the stage says: busy, an error, nothing to show, or a passing hint. */

import { icon, isShown, make } from "./dom.js";

const HINT_MS = 1600;

/** Whether a message stands in the invitation for another photo. */
const isInvitation = (message) => ["empty", "refused"].includes(message?.kind);

/** The moving bar; a style sheet that Gradio scopes cannot hold keyframes. */
function animate(bar) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const frames = [{ transform: "translateX(-100%)" }, { transform: "translateX(350%)" }];
  bar.animate(frames, { duration: 1400, iterations: Infinity, easing: "ease-in-out" });
}

/** What is shown while there is no picture. */
function invitation(viewer) {
  const lead = make("p", { class: "isv-lead" });
  const element = make("div", { class: "isv-invite" }, icon("photo"), lead);
  if (viewer.accepts) {
    const choose = make("button", { type: "button", class: "isv-choose", text: "Choose a photo", on: { click: () => viewer.choose() } });
    element.append(choose, make("p", { class: "isv-faint", text: "or paste one" }));
  }
  const usual = viewer.accepts ? "Drop a photo here" : "No picture yet";
  return {
    element,
    show(image, message) {
      element.hidden = image !== null || message?.kind === "busy";
      lead.textContent = isInvitation(message) ? message.text : usual;
    },
  };
}

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {{update: (state: import("./state.js").State, changed: Set<string>) => void, hint: (text: string) => void}}
 */
export function createNotice(viewer) {
  const bar = make("i");
  const progress = make("div", { class: "isv-progress", hidden: true }, bar);
  const line = make("div", { class: "isv-message", hidden: true });
  const hint = make("div", { class: "isv-hint", "aria-hidden": "true" });
  const invite = invitation(viewer);
  viewer.part("notice").replaceChildren(invite.element, progress, line, hint);
  animate(bar);
  let timer = 0;
  let told = "";

  /** A photo may come in on another tab: what is wrong with it is said there. */
  const tell = (message) => {
    const text = message?.kind === "refused" ? message.text : "";
    if (text && text !== told && !isShown(viewer.root)) viewer.note(text);
    told = text;
  };
  const say = (message) => {
    line.hidden = message === null;
    if (message === null) return;
    line.className = `isv-message isv-${message.kind}`;
    line.replaceChildren(...(message.kind === "error" ? [icon("warning")] : []), make("span", { text: message.text }));
  };
  return {
    update(_state, changed) {
      if (!changed.has("scene")) return;
      const { image, message } = viewer.scene();
      invite.show(image, message);
      progress.hidden = message?.kind !== "busy";
      viewer.root.dataset.state = message?.kind ?? (image ? "shown" : "empty");
      viewer.part("controls")?.toggleAttribute("inert", !image);
      viewer.root.setAttribute("aria-busy", String(message?.kind === "busy"));
      say(isInvitation(message) && !image ? null : message);
      tell(message);
    },
    hint(text) {
      hint.textContent = text;
      hint.classList.add("isv-shown");
      clearTimeout(timer);
      timer = setTimeout(() => hint.classList.remove("isv-shown"), HINT_MS);
    },
  };
}
