// A line of text as a control of live models: the words of a vocabulary, and kind words
// about those that it lacks (live_text.py). Beside what every control has, it has
//   words      what the model is fed, as words
//   more       a function that may be set: what else is to be told of known words
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const PARTS = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[^\s\p{L}\p{N}]/gu;
  const cut = (text) => text.match(PARTS) ?? [];
  //: How many unknown words are named.
  const NAMED = 4;

  class Words {
    constructor(root, spec, words, changed) {
      Object.assign(this, { spec, told: root.querySelector(".live-told"), say: words });
      this.input = root.querySelector("input[type=text]");
      this.known = new Map();
      for (const [number, word] of spec.vocabulary.entries()) {
        if (!this.known.has(word.toLowerCase())) this.known.set(word.toLowerCase(), number);
      }
      for (const [number, word] of spec.vocabulary.entries()) this.known.set(word, number);
      this.input.addEventListener("input", () => this.read(true) && changed());
      // Who leaves the line or presses Enter has typed the last word.
      this.input.addEventListener("change", () => this.read(false));
      this.value = spec.start;
    }

    get value() {
      return this.input.value;
    }

    set value(text) {
      this.input.value = text;
      this.read(false);
    }

    number(part) {
      return this.known.get(part) ?? this.known.get(part.toLowerCase());
    }

    // Takes the line in; false when the model has nothing new to read.
    read(typing) {
      const { begin, places, vocabulary, first, hints } = this.spec;
      const parts = cut(this.value);
      // A word that may yet become a known one is waited for.
      const last = typing && /[\p{L}\p{N}]$/u.test(this.value) ? parts.at(-1).toLowerCase() : "";
      const grows = last && this.number(last) === undefined
        && [...this.known.keys()].some((word) => word.startsWith(last));
      const whole = grows ? parts.slice(0, -1) : parts;
      const numbers = whole.map((part) => this.number(part)).filter((one) => one !== undefined);
      const unknown = [...new Set(whole.filter((part) => this.number(part) === undefined))];
      const room = places - begin.length;
      const empty = !numbers.length && !begin.length;
      const kept = first ? numbers.slice(0, room) : numbers.slice(-room);
      const told = [];
      if (unknown.length) {
        const more = unknown.length > NAMED ? " …" : "";
        const named = unknown.slice(0, NAMED).map((one) => {
          const hint = hints && Object.hasOwn(hints, one.toLowerCase()) && hints[one.toLowerCase()];
          return `“${one}”${hint ? ` ${live.fill(this.say.instead, hint)}` : ""}`;
        });
        told.push(live.fill(this.say.unknown, named.join(", ") + more));
      }
      if (numbers.length > room) told.push(live.fill(first ? this.say.longer_first : this.say.longer, room));
      if (empty) told.push(this.spec.empty ?? this.say.empty);
      else if (this.more) told.push(...this.more(kept.map((number) => vocabulary[number]), typing));
      const text = told.join(" ");
      if (this.told.textContent !== text) this.told.textContent = text;
      if (empty && !this.spec.empty) return false;
      const before = String(this.numbers);
      this.numbers = [...begin, ...kept];
      this.words = this.numbers.map((number) => vocabulary[number]);
      return String(this.numbers) !== before;
    }

    tensor() {
      const { places, pad } = this.spec;
      const data = new BigInt64Array(places).fill(BigInt(pad));
      this.numbers.forEach((number, place) => (data[place] = BigInt(number)));
      return { type: "int64", shape: [1, places], data };
    }

    said() {
      return this.words.slice(this.spec.begin.length).join(" ");
    }
  }

  live.controls = { ...live.controls, words: Words };
})();
