/**
 * Canvases that are scrolled: when a picture is only moved, what is drawn already is
 * moved with it, and only the strips that come into sight are drawn.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {import("./viewport.js").Transform} Transform
 */

/**
 * The nearest place on the grid of device pixels, so that movements are whole ones.
 * @param {Transform} at
 * @param {number} ratio device pixels a unit
 * @returns {Transform}
 */
export function snapped(at, ratio) {
  return { scale: at.scale, x: Math.round(at.x * ratio) / ratio, y: Math.round(at.y * ratio) / ratio };
}

/**
 * What comes into sight when the content moves by whole pixels.
 * @param {number} dx
 * @param {number} dy
 * @param {number} width
 * @param {number} height
 * @returns {Rect[]} at most two, which do not overlap
 */
export function exposed(dx, dy, width, height) {
  const strips = [];
  const x = dx > 0 ? 0 : width + dx;
  const y = dy > 0 ? 0 : height + dy;
  if (dx) strips.push({ x, y: 0, width: Math.abs(dx), height });
  if (dy) strips.push({ x: Math.max(dx, 0), y, width: width - Math.abs(dx), height: Math.abs(dy) });
  return strips;
}

/**
 * How far the content moved since it was drawn, or null when it must be drawn anew.
 * @param {Transform | null} from
 * @param {Transform} to
 * @param {{width: number, height: number, ratio: number}} bounds in device pixels
 * @returns {{dx: number, dy: number} | null}
 */
export function movement(from, to, { width, height, ratio }) {
  if (!from || from.scale !== to.scale) return null;
  const [dx, dy] = [Math.round((to.x - from.x) * ratio), Math.round((to.y - from.y) * ratio)];
  // Past half the canvas, drawing it anew costs no more.
  return Math.abs(dx) * 2 < width && Math.abs(dy) * 2 < height ? { dx, dy } : null;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(ctx: CanvasRenderingContext2D, at: Transform, rect: Rect) => void} draw the part of the content inside `rect`, in units
 * @returns {(at: Transform | null, ratio: number, anew: boolean) => void} `at` is snapped
 */
export function createScrolled(canvas, draw) {
  let drawn = null;
  const drawPart = (ctx, at, strip, ratio) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(strip.x, strip.y, strip.width, strip.height);
    ctx.clip();
    draw(ctx, at, { x: strip.x / ratio, y: strip.y / ratio, width: strip.width / ratio, height: strip.height / ratio });
    ctx.restore();
  };
  return (at, ratio, anew) => {
    const { width, height } = canvas;
    const by = anew || !at ? null : movement(drawn, at, { width, height, ratio });
    drawn = at;
    const ctx = canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (by === null) {
      ctx.clearRect(0, 0, width, height);
      if (at) drawPart(ctx, at, { x: 0, y: 0, width, height }, ratio);
    } else if (by.dx || by.dy) {
      ctx.globalCompositeOperation = "copy";
      ctx.drawImage(canvas, by.dx, by.dy);
      ctx.globalCompositeOperation = "source-over";
      for (const strip of exposed(by.dx, by.dy, width, height)) drawPart(ctx, at, strip, ratio);
    }
  };
}
