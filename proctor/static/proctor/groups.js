// Copies the link; without this the text can be selected and copied by hand.
"use strict";
const button = document.getElementById("proctor-copy");
const link = document.getElementById("proctor-link");
if (button && link) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      document.execCommand("copy"); // a page that is not on https has no clipboard
    }
    button.textContent = "Copied";
  });
}
