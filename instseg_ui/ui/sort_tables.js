// Gradio calls this once. A click on a heading of a table of figures sorts its rows, a second click
// turns them round; a dash stands last either way. Reports keep the order in which they were written.
() => {
  if (window.instsegSorts) return;
  window.instsegSorts = true;
  const HEADING = "#views table.figures:not(.sheet) thead th";
  const first = (cell) => cell?.childNodes[0]?.textContent.trim() ?? "";
  const number = (text) => Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));
  const isText = (heading) => heading.classList.contains("text");

  const compare = (heading, sign) => {
    const at = heading.cellIndex;
    return (one, other) => {
      const texts = [one, other].map((row) => first(row.cells[at]));
      if (isText(heading)) return sign * texts[0].localeCompare(texts[1], undefined, { numeric: true });
      const [a, b] = texts.map(number);
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return sign * (a - b);
    };
  };
  const sort = (heading) => {
    const sign = heading.ariaSort === "ascending" ? -1 : 1;
    for (const other of heading.parentElement.cells) other.ariaSort = "none";
    heading.ariaSort = sign > 0 ? "ascending" : "descending";
    const body = heading.closest("table").tBodies[0];
    const rows = [...body.rows];
    const [single, total] = [false, true].map((is) => rows.filter((row) => row.classList.contains("total") === is));
    body.append(...single.sort(compare(heading, sign)), ...total);
  };

  const of = (event) => (event.target instanceof Element ? event.target.closest(HEADING) : null);
  document.addEventListener("click", (event) => {
    const heading = of(event);
    if (heading) sort(heading);
  });
  document.addEventListener("keydown", (event) => {
    const heading = of(event);
    if (!heading || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    sort(heading);
  });
}
