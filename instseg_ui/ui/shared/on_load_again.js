// Gradio runs this text once for each component that shows a latency, with `element` and `trigger`
// in scope. Python is told that it is to be measured again.
element.addEventListener("click", (event) => {
  if (event.target.closest("button[data-again]")) trigger("again", {});
});
