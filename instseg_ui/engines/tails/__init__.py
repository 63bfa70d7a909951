"""What is done on the host after (and between) a converted model's networks, a recipe each."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from instseg_ui.engines.manifest import Manifest
from instseg_ui.engines.tails.precedent import Precedent
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instances


class Tail(Protocol):
    """Runs the networks of one converted model and reads instances from what they give."""

    def run(self, job: TailInput) -> Instances:
        """The instances of one image, at the job's floor and limit."""
        ...


def create(manifest: Manifest, networks: Networks) -> Tail:
    """The tail that belongs to the manifest's recipe."""
    module = import_module(f"{__name__}.{manifest.recipe}")
    kind = getattr(module, f"{manifest.recipe.capitalize()}Tail")
    return cast(Tail, kind(networks, manifest.params))


__all__ = ["Networks", "Precedent", "Tail", "TailInput", "create"]
