"""The operators of a graph, read without running it, and those that a model may not have.

A graph is a program: Paddle has operators that read and write files, call Python, or talk to other
machines, and it runs them with the rights of whoever runs the server. A network that finds objects
has none of them.

`inference.json` is JSON: a region's blocks' operators are `{"#": "1.conv2d", ...}` (dialect number,
name). `inference.pdmodel` is a `ProgramDesc` of `paddle/fluid/framework/framework.proto`:
`blocks` = 1, of a block `ops` = 4, of an operator `type` = 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from instseg_ui.errors import ModelFolderError

# The largest official graph has 3 MB.
MOST_BYTES = 50_000_000

_FORBIDDEN = frozenset(
    {
        "load", "load_combine", "save", "save_combine", "read_file", "read",
        "create_py_reader", "create_double_buffer_reader", "create_custom_reader",
        "py_func", "py_layer", "pylayer", "jit_kernel", "run_program", "custom_op", "engine",
        "tensorrt_engine", "openvino_engine", "dlnne_engine", "lite_engine", "cinn_launch",
        "cinn_instruction_run", "send", "recv", "listen_and_serv", "fetch_barrier", "barrier",
        "heter_listen_and_serv", "send_and_recv", "send_barrier", "p_send", "p_recv",
        "p_send_array", "p_recv_array", "partial_send", "partial_recv", "send_v2", "recv_v2",
        "comm_init_all", "c_comm_init", "c_comm_init_all", "c_comm_init_multitrainer",
        "gen_nccl_id", "c_gen_nccl_id", "c_gen_xccl_id", "c_gen_bkcl_id",
    }
)  # fmt: skip
_BLOCKS, _OPS, _TYPE = 1, 4, 3


def check_graph(file: Path, format: Literal["json", "pdmodel"], called: str) -> None:
    """Refuse a graph that could do more than compute.

    Args:
        file: the graph.
        format: which of Paddle's formats it is in.
        called: what the user calls the model.

    Raises:
        ModelFolderError: it holds a forbidden operator, or cannot be read.
        OSError: it cannot be read from the disk.
    """
    if file.stat().st_size > MOST_BYTES:
        raise _refused(called, f"a graph of more than {MOST_BYTES // 10**6} MB")
    data = file.read_bytes()
    try:
        names = set(_of_json(json.loads(data)) if format == "json" else _of_program(data))
    except (ValueError, RecursionError) as error:
        raise _refused(called, f"a graph ({file.name}) that cannot be read") from error
    found = sorted(name for name in names if name.removesuffix("_") in _FORBIDDEN)
    if found:
        raise _refused(
            called, f"an operator that does more than compute (“{found[0]}”), and is not run"
        )


def _refused(called: str, what: str) -> ModelFolderError:
    return ModelFolderError(f"“{called}” holds {what}. Export the model again with PaddleX.")


def _of_json(value: Any) -> Iterator[str]:
    """Names of all operators, those of branches and loops too, without their dialect.

    Whatever looks like one counts: a name is given in `#`, and nothing else has such names.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = one.get("#")
            if isinstance(name, str):
                yield name.rpartition(".")[2]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _of_program(data: bytes) -> Iterator[str]:
    """Types of all operators of all blocks.

    Raises:
        ValueError: it is no such message.
    """
    view = memoryview(data)
    for block in _fields(view, _BLOCKS):
        for op in _fields(block, _OPS):
            for name in _fields(op, _TYPE):
                yield bytes(name).decode("utf-8", "replace")


def _fields(message: memoryview, number: int) -> Iterator[memoryview]:
    """The length-delimited fields of that number, in protobuf's wire format."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 0:
            _, place = _varint(message, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            size, place = _varint(message, place)
            if size > len(message) - place:
                raise ValueError("a field is longer than its message")
            if key >> 3 == number:
                yield message[place : place + size]
            place += size
        else:
            raise ValueError("not protobuf's wire format")
    if place != len(message):
        raise ValueError("a message ends within a field")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value & (2**64 - 1), place
    raise ValueError("a number without an end")
