// Brings live models to life: turns the controls into what the model is fed, runs it (see
// live-model.js) from the first touch on, and shows what it gives.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  //: Milliseconds of rest before a screen reader is told what came out.
  const REST = 700;

  // The controls of a loop: how many steps, run or stop, and the step that is shown.
  class Loop {
    constructor(figure, spec, words, changed, shown) {
      Object.assign(this, { spec, words, changed, shown, pictures: [] });
      const part = (key, tag) => figure.querySelector(`[data-control=${key}] ${tag}`);
      this.steps = part("loop-steps", "select");
      this.step = part("loop-step", "input");
      this.button = part("loop-step", "button");
      this.label = part("loop-step", ".live-value");
      this.counts = this.steps ? [...this.steps.options].map((one) => one.text) : [String(spec.default)];
      this.steps?.addEventListener("change", () => changed());
      this.button.addEventListener("click", () => (this.running ? this.stop() : changed()));
      this.step.addEventListener("input", () => {
        this.wanted = Number(this.step.value);
        if (this.running) {
          this.stop();
        } else if (this.pictures.length) {
          this.show(Math.min(this.wanted, this.pictures.length));
          this.wanted = 0;
        } else {
          changed();
        }
      });
      this.reset();
    }

    get count() {
      return this.steps ? Number(this.counts[this.steps.value]) : this.spec.default;
    }

    reset() {
      if (this.steps) this.steps.value = String(this.counts.indexOf(String(this.spec.default)));
      this.stop();
      this.pictures = [];
      this.say(this.spec.default, this.spec.default);
    }

    stop() {
      this.running = false;
      this.button.textContent = this.words.run;
    }

    say(step, count) {
      this.step.max = count;
      this.step.value = step;
      this.said = live.fill(this.words.step_of, step, count);
      this.label.textContent = this.said;
      this.step.setAttribute("aria-valuetext", this.said);
    }

    show(step) {
      this.say(step, this.total);
      this.shown(this.pictures[step - 1]);
    }

    // Calls the model step by step; a turned control (stale) or the button ends it.
    async run(model, tensors, stale) {
      const { state, start, tables } = this.spec;
      const { [start]: noise, ...fixed } = tensors;
      const table = Object.entries(tables[this.count]);
      const quiet = live.still() || this.wanted;
      let { data } = noise;
      const begun = performance.now();
      this.total = this.count;
      this.pictures = [];
      this.running = true;
      this.button.textContent = this.words.stop;
      for (let step = 0; step < this.total && this.running && !stale(); step += 1) {
        const row = table.map(([name, column]) => [
          name, { type: "float32", shape: [1, 1], data: Float32Array.of(column[step]) },
        ]);
        const feeds = { ...fixed, [state]: { ...noise, data }, ...Object.fromEntries(row) };
        const made = await model.run(feeds);
        data = made.next;
        this.pictures.push(made.picture);
        if (quiet) this.say(step + 1, this.total);
        else this.show(step + 1);
        await frame();
      }
      this.took = performance.now() - begun;
      if (stale()) return;
      const made = this.pictures.length;
      if (made && (quiet || this.wanted)) this.show(Math.min(this.wanted || made, made));
      this.wanted = 0;
      this.stop();
    }
  }

  class Live {
    constructor(figure, load) {
      Object.assign(this, { figure, load, turned: 0, done: 0 });
      this.spec = JSON.parse(figure.dataset.live);
      const { controls, output, loop, words } = this.spec;
      const part = (key) => figure.querySelector(`[data-control=${key}]`);
      const changed = () => this.change();
      this.controls = Object.fromEntries(Object.entries(controls).map(([key, spec]) => [
        key, new live.controls[spec.kind](part(key), spec, words, changed),
      ]));
      this.output = new live.outputs[output.kind](figure, output);
      this.loop = loop && new Loop(figure, loop, words, changed, (values) => this.show(values));
      this.note = figure.querySelector(".live-note");
      this.said = figure.querySelector(".live-said");
      figure.querySelector(".live-controls").hidden = false;
      figure.classList.add("live-on");
      figure.addEventListener("pointerdown", (event) => {
        if (event.target.closest(".live-pad, .live-controls")) this.model();
      });
      const theme = new MutationObserver(() => this.output.draw());
      for (const [one, name] of [[document.documentElement, "data-theme"],
        [document.body, "data-jp-theme-light"]]) theme.observe(one, { attributeFilter: [name] });
    }

    // The model, loaded once; a promise that a failure leaves empty.
    model() {
      this.loading ??= (async () => {
        if (this.output.run) return this.output; // it needs no model
        this.note.textContent = this.spec.words.loading;
        try {
          const model = await this.load();
          this.note.textContent = "";
          return model;
        } catch (error) {
          this.fail(error, "missing");
          return null;
        }
      })();
      return this.loading;
    }

    // Only the newest values count: those that came while the model ran are left out.
    async change() {
      this.turned += 1;
      if (this.busy) return;
      this.busy = true;
      try {
        const model = await this.model();
        while (model && this.done !== this.turned) {
          const turn = this.turned;
          await this.run(model, () => turn !== this.turned);
          this.done = turn;
          await frame();
        }
      } catch (error) {
        this.fail(error, "failed");
      } finally {
        this.busy = false;
      }
    }

    tensors() {
      return Object.fromEntries(Object.entries(this.controls).map(([key, one]) => [key, one.tensor()]));
    }

    async run(model, stale) {
      if (this.loop) await this.loop.run(model, this.tensors(), stale);
      else if (this.output.write) {
        this.show(await this.output.write(model, this.tensors(), stale, (values) => this.show(values)));
      } else this.show((await model.run(this.tensors())).picture);
    }

    show(values) {
      this.figure.classList.add("live-running");
      this.output.described.hidden = false;
      this.output.draw(values);
      const alt = this.alt();
      this.output.described.setAttribute("aria-label", alt);
      clearTimeout(this.rest);
      this.rest = setTimeout(() => (this.said.textContent = alt), REST);
    }

    alt() {
      const { alt, controls } = this.spec;
      const named = /\{(\w+)\}/g;
      if (named.test(alt)) {
        const said = (key) => (key === "shown" ? this.output : this.controls[key])?.said() ?? "";
        return alt.replace(named, (_, key) => said(key));
      }
      const said = Object.entries(this.controls).map(([key, one]) => `${controls[key].label}: ${one.said()}`);
      if (this.loop) said.push(`${this.spec.words.step}: ${this.loop.said}`);
      return `${alt} ${said.join("; ")}.`;
    }

    // A sentence says what is wrong; the still is back, and nothing seems to work that
    // does not.
    fail(error, otherwise) {
      console.error(error);
      this.failed = live.kindOf(error, otherwise);
      this.note.textContent = this.spec.words[this.failed] ?? this.spec.words.failed;
      clearTimeout(this.rest);
      this.said.textContent = "";
      this.loop?.reset();
      for (const [key, one] of Object.entries(this.controls)) one.value = this.spec.controls[key].start;
      this.output.described.hidden = true;
      this.figure.classList.remove("live-running");
      this.figure.classList.add("live-failed");
      for (const one of this.figure.querySelectorAll("input, select, button")) one.disabled = true;
    }
  }

  // In JupyterLab (live_widget.py).
  live.render = ({ model, el }) => {
    el.innerHTML = model.get("markup");
    const figure = el.querySelector("figure");
    figure.live = new Live(figure, async () => live.inKernel(model));
  };

  function all() {
    for (const figure of document.querySelectorAll("figure[data-live]")) {
      if (!figure.closest(".jp-Notebook")) {
        figure.live ??= new Live(figure, () => live.inPage(figure.dataset.model));
      }
    }
  }

  if (document.currentScript) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
    else all();
  }
})();
