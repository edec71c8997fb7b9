"""Values as JSON, to hand them between a grader and a program that it does not trust.

Nothing that arrives can bring code along: plain Python values, NumPy's arrays without
objects and PyTorch's tensors pass; everything else arrives as a `Foreign` that says
what it was. Functions stay where they are, and are called from the other side.
"""

import base64
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import safetensors.torch
import torch

#: Turns a function, or a tensor that asks for a gradient, into the key of it.
Keep = Callable[[Any], int]
#: Turns the kind of thing and its key (and a tensor's values) into what stands for it.
Find = Callable[[str, int, Any], Any]

_PLAIN = (bool, int, float, str)
_SERIES: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple, "list": list, "set": set, "frozenset": frozenset, "iterator": iter,
}  # fmt: skip
_LONGEST = 1_000_000


class Foreign:
    """Stands for a value that cannot cross; its class has the name of the value's."""


def encode(value: Any, keep: Keep | None = None) -> Any:
    """Return a value in a form that `json` writes."""
    if value is None:
        return None
    if isinstance(value, _PLAIN) and not isinstance(value, np.generic):
        plain = next(kind for kind in _PLAIN if isinstance(value, kind))
        return plain(value)
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, bytes | bytearray):
        return {"bytes": _text(bytes(value))}
    if isinstance(value, np.ndarray | np.generic):
        return _array(value)
    if isinstance(value, torch.Tensor):
        return _tensor(value, keep)
    if isinstance(value, torch.Generator):
        return {"dice": _text(value.get_state().numpy().tobytes())}
    if isinstance(value, np.random.Generator):
        state = value.bit_generator.state
        return {"rng": encode(state)}
    if isinstance(value, dict):
        return {"dict": [[encode(k, keep), encode(v, keep)] for k, v in value.items()]}
    for name, kind in (("tuple", tuple), ("set", set), ("frozenset", frozenset),
                       ("list", list | range), ("iterator", Iterator)):  # fmt: skip
        if isinstance(value, kind):
            few = itertools.islice(value, _LONGEST)
            return {name: [encode(each, keep) for each in few]}
    if callable(value) and keep:
        return {"function": keep(value)}
    if hasattr(value, "__array__"):
        return _array(np.asarray(value))
    return {"foreign": type(value).__name__}


def decode(data: Any, find: Find | None = None) -> Any:
    """Return the value of such a form; a ValueError says that it is none."""
    if data is None or isinstance(data, _PLAIN):
        return data
    if not isinstance(data, dict) or not data:
        raise ValueError("not a value")
    kind, content = next(iter(data.items()))
    if kind in _SERIES and isinstance(content, list):
        return _SERIES[kind]([decode(each, find) for each in content])
    if kind == "dict" and isinstance(content, list):
        return {decode(k, find): decode(v, find) for k, v in content}
    if kind == "function" and find and isinstance(content, int):
        return find("function", content, None)
    if kind == "tensor":
        value = safetensors.torch.load(_bytes(content))["value"]
        key = data.get("gradient")
        return find("gradient", key, value) if find and isinstance(key, int) else value
    return _simple(kind, content)


def _simple(kind: str, content: Any) -> Any:
    if kind == "ellipsis":
        return ...
    if kind == "bytes":
        return _bytes(content)
    if kind in ("array", "scalar"):
        array = np.load(io.BytesIO(_bytes(content)), allow_pickle=False)
        return array[()] if kind == "scalar" else array
    if kind == "rng":
        bits = np.random.PCG64()
        bits.state = decode(content)
        return np.random.Generator(bits)
    if kind == "dice":
        dice = torch.Generator()
        state = np.frombuffer(_bytes(content), np.uint8)
        dice.set_state(torch.from_numpy(state.copy()))
        return dice
    if kind == "foreign":
        name = str(content)
        return type(name if name.isidentifier() else "object", (Foreign,), {})()
    raise ValueError(f"no kind of value: {kind!r}")


def _array(value: Any) -> Any:
    """NumPy's own format, which knows every plain kind of number and of text."""
    array = np.asarray(value)
    if array.dtype.hasobject:
        return {"foreign": type(value).__name__ + "_of_objects"}
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    kind = "scalar" if isinstance(value, np.generic) else "array"
    return {kind: _text(written.getvalue())}


def _tensor(value: torch.Tensor, keep: Keep | None) -> Any:
    if value.layout != torch.strided or value.device.type == "meta":
        return {"foreign": "Tensor"}
    plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
    data = {"tensor": _text(safetensors.torch.save({"value": plain.clone()}))}
    return data | {"gradient": keep(value)} if keep and value.requires_grad else data


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(content: Any) -> bytes:
    return base64.b64decode(str(content), validate=True)
