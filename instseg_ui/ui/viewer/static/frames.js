/** Drawing at the screen's pace, and on all of the screen. */

/**
 * Collects what changed and calls `draw` with it once a frame.
 * @param {(changed: Set<string>) => void} draw
 * @param {AbortSignal} signal
 * @returns {{flush: () => void, refresh: (...keys: string[]) => void}}
 */
export function createFrames(draw, signal) {
  let [changed, request] = [new Set(), 0];
  const flush = () => {
    cancelAnimationFrame(request);
    request = 0;
    const now = changed;
    changed = new Set();
    if (now.size && !signal.aborted) draw(now);
  };
  const refresh = (...keys) => {
    for (const key of keys) changed.add(key);
    request ||= requestAnimationFrame(flush);
  };
  return { flush, refresh };
}

/**
 * Full screen, or the whole page where a browser offers none for elements.
 * @param {HTMLElement} root
 * @param {() => void} changed
 * @returns {{isFull: () => boolean, toggleFull: () => Promise<void>}}
 */
export function createFull(root, changed) {
  const isFull = () => document.fullscreenElement === root || root.classList.contains("isv-full");
  const toggleFull = async () => {
    if (document.fullscreenElement === root) await document.exitFullscreen();
    else if (root.classList.contains("isv-full") || !root.requestFullscreen) root.classList.toggle("isv-full");
    else await root.requestFullscreen().catch(() => root.classList.add("isv-full"));
    changed();
  };
  return { isFull, toggleFull };
}
