// Filters the tests as the user types, and copies the share link. Without this script, a button
// filters the tests, and the link can be copied manually.
"use strict";
(() => {
  const search = document.getElementById("proctor-search");
  const found = document.getElementById("proctor-found");
  if (search && found) {
    const field = document.getElementById("proctor-filter");
    const nothing = document.getElementById("proctor-nothing");
    const tests = [...document.querySelectorAll(".proctor-test")];
    const button = search.querySelector("button");
    button.hidden = true;
    function show() {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const test of tests) {
        test.hidden = !words.every((word) => test.dataset.text.includes(word));
        if (!test.hidden) count += 1;
      }
      found.textContent = found.textContent.replace(/\d+/, count);
      nothing.querySelector("span").textContent = field.value.trim();
      nothing.hidden = count > 0;
      // Keep the filter when a button is pressed and the page is loaded again.
      for (const hidden of document.querySelectorAll('#proctor-force [name="q"]')) {
        hidden.value = field.value.trim();
      }
      const address = new URL(location.href);
      if (words.length) address.searchParams.set("q", field.value.trim());
      else address.searchParams.delete("q");
      history.replaceState(null, "", address);
    }
    field.addEventListener("input", show);
    search.addEventListener("submit", (event) => {
      event.preventDefault();
      show();
    });
  }
  const button = document.getElementById("proctor-copy");
  const link = document.getElementById("proctor-link");
  if (button && link) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      link.select();
      try {
        await navigator.clipboard.writeText(link.value);
      } catch {
        document.execCommand("copy"); // pages without https have no clipboard
      }
      button.textContent = button.dataset.done;
    });
  }
})();
