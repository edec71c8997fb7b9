// Brings the players of a page to life: a native slider and a button that plays once
// through. Everything a frame needs is in the page already.
(() => {
  "use strict";

  function enliven(figure) {
    const { labels, alts, play, pause } = JSON.parse(figure.dataset.player);
    const controls = figure.querySelector(".show-controls");
    const button = controls.querySelector("button");
    const slider = controls.querySelector("input");
    const label = controls.querySelector("span");
    const said = controls.querySelector(".show-said");
    const drawings = figure.querySelectorAll("svg[role=img]");
    const groups = figure.querySelectorAll("[data-frame]");
    const last = labels.length - 1;
    let timer = 0;

    function show() {
      const index = Number(slider.value);
      for (const group of groups) {
        if (Number(group.dataset.frame) === index) group.removeAttribute("display");
        else group.setAttribute("display", "none");
      }
      for (const drawing of drawings) drawing.setAttribute("aria-label", alts[index]);
      slider.setAttribute("aria-valuetext", `${labels[index]}: ${alts[index]}`);
      label.textContent = labels[index];
    }

    // A screen reader hears where playing stopped, not each frame on the way.
    function stop() {
      window.clearInterval(timer);
      timer = 0;
      figure.classList.remove("show-is-playing");
      button.setAttribute("aria-label", play);
      said.textContent = alts[Number(slider.value)];
    }

    function start() {
      if (Number(slider.value) === last) slider.value = 0;
      show();
      timer = window.setInterval(() => {
        if (Number(slider.value) < last) slider.value = Number(slider.value) + 1;
        show();
        if (Number(slider.value) === last) stop();
      }, Number(figure.dataset.interval));
      figure.classList.add("show-is-playing");
      button.setAttribute("aria-label", pause);
      said.textContent = "";
    }

    button.addEventListener("click", () => (timer ? stop() : start()));
    slider.addEventListener("input", () => {
      if (timer) stop();
      said.textContent = "";
      show();
    });
    controls.hidden = false;
    show();
  }

  function all() {
    document.querySelectorAll("figure[data-player]").forEach(enliven);
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", all);
  } else {
    all();
  }
})();
