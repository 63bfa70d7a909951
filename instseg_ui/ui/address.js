// Gradio calls this once the page is set up as its address asked. From then on the address follows
// what is looked at, so that Reload, Back and a copied address lead to it again.
() => {
  if (window.instsegAddress) return;
  const [FIRST_VIEW, THRESHOLD, REST_MS] = ["segment", 0.5, 300];
  const ENGINES = { true: "high_performance", false: "normal" };
  const asked = () => new URLSearchParams(window.location.search);
  // Commas stand as they are, as in the links that the server writes.
  const written = (params) => `?${params.toString().replaceAll("%2C", ",")}`;
  const put = (name, text, how = "replaceState") => {
    const params = asked();
    if (text === undefined) return;
    if (params.get(name) === text) return;
    params.set(name, text);
    window.history[how](null, "", written(params));
  };
  const drop = (name) => {
    const params = asked();
    params.delete(name);
    window.history.replaceState(null, "", written(params));
  };

  // Nothing ticked is told too, in the word that the server reads.
  const told = (value) => (Array.isArray(value) && value.length === 0 ? "none" : String(value));

  // What was there when the page had been set up is no choice of the visitor's.
  let seen = null;
  const look = ({ threshold, ...detail }) => {
    if (threshold !== undefined) rest(threshold);
    for (const [name, value] of Object.entries(detail)) {
      const text = told(value);
      if (seen && name in seen && seen[name] !== text) put(name, text);
      if (seen) seen[name] = text;
    }
  };
  let timer = 0;
  const rest = (threshold) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const text = String(Number(threshold.toFixed(4)));
      if (Number(asked().get("threshold") ?? THRESHOLD) !== Number(text)) put("threshold", text);
    }, REST_MS);
  };

  const view = () => asked().get("tab") ?? FIRST_VIEW;
  const open = () => {
    const tabs = [...document.querySelectorAll("#tabs [role=tab]")];
    tabs.find((tab) => tab.textContent.trim().toLowerCase() === view())?.click();
  };

  document.addEventListener("instseg:look", ({ detail }) => look(detail));
  document.addEventListener("instseg:view", ({ detail }) => detail !== view() && put("tab", detail, "pushState"));
  document.addEventListener("instseg:state", ({ target, detail }) => {
    if (target.closest("#viewer") && target.instsegViewer?.scene().prediction) rest(detail.threshold);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("#high-performance input")) put("engine", ENGINES[target.checked]);
  });
  // A comparison is of these photos and models, also where they were there from the beginning.
  document.addEventListener("click", ({ target }) => {
    if (target.closest("#bench-go")) drop("run");
    if (!target.closest("#cmp-go") || !seen) return;
    put("photo", seen.photo);
    put("models", seen.models);
  });
  window.addEventListener("popstate", open);
  window.instsegAddress = { open };
  // The components draw what they were given in the next frame; one that is still to come says it.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const models = document.querySelector("#models .mlist")?.instsegModels;
    const photo = document.querySelector("#tray [aria-selected=true]")?.dataset.name;
    seen = models ? { model: models.chosen, models: told([...models.ticked]) } : {};
    if (photo !== undefined) seen.photo = photo;
  }));
}
