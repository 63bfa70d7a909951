// Gradio runs this text once for each viewer on the page, with `element`, `props`,
// `trigger` and `watch` in scope. The viewer itself is made of modules
// that the app serves; their address holds a version, so a cache is never stale.
const here = new URL(".", window.document.baseURI);
const home = new URL(window.gradio_config?.root ?? here, here);
// Behind a proxy that ends TLS the server may know itself by another scheme or port.
if (home.hostname === here.hostname) [home.protocol, home.port] = [here.protocol, here.port];
const root = home.href.replace(/\/+$/, "");

import(`${root}${props.modules}/gradio.js`)
  .then(({ mountInGradio }) => mountInGradio({ element, props, trigger, watch, root }))
  .catch((error) => {
    console.error("The viewer did not start:", error);
    element.querySelector(".isv-notice").textContent = "The viewer did not start. Reload the page.";
  });
