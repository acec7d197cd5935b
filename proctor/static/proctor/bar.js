// Remembers whether the bar is unfolded, filters its tests as the user types, folds it on Escape,
// and restores the scroll position after a click. Without this script, links and buttons still work.
"use strict";
(() => {
  const KEY = "proctor-bar";

  function kept() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEY) || "null");
      sessionStorage.removeItem(KEY);
      return found;
    } catch {
      return null; // storage may be blocked
    }
  }

  function keep(root, pressed) {
    const test = pressed && pressed.closest(".test");
    const state = {
      address: location.pathname + location.search,
      page: scrollY,
      panel: root.querySelector(".panel").scrollTop,
      test: test && test.id,
      group: test && [...test.querySelectorAll(".chip")].indexOf(pressed),
    };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(state));
    } catch {
      // Without storage, the page scrolls to the top after a click.
    }
  }

  function restore(root) {
    const state = kept();
    if (!state || state.address !== location.pathname + location.search) return;
    scrollTo(0, state.page);
    const test = state.test && root.getElementById(state.test);
    const chips = test ? test.querySelectorAll("button.chip") : [];
    const pressed = chips[state.group] || (test && test.querySelector("button"));
    if (pressed) pressed.focus({ preventScroll: true });
    root.querySelector(".panel").scrollTop = state.panel;
  }

  function start(root) {
    const details = root.querySelector("details");
    const summary = root.querySelector("summary");
    const form = root.getElementById("act");
    details.addEventListener("toggle", () => {
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `proctor_bar_open=${details.open ? 1 : 0}; Path=/; SameSite=Lax${secure}`;
    });
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      summary.focus();
    });
    form.addEventListener("submit", (event) => keep(root, event.submitter));
    const field = root.getElementById("filter");
    if (field) {
      const tests = [...root.querySelectorAll(".test")];
      const nothing = root.querySelector(".nothing");
      field.closest("p").hidden = false;
      field.addEventListener("input", () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        let count = 0;
        for (const test of tests) {
          test.hidden = !words.every((word) => test.dataset.text.includes(word));
          if (!test.hidden) count += 1;
        }
        nothing.hidden = count > 0;
      });
    }
    restore(root);
  }

  class ProctorBar extends HTMLElement {
    connectedCallback() {
      if (this.started) return;
      let root = this.shadowRoot;
      if (!root) {
        // The HTML parser creates the shadow root. If a script inserts the bar, create it here.
        const template = this.querySelector("template");
        if (!template) return;
        root = this.attachShadow({ mode: "open" });
        root.append(template.content);
        template.remove();
      }
      this.started = true;
      start(root);
    }
  }

  if (!customElements.get("proctor-bar")) customElements.define("proctor-bar", ProctorBar);
})();
