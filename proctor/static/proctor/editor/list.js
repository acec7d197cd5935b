// Filters the list of tests as the user types. Without this script, the user presses Enter or the
// button.
"use strict";
(() => {
  const form = document.getElementById("pe-search");
  if (!form) return;
  let timer = 0;
  let asked = 0;
  async function show() {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const mine = ++asked;
    const address = `${location.pathname}?${query}`;
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (mine !== asked || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("pe-results");
    if (!found) return;
    document.getElementById("pe-results").replaceWith(found);
    history.replaceState(null, "", address);
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(() => {}), 250);
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
})();
