/** Ties the viewer to a Gradio HTML component. */

import { mount } from "./viewer.js";

/**
 * @param {{element: HTMLElement, props: Record<string, any>, trigger: Function, upload: Function, watch: Function, root: string}} host
 * @returns {import("./viewer.js").Viewer}
 */
export function mountInGradio({ element, props, trigger, upload, watch, root }) {
  return mount(element.querySelector(".isv"), {
    value: () => props.value,
    onValue: (listener) => watch("value", listener),
    upload: props.accepts_files ? (file) => upload(file) : null,
    trigger,
    root,
    limits: props.limits,
    colorBy: props.color_by,
    scoreScale: props.score_scale,
  });
}
