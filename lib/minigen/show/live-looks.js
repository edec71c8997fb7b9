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

  // The words as buttons in a row, of which the arrow keys reach one after the other.
  class Tiles {
    // `on` maps a kind of event to what is done with the place of the word.
    constructor(root, on) {
      Object.assign(this, { root, on });
      root.addEventListener("keydown", (event) => this.key(event));
    }

    set words(words) {
      this.root.replaceChildren(...words.map((word, place) => this.tile(word, place)));
    }

    tile(word, place) {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "live-word";
      const [name] = ["b", "small"].map((tag) => made.appendChild(document.createElement(tag)));
      name.textContent = word;
      for (const [kind, act] of Object.entries(this.on)) {
        const mouse = kind.startsWith("pointer");
        made.addEventListener(kind, (event) => (!mouse || event.pointerType === "mouse") && act(place));
      }
      return made;
    }

    key(event) {
      const tiles = [...this.root.children];
      const [at, last] = [tiles.indexOf(event.target), tiles.length - 1];
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
      if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      tiles[Math.min(last, Math.max(0, to))].focus();
    }

    // Shows the weight of each word, which one is `shown`, and which one is `pressed`.
    show(weights, shown, pressed = shown) {
      [...this.root.children].forEach((tile, n) => {
        const weight = weights?.[n] ?? 0;
        tile.style.setProperty("--w", weight.toFixed(3));
        tile.lastChild.textContent = weight >= WRITTEN ? percent(weight) : "";
        tile.classList.toggle("live-chosen", n === shown);
        tile.setAttribute("aria-pressed", n === pressed);
        tile.tabIndex = n === (shown ?? 0) ? 0 : -1;
      });
    }
  }

  class Looks {
    constructor(figure, spec) {
      Object.assign(this, { figure, spec, told: figure.querySelector(".live-look") });
      this.described = figure.querySelector(".live-sentence[role=toolbar]");
      const choose = (place) => this.choose(place);
      this.tiles = new Tiles(this.described, { pointerenter: choose, click: choose, focus: choose });
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
        this.tiles.words = words;
      }
      this.choose(this.picked ?? Math.max(0, last + 1 - this.spec.at), false);
    }

    choose(place, byHand = true) {
      this.at = place;
      if (byHand) this.picked = place;
      this.tiles.show(this.row(place).looks, place);
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
  live.Tiles = Tiles;
})();
