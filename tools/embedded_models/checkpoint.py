"""Everything that training changes, and how it is kept on disk."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel

from instseg_ui.train.network.spec import Spec
from tools.embedded_models.network import Network

EMA_DECAY = 0.998
# Layers that learn at another rate than the rest: the backbone is pretrained, and Adam's steps are
# too small for a class that is rarely seen to leave the prior.
RATES = {"backbone": 1 / 3, "score": 4.0}


@dataclass(frozen=True)
class TrainingState:
    """The weights, their moving average, which is what ships, and the optimizer's memory."""

    model: Network
    average: AveragedModel
    optimizer: torch.optim.Optimizer

    def save(self, path: Path, epochs: int, progress: float) -> None:
        """Write a checkpoint after `epochs` epochs beside `path`, then put it there in one step.

        `progress` is the share of the schedule that is done.
        """
        temporary = path.with_suffix(".tmp")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "epochs": epochs,
                "progress": progress,
                "spec": self.model.spec.dumps(),
                "random": torch.get_rng_state(),
            },
            temporary,
        )
        temporary.replace(path)

    def restore(self, path: Path) -> tuple[int, float]:
        """Take everything from a checkpoint; returns the number of finished epochs and the share
        of the schedule that is done.
        """
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        return state["epochs"], state["progress"]


def start(model: Network, rate: float) -> TrainingState:
    """The state before the first step of training `model`."""
    model = model.to(memory_format=torch.channels_last)
    average = AveragedModel(model, avg_fn=_ema, use_buffers=True)
    return TrainingState(model, average, _optimizer(model, rate))


def load_average(path: Path) -> Network:
    """The network with a checkpoint's averaged weights, ready for inference."""
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    state, prefix = checkpoint["average"], "module."
    weights = {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
    model = Network(Spec.loads(checkpoint["spec"]))
    model.load_state_dict(weights)
    return model.eval()


def _ema(average: torch.Tensor, current: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
    """Exponential moving average; its memory grows with the steps seen up to EMA_DECAY's."""
    decay = min(EMA_DECAY, (1 + int(count)) / (10 + int(count)))
    return average * decay + current * (1 - decay)


def _optimizer(model: Network, rate: float) -> torch.optim.Optimizer:
    """AdamW, no decay for vectors (biases, norms); RATES says at which share of the rate.

    A group's own peak rate stands under "peak"; the schedule scales it.
    """
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            part = name.partition(".")[0]
            key = part if part in RATES else "", parameter.ndim > 1
            groups.setdefault(key, []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": group,
                "peak": rate * RATES.get(part, 1.0),
                "weight_decay": 0.05 * decays,
            }
            for (part, decays), group in groups.items()
        ]
    )
