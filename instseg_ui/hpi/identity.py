"""What a loaded worker and a kept prediction rest on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """One value for all of it. A worker or a prediction of another identity is never used.

    The floor and the limit of instances are a run's and not a worker's; a kept prediction has
    them beside its identity.

    Attributes:
        model: id in the catalog.
        content: hash of the model folder's files.
        mode: what was asked for, one of `engines.MODES`.
        engines: those to try, the preferred one first.
        proof: of the record that says which of them are equal to Paddle; empty where Paddle runs.
        recipe: digest of the recipes and of what runs on the host after a converted network.
        versions: of the libraries.
        devices: where its workers run.
        threads: of each worker.
    """

    model: str
    content: str
    mode: str
    engines: tuple[str, ...]
    proof: str
    recipe: str
    versions: str
    devices: tuple[str, ...]
    threads: int


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """One worker of an identity; in words its slot, `demo-cats (high_performance), worker 2`."""

    slot: str
    identity: Identity

    def __str__(self) -> str:
        return self.slot
