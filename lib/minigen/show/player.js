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

    function turn(parts, index) {
      for (const part of parts) {
        if (Number(part.dataset.frame) === index) part.removeAttribute("display");
        else part.setAttribute("display", "none");
      }
    }

    function show() {
      const index = Number(slider.value);
      turn(groups, index);
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

    // Paper does not move: it gets the first frame, the last and a telling one between.
    // They stand before the drawings, so that what they refer to by id is not hidden.
    const paper = document.createElement("div");
    paper.className = "show-on-paper";

    function fillPaper() {
      const drawing = figure.querySelector(".show-phone svg") ?? drawings[0];
      const start = Number(slider.defaultValue);
      const middle = start % last ? start : Math.round(last / 2);
      const frames = [...new Set([0, middle, last])].map((index) => {
        const copy = drawing.cloneNode(true);
        copy.setAttribute("aria-label", alts[index]);
        turn(copy.querySelectorAll("[data-frame]"), index);
        const frame = document.createElement("div");
        frame.append(copy, labels[index]);
        return frame;
      });
      paper.replaceChildren(...frames);
      figure.prepend(paper);
    }

    window.addEventListener("beforeprint", fillPaper);
    window.addEventListener("afterprint", () => paper.remove());
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
