// A model was picked to be looked at: its result is shown, on a phone at the top of the screen.
() => {
  const open = document.querySelector("#tabs [role=tab][aria-selected=true]")?.textContent.trim();
  if (["Compare", "Benchmark", "Evaluate"].includes(open)) {
    [...document.querySelectorAll("#tabs [role=tab]")].find((tab) => tab.textContent.trim() === "Segment")?.click();
  }
  if (!matchMedia("(max-width: 720px)").matches) return;
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  document.getElementById("viewer")?.scrollIntoView({ behavior, block: "start" });
}
