"""The catalog: its numbers against the published table, its rows, and what a broken one says."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
import yaml

from instseg_ui.catalog import Catalog, CatalogError, Measured, ModelSpec, Published
from instseg_ui.errors import InputError, UnknownModelError
from instseg_ui.settings import Settings

# PaddleX, "General Instance Segmentation Pipeline Tutorial": mask AP, GPU normal and
# high-performance, CPU normal and high-performance (ms), storage (MB).
PUBLISHED = """
Mask-RT-DETR-H                           50.6 180.83 180.83 1711.24 1711.24 449.9
Mask-RT-DETR-X                           47.5 141.43 141.43 1379.14 1379.14 237.5
Mask-RT-DETR-L                           45.7 113.20 113.20 1179.56 1179.56 113.6
Mask-RT-DETR-M                           42.7  87.08  87.08 -       2090.73  66.6
Mask-RT-DETR-S                           41.0 120.86 120.86 -       2163.07  51.8
Cascade-MaskRCNN-ResNet50-FPN            36.3 136.79 136.79 -       5935.41 254.8
Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN  39.1 137.40 137.40 -       6816.68 254.7
MaskRCNN-ResNet50                        32.8 181.60 181.60 -       5523.45 128.7
MaskRCNN-ResNet50-FPN                    35.6 112.79 112.79 -       4912.37 157.5
MaskRCNN-ResNet50-vd-FPN                 36.4 112.88 112.88 -       5204.97 157.5
MaskRCNN-ResNet101-FPN                   36.6 138.84 138.84 -       5107.74 225.4
MaskRCNN-ResNet101-vd-FPN                38.1 141.73 141.73 -       5592.76 225.1
MaskRCNN-ResNeXt101-vd-FPN               39.5 220.83 220.83 -       5932.59 370.0
PP-YOLOE_seg-S                           32.5 243.41 222.30 2507.70 1282.35  31.5
SOLOv2                                   35.5 131.99 131.99 -       2369.98 179.1
"""
TABLE = {
    name: Published(*(None if cell == "-" else float(cell) for cell in cells))
    for name, *cells in (line.split() for line in PUBLISHED.split("\n") if line)
}
ROW: dict[str, object] = {"id": "SOLOv2", "family": "SOLO", "description": "A model."}
BASIS = {
    "publisher": "P",
    "page": "A page",
    "hardware": "A machine",
    "normal": "as it is",
    "high_performance": "faster",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load(Settings())


def load(tmp_path: Path, text: str) -> Catalog:
    file = tmp_path / "models.yaml"
    file.write_text(text, encoding="utf-8")
    return Catalog.load(Settings(catalog=file))


def catalog_text(*rows: dict[str, object], **more: object) -> str:
    return yaml.safe_dump({"basis": BASIS, "models": list(rows), **more})


def own_folder(path: Path, config: str) -> Path:
    path.mkdir(parents=True)
    (path / "inference.yml").write_text(config, encoding="utf-8")
    return path


def test_every_published_figure_is_the_documented_one(catalog: Catalog) -> None:
    assert {s.id: s.published for s in catalog if s.source == "official"} == TABLE


def test_the_embedded_come_first_and_have_no_published_figures(catalog: Catalog) -> None:
    first = list(catalog)[:3]
    assert [one.id for one in first] == ["everyday-M", "everyday-S", "demo-cats"]
    assert {one.source for one in first} == {"bundled"}
    assert {one.published for one in first} == {Published()}
    assert first[2].location == "models/demo-cats"
    assert "cats only" in first[2].description


def test_embedded_models_say_what_we_measured_and_on_what(catalog: Catalog) -> None:
    embedded = {spec.id: spec for spec in catalog if spec.source == "bundled"}
    assert set(embedded) == {"demo-cats", "everyday-S", "everyday-M"}
    for spec in embedded.values():
        assert spec.published == Published()
        assert spec.measured is not None
        assert "validation photos" in spec.measured.data


def test_families_stand_together(catalog: Catalog) -> None:
    families = [spec.family for spec in catalog]
    changes = sum(a != b for a, b in itertools.pairwise(families))
    assert changes == len(set(families)) - 1


def test_every_row_says_what_it_is(catalog: Catalog) -> None:
    descriptions = [spec.description for spec in catalog]
    assert all(len(text) > 40 and text.endswith(".") for text in descriptions)
    assert len(set(descriptions)) == len(catalog) == 18


def test_source_of_the_figures_is_named(catalog: Catalog) -> None:
    assert catalog.basis.publisher == "PaddleX"
    assert "8 threads" in catalog.basis.hardware
    assert "FP32" in catalog.basis.hardware


def test_official_archives_are_named_as_paddlex_names_them(catalog: Catalog) -> None:
    assert catalog.get("SOLOv2").location == "SOLOv2_infer.tar"


def test_bound_names_are_those_of_paddlex(catalog: Catalog) -> None:
    assert catalog.bound_names == set(TABLE) | {"MaskRCNN-ResNet50-vd-SSLDv2-FPN"}


def test_unknown_name_lists_close_matches(catalog: Catalog) -> None:
    with pytest.raises(UnknownModelError, match="Mask-RT-DETR-L"):
        catalog.get("Mask-RT-DETR-LL")


@pytest.mark.parametrize("name", [None, 3, ["SOLOv2"]])
def test_a_name_of_a_wrong_type_is_an_unknown_model(catalog: Catalog, name: object) -> None:
    with pytest.raises(UnknownModelError):
        catalog.get(name)  # type: ignore[arg-type]


def test_a_spec_is_frozen_and_hides_its_location(catalog: Catalog) -> None:
    spec = catalog.get("demo-cats")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.id = "other"  # type: ignore[misc]
    assert spec.location not in repr(spec)


def test_what_we_measured_stands_apart_from_what_was_published(tmp_path: Path) -> None:
    measured = {"mask_ap": 41.5, "data": "40 photos of bicycles"}
    spec = load(tmp_path, catalog_text(ROW | {"measured": measured})).get("SOLOv2")
    assert spec.measured == Measured(41.5, "40 photos of bicycles")
    assert spec.published == Published()


@pytest.mark.parametrize("measured", [{"mask_ap": 41.5}, {"mask_ap": 141, "data": "photos"}])
def test_a_measured_figure_says_on_what(tmp_path: Path, measured: dict[str, object]) -> None:
    with pytest.raises(CatalogError, match=r"models\.0\.measured"):
        load(tmp_path, catalog_text(ROW | {"measured": measured}))


def test_own_folders_become_rows_after_the_catalog(tmp_path: Path) -> None:
    config = "Global: {model_name: Mask-RT-DETR-S}\nlabel_list: [cat, dog, no, bird]\n"
    folder = own_folder(tmp_path / "my pets", config)
    spec = list(Catalog.load(Settings(model_folders=(folder,))))[-1]
    assert spec == ModelSpec(
        id="my-pets",
        family="Mask-RT-DETR-S",
        source="folder",
        location=str(folder),
        description=spec.description,
        labels_hint="4 classes: cat, dog, no, …",
    )


def test_own_folders_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    folders = tuple(tmp_path / part / "SOLOv2" for part in "abc")
    names = Catalog.load(Settings(model_folders=folders)).names
    assert names[-3:] == ("SOLOv2-2", "SOLOv2-3", "SOLOv2-4")


@pytest.mark.parametrize("config", ["[", "- a", "", "Global: 3"])
def test_a_broken_own_folder_is_listed_all_the_same(tmp_path: Path, config: str) -> None:
    folder = own_folder(tmp_path / "broken", config)
    spec = Catalog.load(Settings(model_folders=(folder,))).get("broken")
    assert (spec.family, spec.labels_hint) == ("Own folder", "classes unknown")


def test_an_own_folder_does_not_bind_its_name(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "x", "Global: {model_name: Anything}")
    assert "Anything" not in Catalog.load(Settings(model_folders=(folder,))).bound_names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [", "not readable as YAML at line"),
        ("", "valid dictionary"),
        (catalog_text(), "models"),
        (catalog_text(ROW, ROW), "lists “SOLOv2” twice"),
        (catalog_text({**ROW, "id": "../up"}), r"models\.0\.id"),
        (catalog_text({**ROW, "price": 3}), r"models\.0\.price"),
        (catalog_text({**ROW, "source": "folder"}), r"models\.0\.source"),
        (catalog_text({**ROW, "published": {"mask_ap": 120}}), r"published\.mask_ap"),
        (catalog_text({**ROW, "published": {"storage_mb": -1}}), r"published\.storage_mb"),
        (catalog_text({"id": "a"}), r"models\.0\.family.*and . more"),
    ],
)
def test_a_broken_catalog_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CatalogError, match=said) as caught:
        load(tmp_path, text)
    assert isinstance(caught.value, InputError)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_catalog_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"models\.yaml.*cannot be read") as caught:
        Catalog.load(Settings(catalog=tmp_path / "models.yaml"))
    assert "No such file" in caught.value.remedy
    assert "INSTSEG_CATALOG" in caught.value.remedy


def test_bytes_that_are_no_text_are_no_catalog(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="not readable"):
        Catalog.load(Settings(catalog=tmp_path / "models.yaml"))
