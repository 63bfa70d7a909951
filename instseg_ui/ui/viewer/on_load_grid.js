// Gradio runs this text once for each grid on the page, with `element`, `props`, `trigger`
// and `watch` in scope. Python's events are found by their quoted names in this text.
const here = new URL(".", window.document.baseURI);
const home = new URL(window.gradio_config?.root ?? here, here);
// Behind a proxy that ends TLS the server may know itself by another scheme or port.
if (home.hostname === here.hostname) [home.protocol, home.port] = [here.protocol, here.port];
const root = home.href.replace(/\/+$/, "");

import(`${root}${props.modules}/grid.js`)
  .then(({ mountGrid }) =>
    mountGrid(element.querySelector(".isg"), {
      value: () => props.value,
      onValue: (listener) => watch("value", listener),
      limits: props.limits,
      colorBy: props.color_by,
      scoreScale: props.score_scale,
      settled: (data) => trigger("settle", data),
      referenced: (data) => trigger("reference", data),
      root,
    }))
  .catch((error) => {
    console.error("The grid did not start:", error);
    element.querySelector(".isg-notice").textContent = "The grid did not start. Reload the page.";
  });
