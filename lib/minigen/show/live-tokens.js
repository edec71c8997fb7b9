// A tokenizer under the reader's hand: byte pairs as minigen.tokens has them, and the
// figure of live_tokens.py, which cuts what the reader types. What was typed enters the
// page as text and never as HTML.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  //: Milliseconds of rest before a screen reader is told what came out.
  const REST = 700;

  // Python's classes of characters (PIECES in tokens.py), as JavaScript writes them.
  const SPACE =
    "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const PIECES = new RegExp(
    [
      " ?[\\p{L}\\p{Nl}\\p{No}]+",
      " ?\\p{Nd}+",
      ` ?[^${SPACE}\\p{L}\\p{N}]+`,
      `[${SPACE}]+(?![^${SPACE}])`,
      `[${SPACE}]+`,
    ].join("|"),
    "gu",
  );
  // The 256 bytes in the order of the vocabulary: those that print, then the others.
  const prints = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const BYTES = [...Array(256).keys()];
  const ORDER = [...BYTES.filter(prints), ...BYTES.filter((byte) => !prints(byte))];
  const NUMBER = new Map(ORDER.map((byte, token) => [byte, token]));
  const hex = (byte) => byte.toString(16).padStart(2, "0");

  class BytePairs {
    // The merges in the order they were learned, as numbers of tokens: a, b, a, b, …
    constructor(merges) {
      this.bytes = ORDER.map((byte) => [byte]);
      this.made = new Map(); // token -> the rank of the merge that first made it
      this.pairs = []; // rank -> the two tokens
      this.ranks = new Map(); // pair -> rank
      this.into = []; // rank -> the token that it makes
      const known = new Map(this.bytes.map((bytes, token) => [String(bytes), token]));
      for (let at = 0; at < merges.length; at += 2) {
        const [a, b] = [merges[at], merges[at + 1]];
        const bytes = [...this.bytes[a], ...this.bytes[b]];
        const rank = this.pairs.length;
        // Two merges can make the same bytes: that is one token, not two.
        if (!known.has(String(bytes))) {
          known.set(String(bytes), this.bytes.length);
          this.made.set(this.bytes.length, rank);
          this.bytes.push(bytes);
        }
        this.pairs.push([a, b]);
        this.ranks.set(BytePairs.key(a, b), rank);
        this.into.push(known.get(String(bytes)));
      }
    }

    static key(a, b) {
      return a * 2 ** 24 + b;
    }

    get count() {
      return this.pairs.length;
    }

    // The size of the vocabulary after the first merges.
    sizeOf(merges) {
      return Math.max(BYTES.length, 1 + Math.max(-1, ...this.into.slice(0, merges)));
    }

    // The tokens of a text, with the first merges only, as fewer would have been learned.
    encode(text, merges = this.count) {
      const kept = new Map();
      return (text.match(PIECES) ?? []).flatMap((piece) => {
        if (!kept.has(piece)) kept.set(piece, this.ofPiece(piece, merges));
        return kept.get(piece);
      });
    }

    ofPiece(piece, merges) {
      let parts = [...new TextEncoder().encode(piece)].map((byte) => NUMBER.get(byte));
      while (parts.length > 1) {
        let first = merges;
        for (let at = 0; at + 1 < parts.length; at += 1) {
          const rank = this.ranks.get(BytePairs.key(parts[at], parts[at + 1]));
          if (rank < first) first = rank;
        }
        if (first === merges) break;
        parts = this.merged(parts, first);
      }
      return parts;
    }

    merged(parts, rank) {
      const [a, b] = this.pairs[rank];
      const joined = [];
      for (let at = 0; at < parts.length; at += 1) {
        const meets = parts[at] === a && parts[at + 1] === b;
        joined.push(meets ? this.into[rank] : parts[at]);
        if (meets) at += 1;
      }
      return joined;
    }

    decode(tokens) {
      const bytes = Uint8Array.from(tokens.flatMap((token) => this.bytes[token]));
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    }

    // What a reader sees of one token: half a character as its bytes.
    textOf(token) {
      const bytes = Uint8Array.from(this.bytes[token]);
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        return this.bytes[token].map((byte) => `⟨${hex(byte)}⟩`).join("");
      }
    }

    // The ranks of all merges that a token is made of, in the order they were learned.
    historyOf(token) {
      const ranks = new Set();
      const visit = (one) => {
        if (!this.made.has(one)) return;
        ranks.add(this.made.get(one));
        this.pairs[this.made.get(one)].forEach(visit);
      };
      visit(token);
      return [...ranks].sort((a, b) => a - b);
    }
  }

  class Tokens {
    constructor(figure) {
      this.figure = figure;
      const { merges, words, examples } = JSON.parse(figure.dataset.tokens);
      Object.assign(this, { words, pairs: new BytePairs(merges), numbers: false });
      const part = (name) => figure.querySelector(`.tokens-${name}`);
      this.text = figure.querySelector("textarea");
      this.slider = figure.querySelector("input");
      this.value = figure.querySelector("[data-control=merges] .live-value");
      [this.count, this.list, this.about] = ["count", "list", "about"].map(part);
      this.said = figure.querySelector(".live-said");
      this.text.addEventListener("input", () => this.show());
      this.slider.addEventListener("input", () => this.show());
      figure.querySelectorAll("[data-example]").forEach((button) =>
        button.addEventListener("click", () => {
          this.text.value = examples[button.dataset.example];
          this.show();
        }));
      this.toggle = figure.querySelector("[aria-pressed]");
      this.toggle.addEventListener("click", () => {
        this.numbers = !this.numbers;
        this.toggle.setAttribute("aria-pressed", String(this.numbers));
        this.show();
      });
      this.follow();
      figure.classList.add("live-on");
      this.show();
      this.said.textContent = "";
    }

    follow() {
      const of = (event) => event.target.closest("[data-at]");
      for (const kind of ["pointerover", "click"]) {
        this.list.addEventListener(kind, (event) => {
          if (of(event)) this.choose(Number(of(event).dataset.at));
        });
      }
      const ways = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1,
        Home: -Infinity, End: Infinity };
      this.list.addEventListener("keydown", (event) => {
        if (!(event.key in ways) || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const last = this.tokens.length - 1;
        this.choose(Math.min(last, Math.max(0, (this.chosen ?? -1) + ways[event.key])));
        this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
      });
      this.list.addEventListener("focus", () => this.choose(this.chosen ?? 0));
    }

    // Spaces and line ends as signs for the eye, and as words for the ear.
    seen(token) {
      const { signs } = this.words;
      return [...this.pairs.textOf(token)].map((one) => signs[one] ?? one).join("");
    }

    heard(token) {
      const { spoken } = this.words;
      const told = [...this.pairs.textOf(token)].map((one) => (spoken[one] ? ` ${spoken[one]} ` : one));
      return told.join("").replace(/ +/g, " ").trim();
    }

    show() {
      const { words, pairs } = this;
      const merges = Number(this.slider.value);
      const text = this.text.value;
      this.tokens = pairs.encode(text, merges);
      const number = (value) => value.toLocaleString("en");
      const size = live.filled(words.size, number(merges), number(pairs.sizeOf(merges)));
      this.value.textContent = size;
      this.slider.setAttribute("aria-valuetext", size);
      const bytes = new TextEncoder().encode(text).length;
      this.count.textContent = this.tokens.length
        ? live.filled(words.count, number(this.tokens.length), number(bytes),
          number([...text].length), (bytes / this.tokens.length).toFixed(2))
        : words.empty;
      this.list.replaceChildren(...this.tokens.map((token, at) => this.tile(token, at)));
      this.choose(null);
      clearTimeout(this.rest);
      this.rest = setTimeout(() => (this.said.textContent = this.count.textContent), REST);
    }

    tile(token, at) {
      const tile = document.createElement("li");
      tile.setAttribute("role", "option");
      tile.setAttribute("aria-selected", "false");
      tile.id = `${this.list.id}-${at}`;
      tile.dataset.at = at;
      tile.textContent = this.numbers ? String(token) : this.seen(token);
      if (!this.numbers) tile.setAttribute("aria-label", this.heard(token));
      return tile;
    }

    choose(at) {
      const chosen = at !== null && at < this.tokens.length ? at : null;
      this.list.children[this.chosen]?.setAttribute("aria-selected", "false");
      this.chosen = chosen;
      const tile = this.list.children[chosen];
      tile?.setAttribute("aria-selected", "true");
      if (tile) this.list.setAttribute("aria-activedescendant", tile.id);
      else this.list.removeAttribute("aria-activedescendant");
      this.about.textContent = tile ? this.told(this.tokens[chosen]) : this.words.choose;
    }

    told(token) {
      const { words, pairs } = this;
      const bytes = pairs.bytes[token].map(hex).join(" ");
      const steps = pairs.historyOf(token).map((rank) => live.filled(
        words.merge, ...pairs.pairs[rank].map((one) => this.seen(one)), rank + 1));
      const about = live.filled(words.token, token, this.seen(token), bytes);
      return `${about} ${steps.length ? live.filled(words.made, steps.join(", ")) : words.byte}`;
    }
  }

  // In one go, so that what is put in is never taken for a place to put something.
  live.filled = (text, ...parts) => text.replace(/\{\}/g, () => parts.shift());

  // In JupyterLab (live_tokens.py).
  live.renderTokens = ({ model, el }) => {
    el.innerHTML = model.get("markup");
    const figure = el.querySelector("figure");
    figure.tokens = new Tokens(figure);
  };
  live.BytePairs = BytePairs;

  function all() {
    for (const figure of document.querySelectorAll("figure[data-tokens]")) {
      if (!figure.closest(".jp-Notebook")) figure.tokens ??= new Tokens(figure);
    }
  }

  if (globalThis.document?.currentScript) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
    else all();
  }
})();
