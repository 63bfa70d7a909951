// Gradio runs this text once for each component that shows counts, small pictures or thresholds,
// with `element` and `trigger` in scope. Python is told which button was pressed; of a threshold
// the page's viewers hear at once.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-kind], button[data-place], button[data-threshold]");
  if (!button) return;
  const { model, threshold } = button.dataset;
  if (threshold) window.document.dispatchEvent(new window.CustomEvent("instseg:threshold", { detail: { model, threshold: Number(threshold) } }));
  trigger("select", { ...button.dataset });
});
