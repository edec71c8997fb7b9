// Where a live model runs: in the page by ONNX Runtime Web, loaded when a model is first
// asked for, or in the notebook's kernel. Both give an object whose run(feeds) promises
// the outputs by name.
(() => {
  "use strict";
  const live = (globalThis.minigenLive ??= {});
  const here = globalThis.document?.currentScript?.src ?? "";
  const at = (path) => new URL(path, here).href;
  const RUNTIME = "ort/ort-wasm-simd-threaded";

  // Something that the reader is told in a sentence of live_words.py.
  class Problem extends Error {
    constructor(kind, cause) {
      super(`${kind}: ${cause?.message ?? cause ?? ""}`, { cause });
      this.kind = kind;
    }
  }

  // The sentence's name for an error from within the runtime.
  function kindOf(error, otherwise) {
    if (error instanceof Problem) return error.kind;
    const text = `${error?.name} ${error?.message ?? error}`;
    return /RangeError|memory|bad_alloc|allocat/i.test(text) ? "memory" : otherwise;
  }

  function script(path) {
    return new Promise((done, failed) => {
      const tag = document.createElement("script");
      tag.src = at(path);
      tag.onload = done;
      tag.onerror = () => failed(new Problem("missing", path));
      document.head.append(tag);
    });
  }

  // The offline edition holds files as scripts that hand their bytes over (archive.py).
  const parcels = {};
  live.unpack = (path, text) => {
    parcels[path] = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  };

  async function packed(path) {
    await script(`${path}.js`);
    const bytes = parcels[path];
    delete parcels[path];
    if (!bytes) throw new Problem("broken", path);
    return bytes;
  }

  async function bytesOf(path) {
    if (live.packed) return packed(path);
    let answer;
    try {
      answer = await fetch(at(path));
    } catch (error) {
      throw new Problem("missing", error);
    }
    if (!answer.ok) throw new Problem("missing", `${path} (${answer.status})`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async function start() {
    if (typeof WebAssembly !== "object") throw new Problem("webassembly");
    if (location.protocol === "file:" && !live.packed) throw new Problem("file");
    await script("ort/ort.wasm.min.js");
    const { ort } = globalThis;
    ort.env.logLevel = "error";
    ort.env.wasm.numThreads = 1;
    if (live.packed) {
      const [code, binary] = [await packed(`${RUNTIME}.mjs`), await packed(`${RUNTIME}.wasm`)];
      const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      ort.env.wasm.wasmPaths = { mjs: address };
      ort.env.wasm.wasmBinary = binary;
    } else {
      ort.env.wasm.wasmPaths = { mjs: at(`${RUNTIME}.mjs`), wasm: at(`${RUNTIME}.wasm`) };
    }
    return ort;
  }

  let runtime;

  async function inPage(path) {
    const ort = await (runtime ??= start());
    const file = await bytesOf(path);
    let session;
    try {
      session = await ort.InferenceSession.create(file, {
        executionProviders: ["wasm"],
        logSeverityLevel: 3,
      });
    } catch (error) {
      const otherwise = /backend|wasm|fetch|import/i.test(error?.message) ? "missing" : "broken";
      throw new Problem(kindOf(error, otherwise), error);
    }
    return {
      async run(feeds) {
        const given = {};
        for (const name of session.inputNames) {
          const { type, data, shape } = feeds[name];
          given[name] = new ort.Tensor(type, data, shape);
        }
        const made = await session.run(given);
        return Object.fromEntries(Object.entries(made).map(([name, { data }]) => [name, data]));
      },
    };
  }

  // A widget's model sends the feeds to the kernel, which answers by their number.
  function inKernel(widget) {
    const waiting = new Map();
    let last = 0;
    widget.on("msg:custom", ({ id, outputs, error }, buffers) => {
      const [done, failed] = waiting.get(id) ?? [];
      waiting.delete(id);
      if (error) failed?.(new Error(error));
      else done?.(Object.fromEntries(outputs.map(([name], n) => [name, numbers(buffers[n])])));
    });
    return {
      run(feeds) {
        last += 1;
        const all = Object.entries(feeds);
        const inputs = all.map(([name, { type, shape }]) => [name, type, shape]);
        widget.send({ id: last, inputs }, undefined, all.map(([, { data }]) => data.buffer));
        return new Promise((...ends) => waiting.set(last, ends));
      },
    };
  }

  function numbers(view) {
    const from = view.byteOffset ?? 0;
    return new Float32Array((view.buffer ?? view).slice(from, from + view.byteLength));
  }

  Object.assign(live, { inPage, inKernel, kindOf });
})();
