"""Read a shipped folder's weights back, to train on from them; needs Paddle, not PyTorch.

    python -m tools.embedded_models.recover --model assets/models/demo-cats --spec cats --out x.npz

The names of the parameters are those of a network that is built first in a process.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from instseg_ui.train.network.layers import PaddleNetwork
from instseg_ui.train.network.spec import MODELS, Spec


def main() -> None:
    """Parse the command line and write the arrays."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--spec", choices=sorted(MODELS), required=True, help="what it is built as")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    size = MODELS[options.spec]
    arrays: dict[str, Any] = recover(options.model, size)
    np.savez(options.out, **arrays | {"spec": np.array(size.dumps())})


def recover(folder: Path, size: Spec) -> dict[str, np.ndarray]:
    """The folder's parameters by the names that `PaddleNetwork` gives them."""
    names = {key: value.name for key, value in PaddleNetwork(size).named_parameters()}
    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())
    paddle.static.load_inference_model(str(folder / "inference"), executor)
    scope = paddle.static.global_scope()
    return {key: np.array(scope.find_var(name).get_tensor()) for key, name in names.items()}


if __name__ == "__main__":
    main()
