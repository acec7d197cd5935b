// Sends each POST form only once; otherwise, a double click on Publish would publish twice.
"use strict";
(() => {
  // If the server does not answer, the form can be sent again after this time.
  const WAIT = 5000;
  let form = null;
  let sent = 0;

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || event.defaultPrevented) return;
    if (event.target === form && Date.now() - sent < WAIT) event.preventDefault();
    else [form, sent] = [event.target, Date.now()];
  });
  addEventListener("pageshow", () => {
    form = null;
  });
})();
