// Gradio calls this when a view is opened: the catalog shows the list of models itself.
() => {
  const open = document.querySelector("#tabs [role=tab][aria-selected=true]")?.textContent.trim();
  document.getElementById("workbench")?.classList.toggle("catalog", open === "Catalog");
}
