// Gradio calls this when "Fold" is pressed: the panel becomes a strip, and back.
() => {
  const folded = document.getElementById("workbench")?.classList.toggle("folded");
  const button = document.getElementById("fold");
  if (!button) return;
  button.setAttribute("aria-pressed", String(Boolean(folded)));
  button.textContent = folded ? "Unfold" : "Fold";
}
