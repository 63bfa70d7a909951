"""JSON read piece by piece is JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instseg_ui.errors import InputError
from instseg_ui.evaluate import json_stream
from instseg_ui.evaluate.json_stream import elements

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


def read(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for element in elements(io.BytesIO(data), "x.json"):
        if element.whole:
            found[element.key] = element.value
        else:
            found.setdefault(element.key, []).append(element.value)
    return found


@settings(max_examples=50)
@given(st.dictionaries(st.text(), values), st.integers(1, 40), st.sampled_from([None, 1]))
def test_any_object_in_any_pieces(value: dict[str, Any], size: int, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "surrogatepass")
    if any(0xD800 <= ord(char) < 0xE000 for char in json.dumps(value, ensure_ascii=False)):
        return
    before = json_stream._CHUNK
    json_stream._CHUNK = size
    try:
        assert read(data) == value
    finally:
        json_stream._CHUNK = before


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"5", b'{"a" 5}', b'{"a": [1 2]}', b'{"a": [1,]}', b"{5: 1}", b'{"a": 1']
)
def test_what_is_no_object(data: bytes) -> None:
    with pytest.raises(InputError, match=r"“x\.json” is not a JSON object"):
        read(data)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("number", ["12.5", "-1e5", "1E+20", "3"])
def test_a_number_that_two_pieces_share(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 1)
    assert read(f'{{"a": {number}, "b": [{number}]}}'.encode()) == {
        "a": float(number),
        "b": [float(number)],
    }
