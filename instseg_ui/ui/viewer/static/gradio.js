/** Ties the viewer to a Gradio HTML component. */

import { mount } from "./viewer.js";

/**
 * @param {{element: HTMLElement, props: Record<string, any>, trigger: Function, watch: Function, root: string}} host
 * @returns {import("./viewer.js").Viewer}
 */
export function mountInGradio({ element, props, trigger, watch, root }) {
  return mount(element.querySelector(".isv"), {
    value: () => props.value,
    onValue: (listener) => watch("value", listener),
    accepts: props.accepts_files === true,
    trigger,
    root,
    limits: props.limits,
    colorBy: props.color_by,
    scoreScale: props.score_scale,
  });
}
