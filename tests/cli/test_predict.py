"""`instseg predict`, as a user runs it."""

from __future__ import annotations

import ast
import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image as Pil

from tests.cli.conftest import Say, Shell
from tests.unit.factories import GREEN, RED, model_folder, patches, png
from tools.test_models import build_test_models, make_scene

PICTURE = png(patches(((2, 3, 12, 20), RED), ((30, 10, 50, 30), GREEN)))


def put(shell: Shell, *names: str) -> None:
    for name in names:
        file = shell.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PICTURE)


def several(kind: str) -> bytes:
    pages = [Pil.new("RGB", (72, 72), shade) for shade in ("red", "lime")]
    buffer = io.BytesIO()
    pages[0].save(buffer, kind, save_all=True, append_images=pages[1:])
    return buffer.getvalue()


def results(out: str) -> list[dict[str, Any]]:
    """The printed results, each a Python dictionary on its own line."""
    return [ast.literal_eval(line)["res"] for line in out.splitlines()]


def gone(shell: Shell) -> bool:
    deadline = time.monotonic() + 20
    while shell.left_behind() and time.monotonic() < deadline:
        time.sleep(0.2)
    return not shell.left_behind()


def test_paddlex_flags_one_picture(shell: Shell) -> None:
    put(shell, "a.png")
    done = shell.run(
        *("predict", "--pipeline", "instance_segmentation", "--input", "a.png"),
        *("--threshold", "0.5", "--save_path", "./output", "--device", "cpu"),
        *("--use_hpip", "--hpi_config", "{'backend': 'onnxruntime'}"),
    )
    assert done.returncode == 0, done.stderr
    (res,) = results(done.stdout)
    assert list(res) == ["input_path", "page_index", "boxes", "masks"]
    assert (res["input_path"], res["page_index"], res["masks"]) == ("a.png", None, "...")
    assert [box["label"] for box in res["boxes"]] == ["red", "green"]
    assert list(res["boxes"][0]) == ["cls_id", "label", "score", "coordinate"]
    assert "Model: own-model, run by fake." in done.stderr
    files = sorted(file.name for file in (shell.folder / "output").iterdir())
    assert files == ["a_res.json", "a_res.png"]
    assert gone(shell)


def test_everything_at_once_and_a_bad_file_among_it(shell: Shell) -> None:
    put(shell, "x/1.png", "y/1.png", "y/deep/2.png")
    (shell.folder / "pages.tif").write_bytes(several("TIFF"))
    (shell.folder / "pages.pdf").write_bytes(several("PDF"))
    (shell.folder / "bad.png").write_bytes(b"not a picture")
    inputs = ["x/*.png", "y", "pages.tif", "bad.png", "-", "pages.pdf", "ftp://a.example/b.png"]
    options = ["--save_path", "out", "--format", "coco", "--format", "cut-outs"]
    done = shell.run("predict", "--input", *inputs, *options, stdin=PICTURE)
    assert done.returncode == 1
    found = results(done.stdout)
    assert [(res["input_path"], res["page_index"]) for res in found] == [
        ("x/1.png", None),
        ("y/1.png", None),
        ("y/deep/2.png", None),
        ("pages.tif", 0),
        ("pages.tif", 1),
        ("stdin", None),
        ("pages.pdf", 0),
        ("pages.pdf", 1),
    ]
    assert "[1/8] 1.png: 2 objects" in done.stderr
    assert "[5/8] bad.png: " in done.stderr
    assert done.stderr.splitlines()[-3] == "2 of 10 failed:"
    assert "http or https" in done.stderr.splitlines()[-1]
    names = [file.name for file in (shell.folder / "out").rglob("*")]
    assert sum("cut-outs" in name for name in names) == 8
    (dataset,) = [name for name in names if name.endswith(".json")]
    coco = json.loads((shell.folder / "out" / dataset).read_text())
    assert len(coco["images"]) == 8


def test_json_lines(shell: Shell) -> None:
    put(shell, "a.png")
    done = shell.run("predict", "a.png", "missing.png", "--json", "--quiet", "--threshold", "0.5")
    good, bad = map(json.loads, done.stdout.splitlines())
    assert good["model"] == "own-model"
    assert good["res"]["masks"][0]["size"] == [60, 80]
    assert good["timings_ms"]["latency"] > 0
    assert bad == {
        "error": "There is no file or folder “missing.png”.",
        "input_path": "missing.png",
        "page_index": None,
    }
    assert done.stderr.splitlines()[0] == f"[2/2] missing.png: {bad['error']}"
    assert done.returncode == 1


