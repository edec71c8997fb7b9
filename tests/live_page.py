"""What tests ask of a page with live models: its outputs, and that it is at rest."""

import base64
import os
import warnings

import numpy as np
import torch

#: How far the page may be from torch.
CLOSE = 1e-3
RUN = """async ([name, inputs]) => {
  const {live} = document.querySelector(`#fig-${name}`);
  const model = await live.model();
  if (!model) throw new Error(live.failed);
  const arrays = {float32: Float32Array, int64: BigInt64Array};
  const feeds = {};
  for (const [key, {type, shape, data}] of Object.entries(inputs)) {
    const {buffer} = Uint8Array.from(atob(data), one => one.charCodeAt(0));
    feeds[key] = {type, shape, data: new arrays[type](buffer)};
  }
  const made = await model.run(feeds);
  return Object.fromEntries(
    Object.entries(made).map(([key, data]) => [key, [...data]]));
}"""
AT_REST = """name => {
  const {live} = document.querySelector(`#fig-${name}`);
  return live.done > 0 && !live.busy && live.done === live.turned;
}"""


def unpacked(packed):
    numbers = np.frombuffer(base64.b64decode(packed["data"]), packed["type"])
    return torch.from_numpy(numbers.copy()).reshape(packed["shape"])


def settle(page, name):
    page.wait_for_function(AT_REST, arg=name)


def in_time(what, milliseconds, limit):
    """Goals of time warn, and bind under STRICT=1, as the scoreboard's do."""
    text = f"{what} took {milliseconds:.1f} ms and should take {limit}"
    if milliseconds > limit:
        assert os.environ.get("STRICT") != "1", text
        warnings.warn(text, stacklevel=2)
