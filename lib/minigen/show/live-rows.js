// Named shares as bars (live_rows.py): the output of a live model that gives a few numbers.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});

  function part(kind, ...inside) {
    const made = document.createElement("div");
    made.className = kind;
    made.append(...inside);
    return made;
  }

  class Rows {
    constructor(figure, spec) {
      this.names = spec.names;
      this.described = figure.querySelector(".live-rows > .live-bars[hidden]");
    }

    draw(values = this.values) {
      this.values = values;
      if (!values) return;
      this.described.replaceChildren(...this.names.map((name, n) => {
        const bar = part("live-after");
        bar.style.inlineSize = `${100 * values[n]}%`;
        return part("live-bar", part("live-token", name), part("live-track", bar),
          part("live-share", live.percent(values[n])));
      }));
    }

    said() {
      return `${this.names.map((name, n) => `${name}: ${live.percent(this.values[n])}`).join("; ")}.`;
    }
  }

  live.outputs = { ...live.outputs, rows: Rows };
})();
