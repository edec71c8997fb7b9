// Starts a deck. Keys that a figure needs stay with the figure.
(() => {
  "use strict";

  const { Reveal, RevealNotes } = globalThis;
  const inFigure = (event) => !event.target.closest?.("figure :is(button, input, select, textarea, [tabindex])");

  // A live figure is as large as its slide allows: its own layout does not stretch.
  const LARGEST = 1.55;
  function fit(slide) {
    for (const figure of slide?.querySelectorAll(".demo .stage > figure") ?? []) {
      let zoom = LARGEST;
      do figure.style.zoom = zoom;
      while (figure.parentElement.scrollHeight > figure.parentElement.clientHeight + 1 && (zoom -= 0.05) > 0.6);
    }
  }

  Reveal.on("ready", ({ currentSlide }) => fit(currentSlide));
  Reveal.on("slidechanged", ({ currentSlide }) => fit(currentSlide));
  Reveal.on("pdf-ready", () => {
    Reveal.getSlides().forEach(fit);
    document.documentElement.dataset.paper = "ready"; // see printing.py
  });

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    minScale: 0.1,
    maxScale: 4,
    center: false,
    hash: true,
    controls: true,
    controlsTutorial: false,
    progress: true,
    slideNumber: "c/t",
    transition: "none",
    backgroundTransition: "none",
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    keyboardCondition: inFigure,
    plugins: [RevealNotes],
  });
})();
