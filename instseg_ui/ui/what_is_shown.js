// Gradio calls this when "Export" is pressed: how the viewer shows the result goes along.
(photo, format) => {
  const viewer = document.querySelector("#viewer .isv")?.instsegViewer;
  const { threshold, minArea, hidden } = viewer?.store.get() ?? {};
  const { image, prediction } = viewer?.scene() ?? {};
  const shown = { model: prediction?.model, picture: image?.url, threshold, min_area: minArea, hidden };
  return [photo, format, shown];
}
