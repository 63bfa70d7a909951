// Gradio runs this text once for each component, with `element`, `props`, `trigger` and
// `watch` in scope. Python's events are found by their quoted names in this text.
const here = new URL(".", window.document.baseURI);
const home = new URL(window.gradio_config?.root ?? here, here);
// Behind a proxy that ends TLS the server may know itself by another scheme or port.
if (home.hostname === here.hostname) [home.protocol, home.port] = [here.protocol, here.port];
const root = home.href.replace(/\/+$/, "");

import(`${root}${props.modules}/sheet.js`)
  .then(({ mountSheet }) =>
    mountSheet(element.querySelector(".sheet-scroll"), {
      value: () => props.value,
      onValue: (listener) => watch("value", listener),
      chart: props.chart,
      looked: (data) => trigger("select", data),
      used: (data) => trigger("use", data),
      measured: () => trigger("again", {}),
    }))
  .catch((error) => {
    console.error("The sheet did not start:", error);
    element.querySelector(".sheet-advice").textContent = "The sheet did not start. Reload the page.";
  });
