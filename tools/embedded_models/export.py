"""Write the PaddleX inference folder from folded weights; needs Paddle, not PyTorch.

    python -m tools.embedded_models.export --weights weights.npz --out DIR

Run it with paddlepaddle 3.0.0: older runtimes do not load what newer ones write.
"""

import argparse
from pathlib import Path

import numpy as np

from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.inference_folder import export
from instseg_ui.train.network.spec import Spec
from instseg_ui.train.network.weights import build, fill


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    export(load_model(options.weights), options.out)


def load_model(weights: Path) -> PaddleModel:
    """The model whose `Spec` and parameters stand in `weights`, an .npz of `weights.py`.

    Raises ValueError when a parameter is missing or left over.
    """
    with np.load(weights) as file:
        arrays = {name: file[name] for name in file.files}
    model = build(Spec.loads(str(arrays.pop("spec"))))
    fill(model, arrays)
    return model


if __name__ == "__main__":
    main()
