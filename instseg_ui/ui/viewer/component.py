"""What the viewer, the grid and the table of objects have in common as Gradio components.

Their markup, style and code lie in files beside this one. The code is ES modules, which the
page loads from ``STATIC_ROUTE``; see `static_files`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import gradio as gr

from instseg_ui.palette import SCORE_SCALE
from instseg_ui.ui.viewer.limits import limits
from instseg_ui.ui.viewer.static_files import modules_address

HERE = Path(__file__).parent

ColorBy = Literal["instance", "class", "score"]


class ViewerComponent(gr.HTML):
    """A component whose value is an object that the browser draws.

    A subclass names its files and has a function that builds its values: without arguments
    that gives the empty one.

    Attributes:
        template: file of the markup.
        styles: files of the style sheets.
        script: file of the JavaScript that Gradio runs once for each component.
        contents: what the value holds, for the API's schema.
        folder: where the files lie.
    """

    folder: ClassVar[Path] = HERE
    template: ClassVar[str]
    styles: ClassVar[tuple[str, ...]]
    script: ClassVar[str]
    contents: ClassVar[str]

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """The value of a component that shows nothing."""
        raise NotImplementedError

    def __init__(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        color_by: ColorBy = "class",
        elem_id: str | None = None,
        elem_classes: list[str] | str | None = None,
        visible: bool | Literal["hidden"] = True,
        render: bool = True,
        **kwargs: Any,
    ) -> None:
        """Build the component.

        Args:
            value: what to show first.
            color_by: what has a colour of its own until the visitor chooses.
            elem_id: id of the element in the page.
            elem_classes: classes of the element in the page.
            visible: as for every Gradio component.
            render: as for every Gradio component.
            kwargs: further arguments of ``gr.HTML``; what it does not know is a prop of the
                JavaScript.
        """
        super().__init__(
            value=value if value is not None else self.empty(),
            elem_id=elem_id,
            elem_classes=elem_classes,
            html_template=self._text(self.template),
            css_template="\n".join(map(self._text, self.styles)),
            js_on_load=self._text(self.script),
            apply_default_css=False,
            visible=visible,
            render=render,
            color_by=color_by,
            score_scale=list(SCORE_SCALE),
            modules=modules_address(),
            limits=limits(),
            **kwargs,
        )

    @classmethod
    def _text(cls, name: str) -> str:
        return (cls.folder / name).read_text(encoding="utf-8")

    def preprocess(self, payload: Any) -> dict[str, Any] | None:
        """The value as an input: the object, or None for anything else a browser may send."""
        return payload if isinstance(payload, dict) else None

    def postprocess(self, value: Any) -> dict[str, Any]:
        """The value as an output; None empties the component."""
        if value is None:
            return self.empty()
        if not isinstance(value, Mapping):
            raise TypeError(
                f"expected a value of {type(self).__name__} or None, got {type(value).__name__}"
            )
        return dict(value)

    def api_info(self) -> dict[str, Any]:
        """Schema of the value."""
        return {"type": "object", "description": self.contents, "additionalProperties": True}

    def example_payload(self) -> dict[str, Any]:
        """A value as the API takes it."""
        return self.empty()

    def example_value(self) -> dict[str, Any]:
        """A value as a function returns it."""
        return self.empty()
