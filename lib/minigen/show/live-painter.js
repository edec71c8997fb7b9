// The picture of the reader's caption, and over it where each word was looked at, by mouse,
// finger or keys (live_painter.py).
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const GREY = [0.3, 0.59, 0.11];
  //: Milliseconds of rest before it is told where a word was looked at.
  const REST = 400;

  class Painting {
    constructor(figure, spec) {
      Object.assign(this, { figure, spec, told: figure.querySelector(".live-look") });
      const [layers, height, width] = spec.shape;
      Object.assign(this, { places: layers - 3, height, width, area: height * width });
      this.picture = new live.outputs.picture(figure, { shape: [3, height, width] });
      this.described = this.picture.canvas;
      const toolbar = figure.querySelector(".live-sentence[role=toolbar]");
      toolbar.hidden = false;
      const look = (place) => this.look(place);
      const back = () => this.look(this.picked);
      this.tiles = new live.Tiles(toolbar, {
        pointerenter: look, pointerleave: back, focus: look, blur: back, click: (place) => this.pick(place),
      });
      // By then the caption is there to be read.
      queueMicrotask(() => this.name());
    }

    get control() {
      return this.figure.live.controls[this.spec.text];
    }

    // The words of the caption that is drawn. A word that was picked stays, by its place.
    name() {
      const { words } = this.control;
      if (String(words) === String(this.words)) return;
      this.words = words;
      if (!(this.picked < words.length)) this.picked = undefined;
      this.at = this.picked;
      this.tiles.words = words;
      this.tiles.show(null);
    }

    draw(values = this.values) {
      this.values = values;
      if (!values) return;
      this.name();
      this.heat = this.mean();
      this.look(this.at);
    }

    // The looks at each word, over all steps up to the one that is shown.
    mean() {
      const made = this.figure.live.loop.pictures;
      const steps = made.slice(0, made.indexOf(this.values) + 1);
      const sum = new Float32Array(this.places * this.area);
      for (const step of steps) for (let n = 0; n < sum.length; n += 1) sum[n] += step[3 * this.area + n];
      return sum.map((one) => one / Math.max(1, steps.length));
    }

    of(place) {
      return this.heat.subarray(place * this.area, (place + 1) * this.area);
    }

    look(place) {
      this.at = place;
      if (!this.values) return;
      const shares = this.words.map((_, n) => this.of(n).reduce((one, other) => one + other, 0) / this.area);
      this.tiles.show(shares, place, this.picked);
      const shown = place === undefined ? this.values.subarray(0, 3 * this.area) : this.heated(this.of(place));
      this.picture.draw(shown);
      this.tell(place === undefined ? this.spec.words.point : this.said(place, shares[place]));
    }

    // While steps follow each other a screen reader is left in peace.
    tell(text) {
      clearTimeout(this.rest);
      const tell = () => (this.told.textContent = text);
      if (this.figure.live.loop.running) this.rest = setTimeout(tell, REST);
      else tell();
    }

    // A second time lets the word go.
    pick(place) {
      this.picked = this.picked === place ? undefined : place;
      if (this.values) this.look(this.picked);
      else this.figure.live.change();
      this.at = this.picked;
    }

    // As `heated` of live_painter.py.
    heated(look) {
      const { area, values, spec } = this;
      const most = Math.max(spec.least, ...look);
      return Float32Array.from({ length: 3 * area }, (_, n) => {
        const at = n % area;
        const grey = GREY.reduce((sum, part, color) => sum + part * values[color * area + at], 0);
        const share = 0.9 * Math.min(1, look[at] / most);
        return (1 - share) * 0.75 * grey + share * spec.hot[Math.floor(n / area)];
      });
    }

    // As `place_of` of live_painter.py.
    placeOf(look) {
      const [sums, counts] = [new Array(9).fill(0), new Array(9).fill(0)];
      look.forEach((one, n) => {
        const [row, column] = [Math.floor(n / this.width) / this.height, (n % this.width) / this.width];
        const ninth = 3 * Math.floor(3 * (row + 0.5 / this.height)) + Math.floor(3 * (column + 0.5 / this.width));
        sums[ninth] += one;
        counts[ninth] += 1;
      });
      const means = sums.map((sum, n) => sum / counts[n]);
      const most = means.indexOf(Math.max(...means));
      return [this.spec.words.places[most], means[most]];
    }

    said(place, share) {
      const [where, there] = this.placeOf(this.of(place));
      return live.fill(this.spec.words.looked, this.words[place], live.percent(share), where, live.percent(there));
    }
  }

  live.outputs = { ...live.outputs, painting: Painting };
})();
