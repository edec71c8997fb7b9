// Who picks the next token: the strategies of minigen.decode, for the page. Each takes
// logits and returns new ones, with -Infinity for a token that must not be chosen.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});

  function best(logits) {
    return logits.reduce((at, value, index) => (value > logits[at] ? index : at), 0);
  }

  function softmax(logits) {
    const most = logits[best(logits)];
    const weights = Float64Array.from(logits, (value) => Math.exp(value - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  }

  // The tokens from the most likely to the least; of equals the first comes first.
  function ranked(logits) {
    return [...logits.keys()].sort((one, other) => logits[other] - logits[one] || one - other);
  }

  function only(logits, kept) {
    const made = new Float64Array(logits.length).fill(-Infinity);
    for (const token of kept) made[token] = logits[token];
    return made;
  }

  function refuseNoShare(p) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`p=${p}: give a share between 0 and 1`);
  }

  function temperature(logits, value) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`temperature ${value}: give 0 (the best token) or more`);
    }
    if (value === 0) return topK(logits, 1);
    return Float64Array.from(logits, (one) => one / value);
  }

  function topK(logits, k) {
    if (!(k >= 1)) throw new RangeError(`k=${k}: keep at least one token`);
    return only(logits, ranked(logits).slice(0, k));
  }

  function topP(logits, p) {
    refuseNoShare(p);
    if (p === 1) return Float64Array.from(logits);
    const odds = softmax(logits);
    let before = 0;
    return only(logits, ranked(logits).filter((token, rank) => {
      const kept = rank === 0 || before < p;
      before += odds[token];
      return kept;
    }));
  }

  function minP(logits, p) {
    refuseNoShare(p);
    const least = logits[best(logits)] + Math.log(p);
    return Float64Array.from(logits, (value) => (value >= least ? value : -Infinity));
  }

  function repetitionPenalty(logits, seen, penalty) {
    if (!(penalty > 0)) {
      throw new RangeError(`penalty ${penalty}: give more than 0; 1 changes nothing`);
    }
    const made = Float64Array.from(logits);
    for (const token of new Set(seen)) {
      made[token] = made[token] > 0 ? made[token] / penalty : made[token] * penalty;
    }
    return made;
  }

  // All knobs in the usual order; a top_k of 0 keeps all tokens.
  function turned(logits, knobs, seen = []) {
    const set = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, penalty: 1, ...knobs };
    let made = repetitionPenalty(logits, seen, set.penalty);
    made = temperature(made, set.temperature);
    if (set.top_k) made = topK(made, set.top_k);
    return minP(topP(made, set.top_p), set.min_p);
  }

  // The token that a number u from 0 to 1 falls on, when the odds are laid side by side.
  function pick(logits, u) {
    const odds = softmax(logits);
    let left = u;
    let last = 0;
    for (let token = 0; token < odds.length; token += 1) {
      if (odds[token] > 0) {
        last = token;
        left -= odds[token];
        if (left < 0) break;
      }
    }
    return last;
  }

  // The generator mulberry32, as in live_noise.py.
  function uniforms(seed) {
    let state = seed | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  live.decode = {
    greedy: best, minP, pick, ranked, repetitionPenalty, softmax, temperature, topK, topP, turned,
    uniforms,
  };
})();
