// Gradio calls this when the file has been written: the hidden button then hands it over.
() => {
  setTimeout(() => document.querySelector("#hidden-button")?.click(), 50);
}
