// A caption as a control of live models: a line of text, and lists that write one into it
// (live_caption.py).
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});

  class Caption {
    constructor(root, spec, words, changed) {
      Object.assign(this, { spec, changed });
      this.slots = Object.fromEntries(
        [...root.querySelectorAll("[data-slot]")].map((one) => [one.dataset.slot, one]));
      this.form = this.grammar();
      this.line = new live.controls.words(root, spec, words, () => {
        this.follow();
        changed();
      });
      // Who is still typing is not told that the caption is none yet.
      this.line.more = (known, typing) => (typing || this.parse(known) ? [] : [spec.order]);
      // Enter draws, even what stands there already.
      this.line.input.addEventListener("keydown", (event) => event.key === "Enter" && changed());
      for (const one of Object.values(this.slots)) one.addEventListener("change", () => this.write());
      this.follow();
    }

    // The captions that the lists can write, as a pattern with a group for each list.
    grammar() {
      const either = (slot) => [...this.slots[slot].options].map(({ value }) => value).filter(Boolean).join("|");
      const noun = (n) => `a (?:(?<colour${n}>${either("colour")}) )?(?<shape${n}>${either("shape")})`;
      const relations = this.spec.relations.join("|");
      const places = either("where").split("|").filter((one) => !this.spec.relations.includes(one)).join("|");
      return [
        new RegExp(`^a (?:(?<size>${either("size")}) )?${noun("").slice(2)}(?: (?<where>${places}))?$`),
        new RegExp(`^${noun("")} (?<where>${relations}) ${noun("2")}$`),
      ];
    }

    parse(known) {
      const text = known.join(" ");
      return this.form.map((one) => one.exec(text)?.groups).find(Boolean);
    }

    // The lists show what the line says, as far as they can.
    follow() {
      const said = this.parse(this.line.words);
      if (said) {
        const two = this.spec.relations.includes(said.where);
        for (const [slot, list] of Object.entries(this.slots)) {
          if (slot.endsWith("2") && !two) continue;
          const value = said[slot] ?? "";
          if (value || list.options[0].value === "") list.value = value;
        }
      }
      this.arrange();
    }

    // A second object has a colour and a shape, and the first of two has no size.
    arrange() {
      const two = this.spec.relations.includes(this.slots.where.value);
      this.slots.size.parentElement.classList.toggle("live-two", two);
      this.slots.size.hidden = two;
      this.slots.colour2.hidden = !two;
      this.slots.shape2.hidden = !two;
      return two;
    }

    write() {
      const begins = this.slots.shape2.hidden;
      const two = this.arrange();
      if (two && begins) this.differ();
      const { size, colour, shape, where, colour2, shape2 } = Object.fromEntries(
        Object.entries(this.slots).map(([slot, { value }]) => [slot, value]));
      const words = two ? ["a", colour, shape, where, "a", colour2, shape2] : ["a", size, colour, shape, where];
      this.line.value = words.filter(Boolean).join(" ");
      this.changed();
    }

    // The pairs that the model saw differ in both, so a new second object does.
    differ() {
      for (const kind of ["colour", "shape"]) {
        const [first, second] = [this.slots[kind], this.slots[`${kind}2`]];
        const others = [...second.options].map(({ value }) => value)
          .filter((value) => value && value !== first.value);
        if (!others.includes(second.value)) [second.value] = others;
        if (!first.value) first.value = others.find((value) => value !== second.value);
      }
    }

    get value() {
      return this.line.value;
    }

    set value(text) {
      this.line.value = text;
      this.follow();
    }

    get words() {
      return this.line.words;
    }

    tensor() {
      return this.line.tensor();
    }

    said() {
      return this.line.said() || "–";
    }
  }

  live.controls = { ...live.controls, caption: Caption };
})();
