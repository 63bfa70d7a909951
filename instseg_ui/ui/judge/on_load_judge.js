// Gradio runs this text once for each component, with `element`, `props`, `trigger` and
// `watch` in scope.
const here = new URL(".", window.document.baseURI);
const home = new URL(window.gradio_config?.root ?? here, here);
// Behind a proxy that ends TLS the server may know itself by another scheme or port.
if (home.hostname === here.hostname) [home.protocol, home.port] = [here.protocol, here.port];
const root = home.href.replace(/\/+$/, "");

import(`${root}${props.modules}/judge.js`)
  .then(({ mountJudge }) =>
    mountJudge(element.querySelector(".judge"), {
      value: () => props.value,
      onValue: (listener) => watch("value", listener),
      trigger,
      root,
      limits: props.limits,
    }))
  .catch((error) => {
    console.error("The question did not start:", error);
    element.querySelector(".judge-ask").textContent = "The question did not start. Reload the page.";
  });
