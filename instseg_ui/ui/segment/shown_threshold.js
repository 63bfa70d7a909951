// Gradio calls this before an event whose last value is what the viewer shows: its threshold, and
// of which model.
(...values) => {
  const viewer = document.querySelector("#viewer .isv")?.instsegViewer;
  const { threshold } = viewer?.store.get() ?? {};
  return [...values.slice(0, -1), { threshold, model: viewer?.scene().prediction?.model }];
}
