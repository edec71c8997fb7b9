// The odds of the next token as bars, and the knobs that change them (live_odds.py and
// live_knobs.py). The strategies are those of live-decode.js, so no model is asked.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const KNOBS = ["temperature", "top_k", "top_p", "min_p", "penalty"];
  //: What a full bar can stand for: the smallest of these that all bars fit in.
  const FULL = [0.02, 0.05, 0.1, 0.2, 0.5, 1];

  // A slider over a list of values, each with its own words.
  class Stops extends live.controls.slider {
    tensor() {
      const data = Float32Array.of(this.spec.values[this.value]);
      return { type: "float32", shape: [1, 1], data };
    }

    said() {
      return this.spec.names[this.value];
    }
  }

  // A number from 0 to 1 by chance; the button draws the next one.
  class Luck extends live.controls.noise {
    tensor() {
      const data = Float32Array.of(live.decode.uniforms(this.value)());
      return { type: "float32", shape: [1, 1], data };
    }
  }

  function percent(share) {
    if (share === 0) return "0 %";
    const digits = share >= 0.1 ? 0 : share >= 0.001 ? 1 : 2;
    const text = (100 * share).toFixed(digits);
    return Number(text) === 0 ? "< 0.01 %" : `${text} %`;
  }

  function part(kind, ...inside) {
    const made = document.createElement("div");
    made.className = kind;
    made.append(...inside);
    return made;
  }

  // Rows of bars: what the model gave, and what the knobs made of it. A row is
  // {label, before, after, drawn, rest}; `after` is 0 for a token that is out. The row of
  // all others together (`rest`) has no bar, so that those of single tokens compare.
  class Bars {
    constructor(root, words) {
      Object.assign(this, { root, words });
    }

    // `note` stands beside the scale.
    draw(rows, note = "") {
      const single = rows.filter(({ rest }) => !rest);
      const most = Math.max(...single.map(({ before, after }) => Math.max(before, after)));
      const full = FULL.find((one) => most <= one + 1e-9) ?? 1;
      const lines = rows.map(({ label, before, after, drawn, rest }) => {
        const track = part("live-track", part("live-before"), part("live-after"));
        [before, after].forEach((share, n) => {
          track.children[n].style.inlineSize = `${(100 * share) / full}%`;
          track.children[n].hidden = Boolean(rest);
        });
        const said = after > 0 ? percent(after) : this.words.out;
        const line = part("live-bar", part("live-token", label), track, part("live-share", said));
        if (after === 0) line.classList.add("live-out");
        if (drawn) line.classList.add("live-drawn");
        return line;
      });
      const scale = [live.fill(this.words.full, percent(full)), note].filter(Boolean).join(" · ");
      this.root.replaceChildren(...lines, part("live-scale", scale));
    }
  }

  // An output that is its own model: odds after the knobs, and the token that is drawn.
  class Odds {
    constructor(figure, spec) {
      Object.assign(this, { spec, words: spec.words });
      this.described = figure.querySelector(".live-odds > .live-bars[hidden]");
      this.bars = new Bars(this.described, spec.words);
    }

    async run(feeds) {
      const { logits, seen } = this.spec.texts[feeds.text ? Number(feeds.text.data[0]) : 0];
      const knobs = Object.fromEntries(
        KNOBS.filter((key) => feeds[key]).map((key) => [key, feeds[key].data[0]]));
      const turned = live.decode.turned(logits, knobs, seen);
      const [before, after] = [logits, turned].map(live.decode.softmax);
      const drawn = feeds.luck ? live.decode.pick(turned, feeds.luck.data[0]) : null;
      return { picture: { before, after, drawn } };
    }

    draw(values = this.values) {
      this.values = values;
      if (values) this.bars.draw(this.rows(), this.told());
    }

    // The likeliest tokens before any knob was turned, and all others together.
    rows() {
      const { before, after, drawn } = this.values;
      const order = live.decode.ranked(before);
      const rows = order.slice(0, this.spec.rows).map((token) => ({
        label: this.spec.tokens[token], before: before[token], after: after[token], drawn: token === drawn,
      }));
      const rest = order.slice(this.spec.rows);
      if (rest.length) {
        const sum = (odds) => rest.reduce((total, token) => total + odds[token], 0);
        rows.push({
          label: live.fill(this.words.others, rest.length),
          before: sum(before), after: sum(after), drawn: rest.includes(drawn), rest: true,
        });
      }
      return rows;
    }

    // Which token was drawn, in words, for it may be among the others.
    told() {
      const { drawn } = this.values;
      return drawn === null ? "" : live.fill(this.words.drawn, this.spec.tokens[drawn]);
    }

    said() {
      const { after } = this.values;
      const left = after.filter((share) => share > 0).length;
      const first = live.decode.greedy(after);
      const text = live.fill(this.words.left, left, after.length, this.spec.tokens[first], percent(after[first]));
      return [text, this.told()].filter(Boolean).join(" ");
    }
  }

  live.controls = { ...live.controls, stops: Stops, luck: Luck };
  live.outputs = { ...live.outputs, odds: Odds };
  Object.assign(live, { Bars, percent });
})();
