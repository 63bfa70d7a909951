"""What `/health` says of models that fail, and that an answer says what it leaves out."""

from __future__ import annotations

from instseg_ui.images import from_array
from instseg_ui.prediction_json import to_json
from tests.api.conftest import Api, MakeApi
from tests.unit.factories import GREEN, RED, patches

TWO = patches(((2, 3, 12, 20), RED), ((20, 3, 42, 20), GREEN))


def ask(api: Api) -> tuple[int, dict[str, object]]:
    answer = api.client.get("/health")
    return answer.status_code, answer.json()


def test_a_default_model_that_cannot_be_loaded_is_not_healthy(make_api: MakeApi) -> None:
    api = make_api({"load_error": "Its graph is damaged."})
    assert ask(api)[0] == 200
    assert api.post().status_code == 500
    status, answer = ask(api)
    assert (status, answer["errorCode"]) == (503, 503)
    assert answer["errorMsg"] == "Not healthy. patches: Its graph is damaged."
    assert answer["result"] == {
        "models": {"patches": {"state": "failed", "reason": "Its graph is damaged."}}
    }
    rows = {row["id"]: row for row in api.client.get("/models").json()["result"]["models"]}
    assert (rows["patches"]["state"], rows["patches"]["reason"]) == (
        "failed",
        "Its graph is damaged.",
    )


def test_another_model_that_fails_is_said_and_the_service_goes_on(make_api: MakeApi) -> None:
    api = make_api({"load_error": "Its graph is damaged."}, default_model="demo-cats")
    api.post(model="patches")
    status, answer = ask(api)
    assert (status, answer["errorCode"]) == (200, 0)
    assert answer["errorMsg"] == "Not healthy. patches: Its graph is damaged."


def test_a_run_that_failed_may_be_its_images_fault(make_api: MakeApi) -> None:
    api = make_api({"run_error": "It ran out of memory.", "good_runs": 1})
    api.post()
    status, answer = ask(api)
    assert status == 200
    assert answer["result"] == {
        "models": {"patches": {"state": "run failed", "reason": "It ran out of memory."}}
    }


def test_a_model_that_runs_again_is_healthy_again(make_api: MakeApi) -> None:
    api = make_api({"load_error": "Its graph is damaged."})
    api.post()
    assert ask(api)[0] == 503
    folder = api.segmenter.store.folder(api.segmenter.catalog.get("patches")).path
    (folder / "fake.json").write_text("{}")
    (folder / "inference.json").write_text("{ }")
    assert ask(api)[1]["errorMsg"] == "Healthy", "another folder than the one that failed"
    assert api.post().status_code == 200
    assert ask(api)[1]["errorMsg"] == "Healthy"


def test_a_default_folder_that_is_damaged_on_disk_is_not_healthy(api: Api) -> None:
    folder = api.segmenter.store.folder(api.segmenter.catalog.get("patches")).path
    (folder / "inference.pdiparams").unlink()
    status, answer = ask(api)
    assert status == 503
    assert "has no inference.pdiparams" in str(answer["errorMsg"])


def test_an_answer_says_how_many_objects_it_leaves_out(api: Api) -> None:
    def notes(**body: object) -> object:
        return api.post(visualize=False, **body).json()["result"].get("notes")

    count = len(api.instances())
    assert count > 1
    assert notes() is None
    assert notes(maxInstances=1) == [
        f"1 of {count} objects are in the answer; raise “maxInstances” or “threshold”."
    ]


def test_what_the_setting_cuts_is_said_where_the_threshold_reaches_it(make_api: MakeApi) -> None:
    api = make_api(max_instances=1)
    found = api.segmenter.segment(from_array(TWO, api.segmenter.settings))
    assert len(found.instances) == 1
    assert found.cut.startswith("Only the 1 objects with the highest scores are kept")
    assert to_json(found)["notes"] == [found.cut]
    assert found.at(0.05).cut == found.cut
    assert found.at(1.0).cut == ""
    (note,) = api.post().json()["result"]["notes"]
    assert note == found.cut
    assert "INSTSEG" not in note
