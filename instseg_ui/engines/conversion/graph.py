"""A Paddle program as the recipes read it: operators, values, and who makes and uses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import paddle
from paddle.base.libpaddle import pir

from instseg_ui.engines.conversion.refusal import NoMatch

# Paddle has no type stubs for these.
Op = Any
Value = Any


class Graph:
    """A loaded inference program (`inference.json` with its weights)."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "inference.json").is_file():
            raise NoMatch("the graph is in the old format (inference.pdmodel)")
        paddle.enable_static()
        self.executor = paddle.static.Executor(paddle.CPUPlace())
        # Parameters are kept by name in the scope; a second program must not see the first's.
        self.scope = paddle.static.Scope()
        with paddle.static.scope_guard(self.scope):
            self.program, _, self.outputs = paddle.static.load_inference_model(
                str(folder / "inference"), self.executor
            )
        self.block = self.program.global_block()
        self.feeds: dict[str, Value] = {
            op.attrs()["name"]: op.result(0) for op in self.named("data")
        }

    @property
    def ops(self) -> list[Op]:
        """Operators of the outermost block, each after what it needs."""
        return list(self.block.ops)

    def named(self, *names: str) -> list[Op]:
        """Operators of the outermost block by name, without the dialect: `topk`."""
        return [op for op in self.ops if kind(op) in names]

    def only(self, name: str) -> Op:
        """The one operator of this name.

        Raises:
            NoMatch: there is none, or more than one.
        """
        found = self.named(name)
        if len(found) != 1:
            raise NoMatch(f"expected one {name}, the graph has {len(found)}")
        return found[0]

    def nested(self) -> Iterator[Op]:
        """Operators of all blocks, those of branches and loops too."""
        return _walk(self.block)


def _walk(block: Any) -> Iterator[Op]:
    for op in block.ops:
        yield op
        for inner in op.blocks():
            yield from _walk(inner)


def kind(op: Op) -> str:
    """An operator's name without its dialect: `conv2d`; empty for none."""
    return "" if op is None else str(op.name()).partition(".")[2]


def maker(value: Value) -> Op:
    """The operator that a value comes from; None for an argument of a block."""
    return value.get_defining_op()


def operands(op: Op) -> list[Value]:
    """The values that an operator takes; those left out are None."""
    return [value if value.initialized() else None for value in op.operands_source()]


def shape(value: Value) -> tuple[int, ...]:
    """Dimensions of a tensor, -1 where they depend on the input; () for other values."""
    return tuple(value.shape) if value.is_dense_tensor_type() else ()


def same(one: Value, other: Value) -> bool:
    """Whether two handles mean the same value."""
    return bool(one.is_same(other))


def users(value: Value) -> list[Op]:
    """Operators of the same block that take a value, in order."""
    return list(value.all_used_ops_in_same_block())


def constant(value: Value) -> Any:
    """What a value made by `full` or `full_int_array` holds; None if it is not such."""
    op = maker(value)
    return op.attrs()["value"] if kind(op) in ("full", "full_int_array") else None


def back(value: Value, *through: str, operand: int = 0) -> Value:
    """Follow a value up through operators of these names, by their first operand."""
    while kind(maker(value)) in through:
        value = operands(maker(value))[operand]
    return value


def ancestors(values: Sequence[Value], stop: Sequence[Value] = ()) -> list[Op]:
    """Operators of the outermost block that `values` depend on, not looking past `stop`."""
    waiting, seen, found = list(values), {value.id for value in stop}, []
    while waiting:
        value = waiting.pop()
        if value is None or value.id in seen:
            continue
        seen.add(value.id)
        op = maker(value)
        if op is None:
            continue
        found.append(op)
        waiting += operands(op)
        outer = [v for inner in op.blocks() for v in pir.get_used_external_value(inner)]
        waiting += [value for value in outer if value.initialized()]
    return found
