// Shows the effect of each step of a ramp while the user types, and adds rows to the form without
// reloading the page. The buttons also work without this script.
"use strict";
(() => {
  const WAIT = 300;
  let timer = 0;
  let asked = 0;

  const form = () => document.getElementById("pe-ramp");
  if (!form()) return;

  async function ask(button) {
    const mine = ++asked;
    clearTimeout(timer);
    const body = new URLSearchParams(new FormData(form()));
    body.set("do", button);
    const answer = await fetch(location.pathname + location.search, { method: "POST", body });
    if (mine !== asked) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  async function check() {
    const page = await ask("check");
    const found = page && page.getElementById("pe-plan");
    if (!found) return;
    document.getElementById("pe-plan").replaceWith(found);
    for (const slot of form().querySelectorAll(".pe-problem[id]")) {
      const fresh = page.getElementById(slot.id);
      if (fresh) slot.textContent = fresh.textContent;
    }
  }

  async function step(button) {
    const page = await ask(button);
    if (!page) return;
    const found = page.getElementById("pe-ramp");
    if (!found) throw new Error("no form");
    form().replaceWith(found);
    document.getElementById(found.dataset.focus)?.focus();
  }

  document.addEventListener("input", (event) => {
    if (!form().contains(event.target) || event.target.name === "message") return;
    clearTimeout(timer);
    timer = setTimeout(() => check().catch(() => {}), WAIT);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#pe-ramp button[name='do']");
    if (!button || button.value === "publish") return;
    event.preventDefault();
    step(button.value).catch(() => form().submit());
  });
})();
