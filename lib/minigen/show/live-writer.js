// A language model that goes on with the reader's words (live_writer.py): it is called
// once a token, and the keys and values that it gave are kept here for the next call.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const KNOBS = ["temperature", "top_k", "top_p", "min_p", "penalty"];
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  // Tokens as text: spaces, capitals, and the marks where they belong (stories.join).
  function join(tokens) {
    let [text, quoted, starts, glued] = ["", false, true, true];
    for (const token of tokens) {
      const closes = token === '"' && quoted;
      if (!(glued || closes || ".,!?\n".includes(token))) text += " ";
      text += starts ? token[0].toUpperCase() + token.slice(1) : token;
      if (token === '"') quoted = !quoted;
      const opens = token === '"' && quoted;
      starts = !closes && (opens || ".!?\n".includes(token));
      glued = opens || token === "\n";
    }
    return text;
  }

  class Writer {
    constructor(figure, spec) {
      Object.assign(this, { figure, spec, words: spec.words, wanted: 0, prompt: [], written: [] });
      this.text = figure.querySelector(".live-text");
      this.described = figure.querySelector(".live-odds > .live-bars[hidden]");
      this.bars = new live.Bars(this.described, spec.words);
      this.buttons = Object.fromEntries([...figure.querySelectorAll("[data-write]")].map(
        (button) => [button.dataset.write, button]));
      const press = (key, act) => this.buttons[key].addEventListener("click", () => {
        act();
        figure.live.change();
      });
      press("one", () => (this.wanted = 1));
      press("on", () => (this.wanted = this.wanted > 1 ? 0 : Infinity));
      press("back", () => {
        this.wanted = 0;
        this.back = true;
      });
      press("again", () => {
        this.wanted = 0;
        this.prompt = [];
      });
    }

    // Called whenever something was turned or pressed; a newer turn (stale) ends it.
    async write(model, feeds, stale, show) {
      this.knobs = Object.fromEntries(KNOBS.map((key) => [key, feeds[key].data[0]]));
      const seed = this.figure.live.controls.luck.value;
      const prompt = this.numbers(feeds.prompt.data);
      if (String(prompt) !== String(this.prompt) || seed !== this.seed) {
        if (!await this.begin(model, prompt, stale)) return this.logits;
        this.seed = seed;
      }
      if (this.back && this.written.length) {
        this.written.pop();
        this.logits = this.given[this.prompt.length + this.written.length - 1];
      }
      this.back = false;
      while (this.wanted > 0 && !this.over() && !stale()) {
        const token = live.decode.pick(this.turned(), this.luck(this.written.length));
        this.wanted -= 1;
        this.written.push(token);
        if (token !== 0) await this.read(model, token);
        if (this.wanted > 0 && !this.over()) {
          show(this.logits);
          await frame();
        }
      }
      if (this.over()) this.wanted = 0;
      return this.logits;
    }

    numbers(data) {
      const found = [...data].map(Number);
      const end = found.indexOf(0, 1); // the first is the beginning, others are padding
      return end < 0 ? found : found.slice(0, end);
    }

    async begin(model, prompt, stale) {
      const size = this.spec.shape.reduce((one, other) => one * other, 1);
      Object.assign(this, { memory: new Float32Array(size), written: [], given: [], prompt: [] });
      for (const token of prompt) {
        await this.read(model, token, this.given.length);
        if (stale()) return false;
      }
      this.prompt = prompt;
      return true;
    }

    async read(model, token, place = this.prompt.length + this.written.length - 1) {
      const { shape } = this.spec;
      const number = (value) => ({ type: "int64", shape: [1], data: BigInt64Array.of(BigInt(value)) });
      const memory = { type: "float32", shape, data: this.memory };
      const begun = performance.now();
      const made = await model.run({ token: number(token), place: number(place), memory });
      this.took = performance.now() - begun;
      const [, , , context, dim] = shape;
      for (let row = 0; row * dim < made.next.length; row += 1) {
        const new_ = made.next.subarray(row * dim, (row + 1) * dim);
        this.memory.set(new_, (row * context + place) * dim);
      }
      this.logits = Float32Array.from(made.picture);
      this.given[place] = this.logits;
    }

    // The numbers from 0 to 1 that draw the words: one sequence for each seed.
    luck(step) {
      if (this.drawn?.seed !== this.seed) {
        this.drawn = { seed: this.seed, next: live.decode.uniforms(this.seed), made: [] };
      }
      while (this.drawn.made.length <= step) this.drawn.made.push(this.drawn.next());
      return this.drawn.made[step];
    }

    turned() {
      return live.decode.turned(this.logits, this.knobs, [...this.prompt, ...this.written]);
    }

    over() {
      return this.written.at(-1) === 0 || this.full();
    }

    full() {
      return this.prompt.length + this.written.length >= this.spec.shape[3];
    }

    draw(values = this.values) {
      this.values = values;
      if (!values || !this.knobs) return;
      const { tokens } = this.spec;
      const begun = join(this.prompt.slice(1).map((token) => tokens[token]));
      const whole = join([...this.prompt.slice(1), ...this.written].map((token) => tokens[token])).trimEnd();
      const more = document.createElement("mark");
      more.textContent = whole.slice(begun.length);
      const end = this.over() ? ` ${this.written.at(-1) === 0 ? this.words.over : this.words.full_text}` : "";
      this.text.replaceChildren(begun, more, end);
      this.bars.draw(this.rows());
      this.buttons.on.textContent = this.wanted > 1 ? this.words.halt : this.words.on;
      this.buttons.one.disabled = this.over();
      this.buttons.on.disabled = this.over();
      this.buttons.back.disabled = !this.written.length;
    }

    rows() {
      const before = live.decode.softmax(this.logits);
      const after = live.decode.softmax(this.turned());
      const order = live.decode.ranked(before);
      const row = (label, chosen) => ({
        label, before: chosen.reduce((sum, token) => sum + before[token], 0),
        after: chosen.reduce((sum, token) => sum + after[token], 0), drawn: false,
      });
      const rest = order.slice(this.spec.rows);
      this.best = [order.reduce((one, other) => (after[other] > after[one] ? other : one), order[0]), after];
      return [
        ...order.slice(0, this.spec.rows).map((token) => row(this.named(token), [token])),
        row(live.fill(this.words.others, rest.length), rest),
      ];
    }

    named(token) {
      return token === 0 ? this.words.end : this.spec.tokens[token];
    }

    said() {
      const [best, after] = this.best;
      return live.fill(this.words.said, this.text.textContent, this.named(best), live.percent(after[best]));
    }
  }

  live.outputs = { ...live.outputs, writer: Writer };
})();
