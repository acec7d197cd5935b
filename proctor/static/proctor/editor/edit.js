// Updates the effects and the totals on the Edit page as the user types, and adds rows without
// reloading the page. Without this script, every button still works.
"use strict";
(() => {
  const WAIT = 300;
  const MOST = 64 * 1024;
  let timer = 0;
  let asked = 0;

  const form = () => document.getElementById("pe-form");
  if (!form()) return;

  function number(text) {
    return Number(text.trim().replace("%", "").replace(",", ".") || 0);
  }
  function shown(value) {
    return String(Number(value.toFixed(8)));
  }

  // If only one group has a value below 0, its share is set to whatever remains of 100 %, unless
  // the user edits it.
  function total(box, typed) {
    const fields = [...box.querySelectorAll("input")];
    const rest = box.querySelector("[data-remainder]");
    if (rest && typed && typed !== rest) {
      const live = fields.filter((each) => each !== rest);
      const left = 100 - live.reduce((sum, each) => sum + number(each.value), 0);
      if (left >= 0) rest.value = shown(left);
    }
    const sum = fields.reduce((all, each) => all + number(each.value), 0);
    box.querySelector("[data-total]").textContent = Number.isFinite(sum) ? shown(sum) : "?";
    box.querySelector(".pe-total").classList.toggle("pe-wrong", Math.abs(sum - 100) > 1e-7);
  }

  function swatch(field) {
    const rect = field.parentElement.querySelector(".pe-swatch rect");
    if (!rect) return;
    const color = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(field.value.trim());
    rect.setAttribute("fill", color ? field.value.trim() : "none");
  }

  function problems(panel) {
    for (const slot of form().querySelectorAll("[data-problem-for]")) slot.textContent = "";
    for (const found of panel.querySelectorAll("[data-field]")) {
      const slot = form().querySelector(`[data-problem-for="${CSS.escape(found.dataset.field)}"]`);
      if (slot && !slot.textContent) slot.textContent = found.textContent;
    }
  }

  async function check() {
    const mine = ++asked;
    const body = new FormData(form());
    const sent = new URLSearchParams(body);
    if (sent.toString().length > MOST) return;
    const answer = await fetch(form().dataset.check, { method: "POST", body: sent });
    if (mine !== asked || !answer.ok) return;
    const panel = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["pe-effect", "pe-tried"]) {
      const found = panel.getElementById(id);
      if (found) document.getElementById(id).replaceWith(found);
    }
    place();
    problems(document.getElementById("pe-effect"));
  }

  function place() {
    const tried = document.getElementById("pe-tried");
    const here = document.getElementById("pe-tried-here");
    if (tried && here) here.replaceChildren(tried);
    const headline = document.querySelector("#pe-effect .pe-headline");
    if (headline) document.getElementById("pe-dock-effect").replaceChildren(headline.cloneNode(true));
    watch();
  }

  // On a small screen, show the dock while the Publish button is not visible.
  const watcher = new IntersectionObserver((seen) => {
    const dock = form().querySelector(".pe-dock");
    dock.hidden = seen.at(-1).isIntersecting && !dock.contains(document.activeElement);
  });
  function watch() {
    watcher.disconnect();
    const button = document.getElementById("pe-publish");
    if (button) watcher.observe(button);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(() => check().catch(() => {}), WAIT);
  }

  async function step(button) {
    asked += 1;
    clearTimeout(timer);
    const body = new URLSearchParams(new FormData(form()));
    body.set("do", button);
    const answer = await fetch(location.pathname + location.search, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("pe-form");
    if (!found) throw new Error("no form");
    const typing = document.activeElement?.id;
    const open = [...form().querySelectorAll("details[open][id]")].map((each) => each.id);
    form().replaceWith(found);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    place();
    document.getElementById(found.dataset.focus || typing)?.focus();
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!form().contains(field) || field.name === "message") return;
    const box = field.closest("[data-shares]");
    if (box) total(box, field);
    if (/^bucket-\d+-payload$/.test(field.name)) swatch(field);
    soon();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("#pe-form [data-refresh]")) step("check").catch(() => {});
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#pe-form button[name='do']");
    if (!button || button.value === "publish") return;
    event.preventDefault();
    step(button.value).catch(() => form().submit());
  });
  place();
})();
