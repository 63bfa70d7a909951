// Gradio calls this when "Export" is pressed: how the viewer shows the result goes along.
(photo, format) => {
  const viewer = document.querySelector("#viewer .isv")?.instsegViewer;
  const { threshold, minArea, hidden } = viewer?.store.get() ?? {};
  const { image, prediction } = viewer?.scene() ?? {};
  const { model, engine } = prediction ?? {};
  const shown = { model, engine, picture: image?.url, threshold, min_area: minArea, hidden };
  return [photo, format, shown];
}
