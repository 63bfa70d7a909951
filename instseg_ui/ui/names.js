// Gradio calls this once. What its components leave without a name that can be read out gets one,
// also where they draw themselves anew.
() => {
  // A selector, the attribute, and its value for an element; null takes the attribute away.
  const RULES = [
    [".search-input", "aria-label", () => "Filter the table"],
    ["#cmp-map .image-container > button", "aria-label", () => "Map of disagreement"],
    // A button inside a button: the inner one takes files, the outer one is its frame.
    [".icon-button:has(.upload-container)", "role", () => "group"],
    [".icon-button:has(.upload-container)", "tabindex", () => "-1"],
    [".icon-button:has(.upload-container)", "aria-label", () => "Files"],
    [".icon-button:has(.upload-container)", "title", () => "Add files"],
    [".icon-button .upload-container", "aria-label", () => "Add files"],
    // Its own text says more, and must be part of the name.
    [".upload-container:has([data-testid=upload-text])", "aria-label", () => null],
    // A chart that is still to come is named, but as nothing that may have a name.
    ["div[aria-label='Empty value']", "role", () => "img"],
    // Sorted by a key too; see `sort_tables.js`.
    ["#views table.figures:not(.sheet) thead th", "tabindex", () => "0"],
    ["#views table.figures:not(.sheet) thead th", "title", (heading) => heading.title || `Sort by ${heading.textContent.trim()}`],
    // What is scrolled must be reached without a mouse.
    [".scroll", "tabindex", (box) => (box.scrollWidth > box.clientWidth ? "0" : null)],
  ];
  const put = (element, attribute, value) => {
    if (value === null) element.removeAttribute(attribute);
    else if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
  };
  const name = () => {
    for (const [selector, attribute, valueOf] of RULES) {
      for (const element of document.querySelectorAll(selector)) put(element, attribute, valueOf(element));
    }
  };
  let due = 0;
  const later = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      name();
    });
  };
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", later);
  name();
}
