"""From a torch model to the file that the page runs, and to what tests it there."""

import base64
import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: What a reader on a telephone can be asked to load for one figure.
MODEL_LIMIT = 2_100_000
OPSET = 20
_TYPES = {torch.float32: 1, torch.int64: 7}  # as ONNX numbers them


def call(model: nn.Module, feeds: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    """Return the model's outputs, always as a tuple."""
    with torch.no_grad():
        outputs = model(**feeds)
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def check_inputs(model: nn.Module, keys: Sequence[str], name: str) -> None:
    """Raise a ValueError unless the model's forward takes these keys by keyword."""
    parameters = inspect.signature(model.forward).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        raise ValueError(
            f"live model {name!r}: its forward must name its inputs, not take **kwargs"
        )
    known = [p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY]
    needed = [p.name for p in parameters if p.default is p.empty]
    unknown = sorted(set(keys) - set(known))
    unfed = sorted(set(needed) - set(keys))
    if unknown or unfed:
        raise ValueError(
            f"live model {name!r}: the page feeds {sorted(keys)}, and the model's "
            f"forward takes {known}"
            + (f"; it does not take {unknown}" if unknown else "")
            + (f"; nothing feeds {unfed}" if unfed else "")
            + ". Name the controls (and a loop's state and columns) as it does."
        )


def export(
    model: nn.Module,
    feeds: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
    name: str,
) -> bytes:
    """Return the model as ONNX for a batch of one; check its names, shapes and size."""
    try:
        with _quiet():
            program = torch.onnx.export(
                model, (), kwargs=dict(feeds), dynamo=True, external_data=False,
                output_names=list(outputs), opset_version=OPSET, verbose=False,
            )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ValueError(
            f"live model {name!r} cannot be exported to ONNX: {reason}. Keep its "
            "forward to tensor operations, without branches on values."
        ) from error
    assert program is not None
    proto = program.model_proto
    # Each operation notes the lines of Python it came from, with this machine's paths.
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.input,
                 *proto.graph.output, *proto.graph.value_info):  # fmt: skip
        del part.metadata_props[:]
        part.doc_string = ""
    for function in proto.functions:
        for part in (function, *function.node):
            del part.metadata_props[:]
            part.doc_string = ""
    _check_graph(proto.graph, feeds, outputs, name)
    data = proto.SerializeToString(deterministic=True)
    if len(data) >= MODEL_LIMIT:
        count = sum(p.numel() for p in model.parameters())
        raise ValueError(
            f"live model {name!r} has {count:,} parameters and makes a file of "
            f"{len(data) / 1e6:.2f} MB; it may have {MODEL_LIMIT / 1e6:.1f} MB, some "
            f"{MODEL_LIMIT // 4:,} numbers. Show a smaller one."
        )
    return data


def _check_graph(
    graph: Any, feeds: Mapping[str, Tensor], outputs: Mapping[str, Tensor], name: str
) -> None:
    """Raise a ValueError unless the file has the model's inputs and outputs."""
    for what, values, wanted in (
        ("inputs", graph.input, feeds),
        ("outputs", graph.output, outputs),
    ):
        made = {
            value.name: (
                value.type.tensor_type.elem_type,
                [size.dim_value for size in value.type.tensor_type.shape.dim],
            )
            for value in values
        }
        asked = {key: (_TYPES[t.dtype], list(t.shape)) for key, t in wanted.items()}
        if made != asked:
            raise ValueError(
                f"live model {name!r}: the exported file has the {what} {made}, not "
                f"{asked}; does the model use each of its inputs, and is each output "
                "one of its own tensors?"
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter tells its developers out of the notebook."""
    loggers = [
        logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")
    ]
    loggers.append(logging.getLogger("torch.onnx._internal.exporter._registration"))
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return tensors as JSON can hold them, each with its type and shape."""
    return {
        key: {
            "type": "int64" if tensor.dtype == torch.int64 else "float32",
            "shape": list(tensor.shape),
            "data": base64.b64encode(tensor.contiguous().numpy().tobytes()).decode(),
        }
        for key, tensor in tensors.items()
    }
