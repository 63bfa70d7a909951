// Gradio runs this text once for each table on the page, with `element`, `props` and `watch`
// in scope.
const here = new URL(".", window.document.baseURI);
const home = new URL(window.gradio_config?.root ?? here, here);
// Behind a proxy that ends TLS the server may know itself by another scheme or port.
if (home.hostname === here.hostname) [home.protocol, home.port] = [here.protocol, here.port];
const root = home.href.replace(/\/+$/, "");

import(`${root}${props.modules}/objects.js`)
  .then(({ mountObjects }) =>
    mountObjects(element.querySelector(".iso"), {
      value: () => props.value,
      onValue: (listener) => watch("value", listener),
      limits: props.limits,
    }))
  .catch((error) => {
    console.error("The table did not start:", error);
    element.querySelector(".iso-advice").textContent = "The table did not start. Reload the page.";
  });
