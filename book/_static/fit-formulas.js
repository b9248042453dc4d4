// Displayed formulas that are wider than a narrow page are set smaller until they fit.
// Without this script they scroll sideways in their own box.
(() => {
  "use strict";

  const LEAST = 0.55; // what would have to be smaller scrolls

  function fit() {
    const displays = [...document.querySelectorAll(".bd-article .katex-display")];
    for (const display of displays) display.style.fontSize = "";
    const shares = displays.map((display) => display.clientWidth / display.scrollWidth);
    displays.forEach((display, i) => {
      // What is hidden has no width, and is fitted when it is shown.
      if (shares[i] > 0 && shares[i] < 1) {
        display.style.fontSize = `${Math.max(LEAST, 0.99 * shares[i])}em`;
      }
    });
  }

  addEventListener("load", fit);
  addEventListener("resize", fit);
  document.addEventListener("toggle", fit, true); // solutions and answers are folded at first
})();
