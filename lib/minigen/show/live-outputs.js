// What live models give. A kind of output is a class here, and a class of the same kind in
// live_picture.py, which writes its markup. It is made with the figure and what Python says
// of it, draws an output that the model gave, and draws it again when the page's colours
// change.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});

  class Picture {
    constructor(figure, spec) {
      this.canvas = figure.querySelector(".live-picture canvas");
      this.described = this.canvas;
      [this.channels, this.height, this.width] = spec.shape;
    }

    draw(values = this.values) {
      this.values = values;
      if (!values) return;
      const area = this.width * this.height;
      const image = new ImageData(this.width, this.height);
      const ink = getComputedStyle(this.canvas).color.match(/[\d.]+/g).slice(0, 3).map(Number);
      for (let at = 0; at < area; at += 1) {
        for (let color = 0; color < 3; color += 1) {
          const shown = this.channels === 1 ? ink[color] : 255 * values[color * area + at];
          image.data[4 * at + color] = shown;
        }
        image.data[4 * at + 3] = this.channels === 1 ? 255 * values[at] : 255;
      }
      this.canvas.getContext("2d").putImageData(image, 0, 0);
    }
  }

  live.outputs = { ...live.outputs, picture: Picture };
})();
