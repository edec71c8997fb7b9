// The controls of live models. A kind of control is a class here, and a class of the same
// kind in live_controls.py, which writes its markup. It is made with its element, what
// Python says of it, the interface's words, and a function to call when it was turned. It has
//   value      what it stands at; setting it shows it
//   tensor()   what the model is fed: {type, shape, data}
//   said()     what it stands at in words
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});

  const floats = (data, shape) => ({ type: "float32", shape, data: Float32Array.from(data) });
  const fill = (text, ...parts) => parts.reduce((made, part) => made.replace("{}", part), text);
  const decimals = (step) => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const written = (number, digits) => number.toFixed(digits).replace(/^-0(\.0*)?$/, "0$1")
    .replace("-", "−");

  class Slider {
    constructor(root, spec, words, changed) {
      this.spec = spec;
      this.input = root.querySelector("input");
      this.label = root.querySelector(".live-value");
      this.input.addEventListener("input", () => {
        this.show();
        changed();
      });
      this.value = spec.start;
    }

    get value() {
      return Number(this.input.value);
    }

    set value(value) {
      this.input.value = value;
      this.show();
    }

    show() {
      this.label.textContent = this.said();
      this.input.setAttribute("aria-valuetext", this.said());
    }

    tensor() {
      return floats([this.value], [1, 1]);
    }

    said() {
      return written(this.value, decimals(this.spec.step));
    }
  }

  class Choice {
    constructor(root, spec, words, changed) {
      this.spec = spec;
      this.input = root.querySelector("select");
      this.input.addEventListener("change", changed);
      this.value = spec.start;
    }

    get value() {
      return Number(this.input.value);
    }

    set value(value) {
      this.input.value = String(value);
    }

    tensor() {
      return { type: "int64", shape: [1], data: BigInt64Array.of(BigInt(this.value)) };
    }

    said() {
      return this.spec.names[this.value];
    }
  }

  // The generator mulberry32 and Box and Muller's transform, as in live_noise.py.
  function gaussians(seed, count) {
    let state = seed | 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
    const made = new Float32Array(count + (count % 2));
    for (let at = 0; at < count; at += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      made[at] = radius * Math.cos(angle);
      made[at + 1] = radius * Math.sin(angle);
    }
    return made.slice(0, count);
  }

  class Noise {
    constructor(root, spec, words, changed) {
      Object.assign(this, { spec, words });
      this.label = root.querySelector(".live-value");
      root.querySelector("button").addEventListener("click", () => {
        this.value += 1;
        changed();
      });
      this.value = spec.start;
    }

    get value() {
      return this.seed;
    }

    set value(seed) {
      this.seed = seed;
      this.label.textContent = this.said();
    }

    tensor() {
      const { shape } = this.spec;
      const count = shape.reduce((one, other) => one * other, 1);
      return { type: "float32", shape: [1, ...shape], data: gaussians(this.seed, count) };
    }

    said() {
      return fill(this.words.number, this.seed - this.spec.start + 1);
    }
  }

  class Walk {
    constructor(root, spec, words, changed) {
      Object.assign(this, { spec, words, changed });
      this.input = root.querySelector("input");
      this.button = root.querySelector("button");
      this.label = root.querySelector(".live-value");
      this.last = spec.points.length - 1;
      this.input.addEventListener("input", () => {
        this.stop();
        this.show();
        changed();
      });
      this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
      this.value = spec.start;
    }

    get value() {
      return Number(this.input.value);
    }

    set value(value) {
      this.stop();
      this.input.value = value;
      this.show();
    }

    // Who asked for less motion goes from corner to corner.
    play() {
      const still = live.still();
      if (this.value >= this.last) this.input.value = 0;
      this.button.textContent = this.words.pause;
      this.timer = setInterval(() => {
        const next = still ? Math.floor(this.value + 1) : this.value + Number(this.input.step);
        this.input.value = next;
        this.show();
        this.changed();
        if (this.value >= this.last - 1e-6) this.stop();
      }, still ? 1000 : 60);
    }

    stop() {
      clearInterval(this.timer);
      this.timer = 0;
      this.button.textContent = this.words.play;
    }

    show() {
      this.label.textContent = this.said();
      this.input.setAttribute("aria-valuetext", this.said());
    }

    // The corner behind, and the share of the way to the next.
    at() {
      const before = Math.min(Math.floor(this.value + 1e-6), this.last - 1);
      return [before, this.value - before];
    }

    tensor() {
      const [before, share] = this.at();
      const [from, to] = this.spec.points.slice(before, before + 2);
      return floats(from.map((x, n) => x + share * (to[n] - x)), [1, from.length]);
    }

    said() {
      const [before, share] = this.at();
      const { names } = this.spec;
      const name = (n) => (names ? names[n] : String(n + 1));
      const percent = Math.round(100 * share);
      if (percent === 0 || percent === 100) return name(before + (percent > 0));
      return fill(this.words.between, percent, name(before), name(before + 1));
    }
  }

  // A mark on a map. Two sliders that are not seen speak for it and take the keys.
  class Plane {
    constructor(root, spec, words, changed) {
      Object.assign(this, { spec, words, changed });
      this.label = root.querySelector(".live-value");
      this.pad = root.querySelector(".live-pad");
      this.mark = root.querySelector(".live-mark");
      this.inputs = [...root.querySelectorAll("input")];
      root.querySelector(".live-sliders").hidden = false;
      this.follow();
      for (const input of this.inputs) {
        input.addEventListener("keydown", (event) => this.key(event));
        input.addEventListener("input", () => this.move(...this.inputs.map(
          (one) => Number(one.value) / spec.steps)));
      }
      this.value = spec.start;
    }

    // A finger on the mark drags it; elsewhere it may as well scroll the page, which the
    // browser decides by its first way (touch-action in live.css).
    follow() {
      const to = (event) => {
        const box = this.pad.getBoundingClientRect();
        this.move((event.clientX - box.left) / box.width, (box.bottom - event.clientY) / box.height);
      };
      this.pad.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        this.pad.setPointerCapture(event.pointerId);
        this.inputs[0].focus({ preventScroll: true });
        this.held = true;
        if (event.pointerType !== "touch") to(event);
      });
      this.pad.addEventListener("pointermove", (event) => this.held && to(event));
      this.pad.addEventListener("pointerup", (event) => {
        if (this.held) to(event);
        this.held = false;
      });
      this.pad.addEventListener("pointercancel", () => (this.held = false));
    }

    key(event) {
      const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
      const way = ways[event.key];
      if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const step = (event.shiftKey ? 5 : 1) / this.spec.steps;
      this.move(...this.shares.map((share, n) => share + step * way[n]));
    }

    move(...shares) {
      this.shares = shares.map((share) => Math.min(1, Math.max(0, share)));
      this.show();
      this.changed();
    }

    get value() {
      const { x, y } = this.spec;
      return [x, y].map(([low, high], n) => low + this.shares[n] * (high - low));
    }

    set value(place) {
      const { x, y } = this.spec;
      this.shares = [x, y].map(([low, high], n) => (place[n] - low) / (high - low));
      this.show();
    }

    show() {
      ["--x", "--y"].forEach((name, n) => this.mark.style.setProperty(name, this.shares[n]));
      const near = this.near();
      this.inputs.forEach((input, n) => {
        input.value = this.shares[n] * this.spec.steps;
        input.setAttribute("aria-valuetext", [this.places()[n], near].filter(Boolean).join(", "));
      });
      this.label.textContent = this.said();
    }

    near() {
      if (!this.spec.near) return "";
      const { names, cells, grid } = this.spec.near;
      const [column, line] = this.shares.map((share) => Math.min(cells - 1, Math.floor(share * cells)));
      return fill(this.words.near, names[grid[line * cells + column]]);
    }

    places() {
      const { x, y } = this.spec;
      const ways = [x, y];
      return this.value.map((at, n) => written(at, decimals((ways[n][1] - ways[n][0]) / 99)));
    }

    tensor() {
      return floats(this.value, [1, 2]);
    }

    said() {
      return [this.places().join("; "), this.near()].filter(Boolean).join(", ");
    }
  }

  live.controls = { ...live.controls, slider: Slider, choice: Choice, noise: Noise, walk: Walk, plane: Plane };
  live.fill = fill;
  live.gaussians = gaussians;
  live.still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
})();
