// Gradio runs this text once for each component that shows counts or small pictures, with
// `element` and `trigger` in scope. Python is told which button was pressed.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-kind], button[data-place]");
  if (button) trigger("select", { ...button.dataset });
});
