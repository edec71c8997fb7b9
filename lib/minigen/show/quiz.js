// Real or generated? The quiz of show/quiz.py: it asks, keeps the score while the page is
// open, and says what the score means, with the formulas of minigen.quiz. Nothing is
// stored or sent. Texts enter the page as text and never as HTML.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz";
  const Z95 = 1.959963984540054;

  // ---- What a score says ----

  // Wilson's interval of a share.
  function wilson(right, asked) {
    const share = right / asked;
    const z2 = Z95 ** 2;
    const middle = (share + z2 / (2 * asked)) / (1 + z2 / asked);
    const spread = Math.sqrt((share * (1 - share)) / asked + z2 / (4 * asked ** 2));
    const reach = (spread * Z95) / (1 + z2 / asked);
    return [right === 0 ? 0 : middle - reach, right === asked ? 1 : middle + reach];
  }

  // How often coin flips get that many right, or more.
  function byChance(right, asked) {
    let ways = 0.5 ** asked; // of none right
    let sum = 0;
    for (let k = 0; k <= asked; k += 1) {
      if (k >= right) sum += ways;
      ways *= (asked - k) / (k + 1);
    }
    return Math.min(1, sum);
  }

  const bell = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

  // The standard normal's quantile, by Acklam's rational approximations (2003).
  function quantile(p) {
    const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687,
      138.357751867269, -30.66479806614716, 2.506628277459239];
    const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866,
      66.80131188771972, -13.28068155288572, 1];
    const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838,
      -2.549732539343734, 4.374664141464968, 2.938163982698783];
    const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996,
      3.754408661907416, 1];
    const of = (terms, x) => terms.reduce((sum, term) => sum * x + term, 0);
    if (p > 0.97575) return -quantile(1 - p);
    if (p < 0.02425) {
      const q = Math.sqrt(-2 * Math.log(p));
      return of(c, q) / of(d, q);
    }
    const q = p - 0.5;
    return (q * of(a, q * q)) / of(b, q * q);
  }

  // d′, its interval, and the criterion; half an answer is added to every count.
  function dPrime(hits, generated, alarms, real) {
    const rates = [[hits, generated], [alarms, real]].map(
      ([some, all]) => [(some + 0.5) / (all + 1), all]);
    const at = rates.map(([rate]) => quantile(rate));
    const variance = rates.reduce(
      (sum, [rate, all], n) => sum + (rate * (1 - rate)) / all / bell(at[n]) ** 2, 0);
    const value = at[0] - at[1];
    const reach = Z95 * Math.sqrt(variance);
    return { value, low: value - reach, high: value + reach,
      criterion: -(at[0] + at[1]) / 2 };
  }

  // ---- The quiz ----

  const filled = (text, ...parts) => text.replace(/\{\}/g, () => parts.shift());
  const percent = (share) => `${Math.round(100 * share)} %`;
  const signed = (value) => {
    const text = value.toFixed(1).replace("-0.0", "0.0");
    return text.replace("-", "−");
  };

  class Quiz {
    constructor(figure) {
      this.figure = figure;
      Object.assign(this, JSON.parse(figure.dataset.quiz));
      const part = (name) => figure.querySelector(`.quiz-${name}`);
      [this.item, this.side, this.count, this.verdict, this.result] =
        ["item", "side", "count", "verdict", "result"].map(part);
      this.answers = [...figure.querySelectorAll("[data-says]")];
      this.next = figure.querySelector("[data-do=next]");
      this.random = Math.random;
      this.pools = {};
      for (const button of this.answers) {
        button.addEventListener("click", () => this.answer(button.dataset.says));
      }
      this.next.addEventListener("click", () => this.go());
      const does = { more: () => this.go(), again: () => this.begin() };
      for (const [what, run] of Object.entries(does)) {
        figure.querySelector(`[data-do=${what}]`).addEventListener("click", run);
      }
      figure.addEventListener("keydown", (event) => this.key(event));
      figure.classList.add("live-on");
      this.begin(false);
    }

    // Letters answer where the focus is in the quiz, and nowhere else.
    key(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || this.result.hidden === false) return;
      const { keys } = this.words;
      const says = Object.keys(keys).find((one) => keys[one] === event.key.toLowerCase());
      if (!says) return;
      event.preventDefault();
      if (this.open) this.answer(says);
    }

    begin(focus = true) {
      this.told = []; // {who, says}: who is "" for what is real
      this.pools = {};
      this.ask(focus);
    }

    go() {
      const done = this.told.length && this.told.length % this.rounds === 0;
      if (done && this.result.hidden) this.show();
      else this.ask();
    }

    // An item of this maker that has not been shown, while there is one.
    draw(who) {
      const all = who ? this.made[who] : this.real;
      if (!this.pools[who]?.length) this.pools[who] = all.map((_, at) => at);
      const pool = this.pools[who];
      return all[pool.splice(Math.floor(this.random() * pool.length), 1)[0]];
    }

    ask(focus = true) {
      const makers = Object.keys(this.made);
      const isReal = this.random() < 0.5;
      this.who = isReal ? "" : makers[Math.floor(this.random() * makers.length)];
      this.item.replaceChildren(this.drawn(this.draw(this.who)));
      this.open = true;
      this.result.hidden = true;
      this.side.hidden = this.item.hidden = false;
      this.verdict.textContent = "";
      this.verdict.className = "quiz-verdict";
      this.next.disabled = true;
      for (const button of this.answers) {
        button.disabled = false;
        button.setAttribute("aria-pressed", "false");
      }
      const number = this.told.length + 1;
      const last = Math.ceil(number / this.rounds) * this.rounds;
      this.count.textContent = filled(this.words.count, number, last);
      this.item.setAttribute("aria-label", this.words[this.shape ? "picture" : "text"]);
      if (focus) this.item.focus({ preventScroll: true });
    }

    drawn(content) {
      if (!this.shape) {
        const text = document.createElement("blockquote");
        text.textContent = content;
        return text;
      }
      const [channels, height, width] = this.shape;
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("shape-rendering", "crispEdges");
      svg.setAttribute("aria-hidden", "true");
      const value = (at) => LEVELS.indexOf(content[at]) / (LEVELS.length - 1);
      for (let at = 0; at < height * width; at += 1) {
        const pixel = document.createElementNS(svg.namespaceURI, "rect");
        const look = { x: at % width, y: Math.floor(at / width), width: 1, height: 1 };
        if (channels === 1) {
          look.fill = "currentColor";
          look["fill-opacity"] = value(at).toFixed(3);
        } else {
          const rgb = [0, 1, 2].map((c) => Math.round(255 * value(c * height * width + at)));
          look.fill = `rgb(${rgb})`;
        }
        for (const [name, set] of Object.entries(look)) pixel.setAttribute(name, set);
        svg.append(pixel);
      }
      return svg;
    }

    answer(says) {
      if (!this.open) return;
      this.open = false;
      this.told.push({ who: this.who, says });
      const right = (says === "real") === (this.who === "");
      const { words } = this;
      const truth = this.who ? filled(words.was_made, this.who) : words.was_real;
      this.verdict.textContent = `${right ? words.right : words.wrong} ${truth}`;
      this.verdict.classList.add(right ? "quiz-right" : "quiz-wrong");
      for (const button of this.answers) {
        button.disabled = true;
        button.setAttribute("aria-pressed", String(button.dataset.says === says));
      }
      this.next.disabled = false;
      this.next.focus({ preventScroll: true });
    }

    get score() {
      const is = (who) => (one) => (one.who !== "") === who;
      const generated = this.told.filter(is(true));
      const real = this.told.filter(is(false));
      const said = (all) => all.filter(({ says }) => says === "made").length;
      const [hits, alarms] = [said(generated), said(real)];
      return { hits, generated: generated.length, alarms, real: real.length,
        right: hits + real.length - alarms, asked: this.told.length };
    }

    show() {
      const { words, score } = this;
      this.side.hidden = this.item.hidden = true;
      this.result.hidden = false;
      const write = (name, text) => {
        this.figure.querySelector(`.quiz-${name}`).textContent = text;
      };
      const share = score.right / score.asked;
      const [low, high] = wilson(score.right, score.asked);
      write("score", filled(words.score, score.right, score.asked, percent(share)));
      const place = low > 0.5 ? words.above : high < 0.5 ? words.below : words.inside;
      const luck = byChance(score.right, score.asked);
      const odds = luck < 0.001 ? words.rare : percent1(luck);
      write("meaning", filled(`${words.interval} ${place} ${words.chance}`,
        percent(low), percent(high), score.right, odds));
      const scale = this.figure.querySelector(".quiz-scale");
      scale.setAttribute("aria-label", filled(words.scale, percent(share), percent(low),
        percent(high)));
      for (const [name, at] of Object.entries({ low, high, share })) {
        scale.style.setProperty(`--${name}`, at);
      }
      write("dprime", score.real && score.generated ? this.sensitivity(score) : "");
      this.figure.querySelector(".quiz-sources").replaceChildren(
        ...this.bySource().map((text) => {
          const line = document.createElement("li");
          line.textContent = text;
          return line;
        }));
      this.figure.querySelector("[data-do=more]").textContent =
        filled(words.more, this.rounds);
      this.result.focus({ preventScroll: true });
    }

    sensitivity({ hits, generated, alarms, real }) {
      const d = dPrime(hits, generated, alarms, real);
      return filled(this.words.dprime, signed(d.value), signed(d.low), signed(d.high),
        hits + alarms, generated);
    }

    // How often each maker was found out, and how often real ones were doubted.
    bySource() {
      const { words } = this;
      return ["", ...Object.keys(this.made)].flatMap((who) => {
        const of = this.told.filter((one) => one.who === who);
        if (!of.length) return [];
        const said = of.filter(({ says }) => says === "made").length;
        return who === "" ? filled(words.doubted, said, of.length)
          : filled(words.found, who, said, of.length);
      });
    }
  }

  const percent1 = (share) => `${(100 * share).toFixed(1)} %`;

  live.quiz = { wilson, byChance, dPrime, quantile };

  // In JupyterLab (quiz.py).
  live.renderQuiz = ({ model, el }) => {
    el.innerHTML = model.get("markup");
    const figure = el.querySelector("figure");
    figure.quiz = new Quiz(figure);
    // JupyterLab's own letters would answer too.
    el.addEventListener("keydown", (event) => event.stopPropagation());
  };

  function all() {
    for (const figure of document.querySelectorAll("figure[data-quiz]")) {
      if (!figure.closest(".jp-Notebook")) figure.quiz ??= new Quiz(figure);
    }
  }

  if (globalThis.document?.currentScript) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
    else all();
  }
})();
