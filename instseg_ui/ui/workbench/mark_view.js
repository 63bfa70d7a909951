// Gradio calls this when a view is opened: the catalog shows the list of models itself, and the
// address names the view.
() => {
  const open = document.querySelector("#tabs [role=tab][aria-selected=true]")?.textContent.trim();
  document.getElementById("workbench")?.classList.toggle("catalog", open === "Catalog");
  if (open) document.dispatchEvent(new CustomEvent("instseg:view", { detail: open.toLowerCase() }));
}
