// Gradio calls this when the file has been written: the hidden button then hands it over.
() => {
  setTimeout(() => document.querySelector("#cmp-file")?.click(), 50);
}
