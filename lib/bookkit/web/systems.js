// The filter of the page of systems: hides the entries of the timeline that do not match,
// and the sections to which they lead. Without it the page shows them all.
(() => {
  "use strict";

  function enliven(systems) {
    const form = systems.querySelector("form");
    const entries = [...systems.querySelectorAll("[data-kind]")];
    const sections = entries.map((entry) =>
      document.getElementById(entry.querySelector("a").hash.slice(1)).closest("section"));

    function narrow() {
      const { kind, media } = Object.fromEntries(new FormData(form));
      let shown = 0;
      entries.forEach((entry, i) => {
        const fits = (!kind || entry.dataset.kind === kind) &&
          (!media || entry.dataset.media.split(" ").includes(media));
        entry.hidden = !fits;
        sections[i].hidden = !fits;
        shown += fits;
      });
      for (const year of systems.querySelectorAll(".timeline > li"))
        year.hidden = !year.querySelector("[data-kind]:not([hidden])");
      form.querySelector("output").textContent = systems.dataset.systems
        .replace("{n}", shown).replace("{all}", entries.length);
    }

    form.addEventListener("change", narrow);
    form.addEventListener("submit", (event) => event.preventDefault());
    // A link to a system must find it, whatever was chosen before.
    window.addEventListener("hashchange", () => {
      if (sections.some((s) => s.hidden && s.querySelector(`[id="${location.hash.slice(1)}"]`)))
        form.reset();
      narrow();
      if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    });
    form.hidden = false;
    narrow();
  }

  document.querySelectorAll("[data-systems]").forEach(enliven);
})();
