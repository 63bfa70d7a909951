// Gradio calls this once. A column that asks something is a dialog: it has a name, takes the focus
// when it opens, Escape dismisses it, and the focus goes back to where it came from.
() => {
  const DIALOGS = [
    { panel: "#fetch", name: "Fetch a model", yes: "#fetch-button", no: "#fetch-dismiss" },
    { panel: "#cat-ask", name: "Confirm", yes: "#cat-yes", no: "#cat-no" },
  ];
  const seen = (element) => Boolean(element?.getClientRects().length);
  const find = (selector) => document.querySelector(selector);
  const isInside = (element) => DIALOGS.some(({ panel }) => element?.closest?.(panel));
  const open = new Set();
  let [before, held] = [null, false];

  // With the part of a dialog that had the focus gone, nothing has it.
  const isLost = () => held && (document.activeElement ?? document.body) === document.body;
  const focus = ({ yes, no }) => [yes, no].map(find).find(seen)?.focus({ preventScroll: true });
  const show = (dialog, panel) => {
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", dialog.name);
    if (!open.has(dialog) || isLost()) focus(dialog);
    open.add(dialog);
  };
  const hide = (dialog) => {
    if (!open.delete(dialog) || !(isLost() || isInside(document.activeElement))) return;
    const back = before?.isConnected ? before : find("#tabs [role=tab][aria-selected=true]");
    back?.focus({ preventScroll: true });
  };
  let due = 0;
  const look = () => {
    due = 0;
    for (const dialog of DIALOGS) {
      const panel = find(dialog.panel);
      if (seen(panel)) show(dialog, panel);
      else hide(dialog);
    }
  };
  const later = () => {
    due ||= requestAnimationFrame(look);
  };
  document.addEventListener("focusin", ({ target }) => {
    held = Boolean(isInside(target));
    if (!held) before = target;
  });
  document.addEventListener("pointerdown", ({ target }) => {
    held &&= Boolean(isInside(target));
  });
  document.addEventListener("keydown", (event) => {
    const dialog = event.key === "Escape" && DIALOGS.find(({ panel }) => event.target.closest?.(panel));
    if (dialog) find(dialog.no)?.click();
  });
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "style"] };
  new MutationObserver(later).observe(document.body, changes);
}
