// On a phone the table lies below the picture: whoever picks a model there is taken to its result.
() => {
  if (!matchMedia("(max-width: 720px)").matches) return;
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  document.getElementById("viewer")?.scrollIntoView({ behavior, block: "start" });
}
