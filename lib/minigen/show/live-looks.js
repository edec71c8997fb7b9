// A sentence whose words show where they look (live_looks.py): a word is pointed at by the
// mouse, a finger or the arrow keys.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const WRITTEN = 0.02;
  const NAMED = 3;

  // As live_odds.percent writes it.
  const percent = (share) => {
    if (share === 0) return "0 %";
    const digits = share >= 0.1 ? 0 : share >= 0.001 ? 1 : 2;
    const text = (100 * share).toFixed(digits);
    return Number(text) === 0 ? "< 0.01 %" : `${text} %`;
  };

  class Looks {
    constructor(figure, spec) {
      Object.assign(this, { figure, spec, told: figure.querySelector(".live-look") });
      this.described = figure.querySelector(".live-sentence[role=toolbar]");
      this.first = this.told.textContent;
      this.described.addEventListener("keydown", (event) => this.key(event));
    }

    get control() {
      return this.figure.live.controls[this.spec.text];
    }

    draw(values = this.values) {
      this.values = values;
      if (!values) return;
      const { words } = this.control;
      const last = words.length - 1;
      if (String(words) !== String(this.words)) {
        // Whoever goes on typing looks from the last word; a word that was chosen stays.
        const kept = this.picked !== undefined && this.picked < last ? this.picked : undefined;
        this.words = words;
        this.picked = kept;
        this.described.replaceChildren(...words.map((word, place) => this.tile(word, place)));
      }
      this.choose(this.picked ?? Math.max(0, last + 1 - this.spec.at), false);
    }

    tile(word, place) {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "live-word";
      const [name, share] = ["b", "small"].map((tag) => made.appendChild(document.createElement(tag)));
      name.textContent = word;
      share.textContent = "";
      made.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.choose(place));
      made.addEventListener("click", () => this.choose(place));
      made.addEventListener("focus", () => this.choose(place));
      return made;
    }

    key(event) {
      const last = this.words.length - 1;
      const to = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: last }[event.key];
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.described.children[Math.min(last, Math.max(0, to))].focus();
    }

    choose(place, byHand = true) {
      this.at = place;
      if (byHand) this.picked = place;
      const row = this.row(place);
      [...this.described.children].forEach((tile, n) => {
        const weight = row.looks[n];
        tile.style.setProperty("--w", weight.toFixed(3));
        tile.lastChild.textContent = weight >= WRITTEN ? percent(weight) : "";
        tile.classList.toggle("live-chosen", n === place);
        tile.setAttribute("aria-pressed", n === place);
        tile.tabIndex = n === place ? 0 : -1;
      });
      this.told.textContent = this.said();
    }

    row(place) {
      const { places, vocabulary } = this.control.spec;
      const begin = place * (places + vocabulary.length);
      return {
        looks: this.values.slice(begin, begin + places),
        odds: this.values.slice(begin + places, begin + places + vocabulary.length),
      };
    }

    said() {
      const { looks, odds } = this.row(this.at);
      const seen = looks.slice(0, this.words.length);
      const most = seen.indexOf(Math.max(...seen));
      const { vocabulary } = this.control.spec;
      const order = [...odds.keys()].sort((one, other) => odds[other] - odds[one] || one - other);
      const next = order.slice(0, NAMED).map((n) => `“${vocabulary[n]}” ${percent(odds[n])}`).join(", ");
      const { words } = this.spec;
      return `${live.fill(words.looks, this.words[this.at], this.words[most], percent(seen[most]))} `
        + live.fill(words.expects, next);
    }
  }

  live.outputs = { ...live.outputs, looks: Looks };
})();