def test_a_model_that_fails_on_pictures(shell: Shell, tmp_path: Path) -> None:
    put(shell, "a.png", "b.png")
    broken = model_folder(tmp_path / "sick", run_error="It cannot.", good_runs=1)
    done = shell.run("predict", "a.png", "b.png", "--model", broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert "2 of 2 failed:" in done.stderr


def test_a_model_that_does_not_load(shell: Shell, tmp_path: Path) -> None:
    put(shell, "a.png")
    broken = model_folder(tmp_path / "sick", load_error="It refuses to load.")
    done = shell.run("predict", "a.png", "--model", broken)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "It refuses to load."
    assert gone(shell)


def test_interrupting_leaves_no_worker(shell: Shell, tmp_path: Path) -> None:
    put(shell, "a.png", "b.png")
    slow = model_folder(tmp_path / "slow", delay_s=60, good_runs=2)
    process = shell.start("predict", "a.png", "b.png", "--model", slow, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline().startswith(b"{'res'")
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "Stopped."
    assert gone(shell)


def test_a_reader_that_leaves_is_not_an_error(shell: Shell) -> None:
    put(shell, *(f"{i}.png" for i in range(4)))
    process = shell.start("predict", ".", "--quiet")
    assert process.stdout
    assert process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert err == b""
    # Where the pipe's buffer takes what is left, the command does not notice.
    assert process.returncode in (0, 141)
    assert gone(shell)


def test_nobody_reads_from_the_start(shell: Shell) -> None:
    put(shell, "a.png", "b.png")
    process = shell.start("predict", ".", "--quiet")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a picture"),
        (["a.png", "--threshold", "5"], "expected a number from 0 to 1"),
        (["a.png", "--threshold", "nan"], "expected a number from 0 to 1"),
        (["a.png", "--hpi_config", "x"], "expected a Python dictionary"),
        (["a.png", "--model", "mask-rt-detr"], "Did you mean “Mask-RT-DETR-"),
        (["a.png", "--model", "no/such/folder"], "does not exist"),
        (["a.png", "--pipeline", "OCR"], "Expected the pipeline instance_segmentation"),
        (["a.png", "--pipeline", "none.yaml"], "“none.yaml” cannot be read"),
        (["a.png", "--device", "abacus"], "Expected the device cpu"),
        (["a.png", "--format", "coco"], "--save_path"),
        (["a.png", "--format", "bmp", "--save_path", "x"], "There is no format “bmp”"),
        (["a.png", "b.png", "--save_path", "x.json"], "name a folder"),
        (["--nonsense"], "No such option"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_2(
    say: Say, arguments: list[str], message: str
) -> None:
    said = say("predict", *arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert "Traceback" not in said.err


def test_a_setting_that_cannot_be_read(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_FLOOR", "high")
    said = say("predict", "a.png")
    assert said.code == 2
    assert said.err == (
        "INSTSEG_FLOOR: expected a number from 0 to below 1, got “high”. Change it or unset it.\n"
    )


@pytest.mark.paddle
@pytest.mark.slow
def test_real_engines_behind_the_command(shell: Shell, tmp_path: Path) -> None:
    """The two kinds of outputs, with boxes and without, through Paddle itself."""
    del shell.environment["INSTSEG_FAKE_ENGINE"]
    models = build_test_models(tmp_path / "built", ["Mask-RT-DETR-S", "SOLOv2"], candidates=40)
    scene = make_scene(320, 240, count=4, seed=3)
    cv2.imwrite(str(shell.folder / "scene.png"), scene.image)
    for model, built in models.items():
        name = f"own-{model}"
        folder = built.rename(built.with_name(name))
        done = shell.run(
            *("predict", "--input", "scene.png", "--model", folder),
            *("--save_path", f"out-{name}", "--threshold", "0.4"),
        )
        assert done.returncode == 0, done.stderr
        (res,) = results(done.stdout)
        labels = sorted(box["label"] for box in res["boxes"])
        assert labels == sorted(item.label for item in scene.instances)
        assert (shell.folder / f"out-{name}" / "scene_res.png").is_file()
        lines = done.stderr.splitlines()
        assert lines[0] == f"Model: {name}, run by paddle."
        assert len(lines) == 2, "nothing of Paddle's own notices"


def test_the_shell_can_complete_it(shell: Shell) -> None:
    shell.environment |= {"_TYPER_COMPLETE_TEST": "1", "SHELL": "/bin/bash"}
    done = shell.run("--show-completion", "bash")
    assert "complete" in done.stdout


def test_equal_names_in_two_folders_do_not_meet(shell: Shell) -> None:
    for folder in ("a", "b"):
        (shell.folder / "photos" / folder).mkdir(parents=True)
        put(shell, f"photos/{folder}/0001 (1).png")
    (shell.folder / "photos" / "again").symlink_to(shell.folder / "photos")
    formats = [word for name in ("paddlex", "coco", "labelme") for word in ("--format", name)]
    done = shell.run("predict", "photos", "--save_path", "out", *formats)
    assert done.returncode == 0, done.stderr
    out = shell.folder / "out"
    files = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    endings = (".json", "_res.json", "_res.png")
    each = {f"{folder}/0001 (1){ending}" for folder in ("a", "b") for ending in endings}
    assert files == each | {"coco.json"}
    listed = json.loads((out / "coco.json").read_text())["images"]
    assert [one["file_name"] for one in listed] == ["a/0001 (1).png", "b/0001 (1).png"]
