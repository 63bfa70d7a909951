"""What runs ONNX files, on small graphs whose answers are known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from instseg_ui.engines import runtimes
from instseg_ui.engines.runtimes import Network, installed, onnxruntime, tensorrt
from instseg_ui.engines.runtimes.network import split_device
from instseg_ui.errors import LoadError, WorkerError

HERE = ("onnxruntime", "openvino")
ROOT = Path(__file__).resolve().parents[3]
Made = Any


def value(name: str, shape: Sequence[object] | None, kind: int = TensorProto.FLOAT) -> Made:
    return helper.make_tensor_value_info(name, kind, shape)


def save(folder: Path, nodes: list[Made], inputs: list[Made], outputs: list[Made]) -> Path:
    """A graph as a file, with an initialiser that nothing uses."""
    spare = numpy_helper.from_array(np.ones(3, np.float32), "spare")
    graph = helper.make_graph(nodes, "graph", inputs, outputs, [spare])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    file = folder / "graph.onnx"
    onnx.save(model, file)
    return file


@pytest.fixture(params=HERE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def load(name: str, tmp_path: Path) -> Any:
    runtime = runtimes.create(name, "cpu", 1, tmp_path / "cache")
    return runtime.load


def matmul(folder: Path) -> Path:
    nodes = [helper.make_node("MatMul", ["left", "right"], ["product"])]
    inputs = [value("left", ["a", "b"]), value("right", ["b", "c"])]
    return save(folder, nodes, inputs, [value("product", ["a", "c"])])


def pooled(folder: Path) -> Path:
    """The maximum of every 2 x 2 pixels, and where it is above a limit, of any image."""
    nodes = [
        helper.make_node("MaxPool", ["image"], ["largest"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Greater", ["largest", "limit"], ["above"]),
        helper.make_node("NonZero", ["above"], ["where"]),
        helper.make_node("Shape", ["image"], ["shape"]),
    ]
    image, limit = value("image", [1, 3, "h", "w"]), value("limit", [1])
    outputs = [
        value("where", [4, "n"], TensorProto.INT64),
        value("shape", [4], TensorProto.INT64),
        value("above", [1, 3, "y", "x"], TensorProto.BOOL),
        value("largest", [1, 3, "y", "x"]),
    ]
    return save(folder, nodes, [limit, image], outputs)


def image(height: int, width: int) -> Made:
    return np.random.default_rng(height).random((1, 3, height, width), np.float32)


def test_a_product_in_full_float32(load: Any, tmp_path: Path) -> None:
    network: Network = load(matmul(tmp_path))
    assert network.inputs == ("left", "right")
    left = np.random.default_rng(0).random((64, 96), np.float32)
    right = np.random.default_rng(1).random((96, 32), np.float32)
    (product,) = network.run({"right": right, "left": left})
    assert product.dtype == np.float32
    exact = left.astype(np.float64) @ right.astype(np.float64)
    assert np.allclose(product, exact, rtol=1e-6, atol=0)


def test_outputs_in_the_order_and_types_of_the_file(load: Any, tmp_path: Path) -> None:
    network = load(pooled(tmp_path))
    pixels, limit = image(4, 6), np.array([0.5], np.float32)
    where, shape, above, largest = network.run({"image": pixels, "limit": limit})
    expected = pixels.reshape(1, 3, 2, 2, 3, 2).max(axis=(3, 5))
    assert np.array_equal(largest, expected)
    assert np.array_equal(above, expected > 0.5)
    assert np.array_equal(where, np.stack(np.nonzero(expected > 0.5)))
    assert shape.tolist() == [1, 3, 4, 6]
    assert [a.dtype.name for a in (where, shape, above)] == ["int64", "int64", "bool"]


def test_any_size_of_image_one_after_the_other(load: Any, tmp_path: Path) -> None:
    network = load(pooled(tmp_path))
    for height, width in ((4, 6), (64, 2), (10, 10), (4, 6)):
        feeds = {"image": image(height, width), "limit": np.array([2.0], np.float32)}
        where, _, _, largest = network.run(feeds)
        assert where.shape == (4, 0)
        assert largest.shape == (1, 3, height // 2, width // 2)


def test_what_the_network_does_not_take_is_ignored(load: Any, tmp_path: Path) -> None:
    feeds = {"left": np.eye(2, dtype=np.float32), "right": np.eye(2, dtype=np.float32)}
    (product,) = load(matmul(tmp_path)).run({"im_shape": np.zeros((1, 2)), **feeds})
    assert np.array_equal(product, np.eye(2))


def test_a_later_run_does_not_change_what_an_earlier_one_gave(load: Any, tmp_path: Path) -> None:
    network, one = load(matmul(tmp_path)), np.ones((2, 2), np.float32)
    (first,) = network.run({"left": one, "right": one})
    (second,) = network.run({"left": one, "right": 5 * one})
    assert (first.tolist(), second.tolist()) == ([[2, 2], [2, 2]], [[10, 10], [10, 10]])
    one[:] = 7
    assert first.tolist() == [[2, 2], [2, 2]]


def test_read_only_arrays_are_taken(load: Any, tmp_path: Path) -> None:
    one = np.ones((2, 2), np.float32)
    one.flags.writeable = False
    (product,) = load(matmul(tmp_path)).run({"left": one, "right": one})
    assert product.tolist() == [[2, 2], [2, 2]]


def test_a_missing_input_is_named(load: Any, tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"takes the input “right”; got left, x\."):
        load(matmul(tmp_path)).run({"left": np.ones((1, 1), np.float32), "x": np.ones(1)})


def test_a_failing_run_is_one_sentence_and_the_next_one_works(
    load: Any, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    network, square = load(matmul(tmp_path)), np.ones((2, 2), np.float32)
    with pytest.raises(WorkerError, match=r"failed on this image: .*(rank|incompat)") as refused:
        network.run({"left": np.ones((1, 2, 2), np.float32), "right": square})
    assert_sentence(str(refused.value), tmp_path)
    assert network.run({"left": square, "right": square})[0].shape == (2, 2)
    assert capfd.readouterr() == ("", "")


def test_running_out_of_memory_is_said(tmp_path: Path) -> None:
    nodes = [helper.make_node("Expand", ["one", "shape"], ["many"])]
    inputs = [value("one", [1]), value("shape", [1], TensorProto.INT64)]
    file = save(tmp_path, nodes, inputs, [value("many", ["n"])])
    network = runtimes.create("onnxruntime", "cpu", 1, tmp_path).load(file)
    with pytest.raises(WorkerError, match=r"ran out of memory\. Try a smaller image"):
        network.run({"one": np.ones(1, np.float32), "shape": np.array([10**15])})


def unknown_operator(folder: Path) -> Path:
    nodes = [helper.make_node("Nonesuch", ["x"], ["y"])]
    return save(folder, nodes, [value("x", [1])], [value("y", [1])])


def test_an_unknown_operator_is_refused(load: Any, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"cannot load “graph\.onnx”: .*Nonesuch") as refused:
        load(unknown_operator(tmp_path))
    assert_sentence(str(refused.value), tmp_path)


@pytest.mark.parametrize("content", [b"", b"no such thing" * 99, None])
def test_a_damaged_or_missing_file_is_refused(
    load: Any, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "with space" / "broken.onnx"
    file.parent.mkdir()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LoadError, match=r"cannot load “broken\.onnx”: \S") as refused:
        load(file)
    assert_sentence(str(refused.value), tmp_path)


def assert_sentence(text: str, folder: Path) -> None:
    assert "\n" not in text
    assert str(folder) not in text
    assert len(text) < 300


def test_a_good_file_is_loaded_without_a_word(
    load: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    load(matmul(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_threads_are_those_asked_for(tmp_path: Path) -> None:
    file = matmul(tmp_path)

    def added(threads: int) -> int:
        before = psutil.Process().num_threads()
        network = runtimes.create("onnxruntime", "cpu", threads, tmp_path).load(file)
        assert network.inputs
        return psutil.Process().num_threads() - before

    assert added(4) - added(1) == 3


def test_versions_are_the_installed_ones(name: str, tmp_path: Path) -> None:
    runtime = runtimes.create(name, "cpu", 1, tmp_path)
    assert runtime.name == name
    pins = [(ROOT / file).read_text() for file in ("requirements.txt", "requirements-openvino.txt")]
    assert f"{name}=={runtime.versions[name]}" in "".join(pins).splitlines()


def test_nothing_is_imported_to_tell_what_can_run() -> None:
    script = (
        "import sys; from instseg_ui.engines.runtimes import RUNTIMES, unusable;"
        "[unusable(name, device) for name in RUNTIMES for device in ('cpu', 'gpu:0')];"
        "sys.exit(any(name in sys.modules for name in ('onnxruntime', 'openvino', 'paddle')))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize(
    ("device", "parts"), [("cpu", ("cpu", 0)), ("gpu", ("gpu", 0)), ("gpu:3", ("gpu", 3))]
)
def test_devices(device: str, parts: tuple[str, int]) -> None:
    assert split_device(device) == parts


@pytest.mark.parametrize("device", ["", "CPU", "cpu:1", "gpu:", "gpu:-1", "gpu:1:2", "npu:0"])
def test_another_device_is_refused(device: str, tmp_path: Path) -> None:
    for runtime in runtimes.RUNTIMES:
        with pytest.raises(LoadError, match="Expected the device `cpu` or `gpu:0`, got"):
            runtimes.create(runtime, device, 1, tmp_path)


def test_an_unknown_runtime_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no runtime “tflite”\. Known: onnxruntime, openvino, te"):
        runtimes.unusable("tflite", "cpu")


class TestWhatIsMissing:
    """Why a runtime cannot run here, and what to do; asked of machines that are not this one."""

    @pytest.fixture(autouse=True)
    def _machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.packages = {"onnxruntime", "openvino", "tensorrt_libs"}
        self.providers = {"cuda", "tensorrt"}
        self.libraries = {"libcuda.so.1"}
        monkeypatch.setattr(installed, "package", lambda name: name in self.packages)
        monkeypatch.setattr(installed, "has_provider", lambda kind: kind in self.providers)
        monkeypatch.setattr(installed, "has_library", lambda name: name in self.libraries)
        monkeypatch.setattr(installed.ctypes.util, "find_library", lambda name: None)

    def test_with_everything_there_all_run(self) -> None:
        usable = {
            device: [name for name in runtimes.RUNTIMES if not runtimes.unusable(name, device)]
            for device in ("cpu", "gpu:0")
        }
        assert usable == {
            "cpu": ["onnxruntime", "openvino"],
            "gpu:0": ["onnxruntime", "tensorrt"],
        }

    def test_without_packages(self, tmp_path: Path) -> None:
        self.packages.clear()
        assert "make setup" in runtimes.unusable("onnxruntime", "cpu")
        assert "requirements-openvino.txt" in runtimes.unusable("openvino", "cpu")
        assert "tensorrt-cu12" in runtimes.unusable("tensorrt", "gpu:0")
        with pytest.raises(LoadError, match="OpenVINO is not installed"):
            runtimes.create("openvino", "cpu", 1, tmp_path)

    def test_without_the_gpu_build(self) -> None:
        self.providers.clear()
        for name in ("onnxruntime", "tensorrt"):
            assert "requirements-gpu.txt" in runtimes.unusable(name, "gpu:0")

    def test_a_gpu_build_without_tensorrt(self) -> None:
        self.providers.remove("tensorrt")
        assert not runtimes.unusable("onnxruntime", "gpu:0")
        assert "has no TensorRT" in runtimes.unusable("tensorrt", "gpu:0")

    def test_without_a_driver(self) -> None:
        self.libraries.clear()
        for name in ("onnxruntime", "tensorrt"):
            assert "INSTSEG_DEVICE=cpu" in runtimes.unusable(name, "gpu:0")

    def test_on_the_other_device(self) -> None:
        assert "INSTSEG_DEVICE=gpu:0" in runtimes.unusable("tensorrt", "cpu")
        assert "INSTSEG_DEVICE=cpu" in runtimes.unusable("openvino", "gpu:0")


class TestCards:
    """What ONNX Runtime is asked for where there is a card."""

    def test_cuda_in_full_float32_on_the_named_card(self) -> None:
        assert onnxruntime.providers("gpu:2") == [
            ("CUDAExecutionProvider", {"device_id": "2", "use_tf32": "0"}),
            ("CPUExecutionProvider", {}),
        ]

    def test_tensorrt_keeps_its_engines_and_leaves_the_rest_to_cuda(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
        runtime = tensorrt.TensorRt("gpu:1", 1, tmp_path / "cache")
        names, options = zip(*runtime._providers, strict=True)
        assert [name.removesuffix("ExecutionProvider") for name in names] == [
            "Tensorrt",
            "CUDA",
            "CPU",
        ]
        assert options[0]["device_id"] == options[1]["device_id"] == "1"
        assert options[0]["trt_fp16_enable"] == "False"
        assert options[0]["trt_engine_cache_path"] == str(tmp_path / "cache")
        assert os.access(tmp_path / "cache", os.W_OK)
        assert runtime.notes

    def test_a_provider_that_does_not_start_is_no_silent_step_down(self, tmp_path: Path) -> None:
        file, wanted = matmul(tmp_path), onnxruntime.providers("gpu:0")
        with pytest.warns(UserWarning, match="CUDA"), pytest.raises(LoadError, match="of the card"):
            onnxruntime.Session(file, 1, wanted)
