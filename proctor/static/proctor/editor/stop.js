// Shows which visitors move as soon as the user chooses or types a test. Without this script, the
// user has to press the button.
"use strict";
(() => {
  const WAIT = 300;
  const field = document.getElementById("pe-test");
  const preview = document.getElementById("pe-preview");
  if (!field || !preview) return;
  let timer = 0;
  let asked = 0;

  async function show() {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(field.form));
    body.set("do", "check");
    body.delete("value");
    const answer = await fetch(location.pathname, { method: "POST", body });
    if (mine !== asked || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("pe-preview");
    if (mine === asked && found) preview.replaceChildren(...found.childNodes);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(() => {}), WAIT);
  }
  field.addEventListener("input", soon);
  field.addEventListener("change", soon);
  // After a reload, browsers restore the chosen test.
  if (field.value && !preview.querySelector("[name='seen']")) show().catch(() => {});
})();
