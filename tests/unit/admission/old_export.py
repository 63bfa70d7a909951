"""A model in Paddle's old format (`inference.pdmodel`), as PaddleX wrote it before Paddle 3.

`python -m tests.unit.admission.old_export FOLDER` writes it in a process of its own. Whatever the
image, it finds one object of class 0: the left half, with score 0.9.
"""

from __future__ import annotations

import sys
from pathlib import Path

SIDE = 64
CONFIG = """\
mode: paddle
draw_threshold: 0.4
arch: DETR
min_subgraph_size: 3
Preprocess:
- type: Resize
  interp: 2
  keep_ratio: false
  target_size: [64, 64]
- type: NormalizeImage
  mean: [0.0, 0.0, 0.0]
  std: [1.0, 1.0, 1.0]
  norm_type: none
- type: Permute
label_list: [ลายเสือ]
Global:
  model_name: Mask-RT-DETR-S
"""


def write(folder: Path) -> None:
    """The three files. Imports Paddle."""
    import paddle

    paddle.enable_static()
    with paddle.pir_utils.OldIrGuard():
        program, start = paddle.static.Program(), paddle.static.Program()
        with paddle.static.program_guard(program, start):
            shape = paddle.static.data("im_shape", [-1, 2], "float32")
            image = paddle.static.data("image", [-1, 3, SIDE, SIDE], "float32")
            scale = paddle.static.data("scale_factor", [-1, 2], "float32")
            executor = paddle.static.Executor(paddle.CPUPlace())
            outputs = _network(paddle, shape, image, scale)
            executor.run(start)
            paddle.static.save_inference_model(
                str(folder / "inference"), [shape, image, scale], outputs, executor, program=program
            )
    (folder / "inference.yml").write_text(CONFIG, encoding="utf-8")


def _network(paddle, shape, image, scale):  # type: ignore[no-untyped-def]
    frame = paddle.round(shape / scale).reshape([2])
    # The image, too, must have a part in it, or it is left out of the program.
    weight = paddle.static.create_parameter([1], "float32")
    nothing = image.mean() * weight.sum() * 0.0
    height, width = paddle.split(frame, 2)
    zero = height * 0.0 + nothing
    box = paddle.concat([zero, zero + 0.9, zero, zero, width / 2.0, height]).reshape([1, 6])
    count = paddle.full([1], 1, "int32")
    size = paddle.cast(frame, "int32")
    columns = paddle.arange(0, 4096, 1, "float32")
    rows = paddle.ones([4096], "float32")
    left = paddle.cast(columns < width / 2.0, "float32")
    full = rows.reshape([4096, 1]) * left.reshape([1, 4096])
    mask = paddle.slice(full, [0, 1], [0, 0], [size[0], size[1]])
    return [box, count, paddle.cast(mask.unsqueeze(0), "int32")]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
