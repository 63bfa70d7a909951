// The picture as it is shown, by the viewer's own menu.
() => {
  document.querySelector("#viewer [data-download=png]")?.click();
}
