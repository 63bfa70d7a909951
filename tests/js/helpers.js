import { setLimits } from "../../instseg_ui/ui/viewer/static/limits.js";
import { encodeCounts } from "../../instseg_ui/ui/viewer/static/rle.js";

// As the server gives them.
setLimits({ panes: 16, instances: 1000, floor: 0.05 });

/** A rectangle as the server would send it, in a frame of 100 x 80. */
export function rectangle(x, y, w, h, { width = 100, height = 80 } = {}) {
  const runs = [x * height + y];
  for (let column = 0; column < w; column += 1) {
    runs.push(h, column + 1 < w ? height - h : width * height - (x + column) * height - y - h);
  }
  return { size: [height, width], counts: encodeCounts(runs) };
}

/** An instance as the server sends it. */
export function sent(label, score, [x, y, w, h], classId = label.length) {
  const box = [x, y, x + w, y + h];
  return { class_id: classId, label, score, box, area: w * h, mask: rectangle(x, y, w, h) };
}

/** A whole value as the server sends it. */
export function value(instances, more = {}) {
  const image = { width: 100, height: 80 };
  return {
    image: { url: "/gradio_api/file=a.png", ...image, name: "street.png" },
    prediction: { model: "Model-S", floor: 0.05, image, instances },
    colors: { 3: "#112233" },
    threshold: 0.5,
    message: null,
    ...more,
  };
}
