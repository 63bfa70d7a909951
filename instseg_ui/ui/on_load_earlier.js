// Gradio runs this text once for the list, with `element` and `trigger` in scope. Whoever unfolds it
// reads it as it is now.
element.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (fold && !fold.open) trigger("select", {});
});
