"""/api/v1 as a script uses it: lists by cursor, details, changes, what is in a dataset, archives, uploads, tokens."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from jobs.series import SeriesWriter
from jobs.tables import IdempotencyRow, JobRow
from tests.app.conftest import Lab, make_lab
from tests.app.conftest import lab_template as lab_template
from tests.app.finished import built_dataset, model_with_checkpoint
from tests.data.factory import make_gradient_folder


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Lab]:
    """A server that may read one folder of gradient images."""
    images = make_gradient_folder(tmp_path_factory.mktemp("images") / "set", per_class=10)
    (images / "red-to-right" / "broken.png").write_bytes(b"not an image")
    made = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(images,), max_upload_mb=1)
    yield made
    made.store.engine.dispose()


@pytest.fixture(scope="module")
def images(lab: Lab) -> Path:
    """The folder that may be read."""
    return lab.ctx.settings.data_roots[0]


@pytest.fixture(scope="module")
def dataset(lab: Lab, images: Path) -> JobRow:
    """A finished dataset."""
    return built_dataset(lab, images, val_percent=20)


@pytest.fixture(scope="module")
def model(lab: Lab, dataset: JobRow) -> JobRow:
    """A finished model."""
    return model_with_checkpoint(lab, dataset)


@pytest.fixture
def olga(lab: Lab) -> FlaskClient:
    """Olga's script."""
    return lab.client("olga")


# -- datasets ----------------------------------------------------------------------------------------------------


def test_create_a_dataset(olga: FlaskClient, images: Path) -> None:
    answer = olga.post("/api/v1/datasets", json={"folder": str(images), "width": 12, "channels": 1, "name": "mine"})
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == f"/api/v1/datasets/{answer.json['id']}"
    assert (answer.json["name"], answer.json["owner"], answer.json["status"]) == ("mine", "olga", "Initialized")
    assert answer.json["options"]["width"] == 12
    assert olga.get(answer.headers["Location"]).json["id"] == answer.json["id"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"folder": "/etc"}, "folder"),
        ({"folder": "/no/such/folder"}, "folder"),
        ({"folder": "relative"}, "folder"),
        ({"folder": "~nobody/x"}, "folder"),
        ({"folder": "/" + 5000 * "x"}, "folder"),
        ({"width": 0}, "width"),
        ({"width": "wide"}, "width"),
        ({"resize_mode": "stretch"}, "resize_mode"),
        ({"val_percent": 60, "test_percent": 60}, "test_percent"),
        ({"widht": 3}, "widht"),
        ({"visibility": "world"}, "visibility"),
        ({"name": "a\0b"}, "name"),
    ],
)
def test_a_wrong_value_is_named(olga: FlaskClient, images: Path, wrong: dict[str, object], field: str) -> None:
    before = olga.get("/api/v1/datasets").json["total"]
    answer = olga.post("/api/v1/datasets", json={"folder": str(images), **wrong})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json["errors"]] == [field]
    assert olga.get("/api/v1/datasets").json["total"] == before


def test_a_number_beyond_all_numbers_is_refused(olga: FlaskClient, images: Path) -> None:
    text = json.dumps({"folder": str(images), "val_percent": 7}).replace("7", "1e999")
    answer = olga.post("/api/v1/datasets", data=text, content_type="application/json")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "val_percent")


@pytest.mark.parametrize("text", ["{", "[1,", '{"width": NaN}', "\xff", "[" * 100_000])
def test_what_is_no_json_is_said(olga: FlaskClient, text: str) -> None:
    answer = olga.post("/api/v1/datasets", data=text.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


def test_the_same_key_makes_one_dataset(olga: FlaskClient, lab: Lab, images: Path) -> None:
    body, key = {"folder": str(images), "name": "once"}, {"Idempotency-Key": "k-1"}
    first = olga.post("/api/v1/datasets", json=body, headers=key)
    again = olga.post("/api/v1/datasets", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"]
    other = olga.post("/api/v1/datasets", json={**body, "name": "other"}, headers=key)
    assert (other.status_code, other.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert lab.client("sam").post("/api/v1/datasets", json=body, headers=key).json["id"] != first.json["id"]


def test_a_key_whose_request_failed_may_be_used_again(olga: FlaskClient, images: Path) -> None:
    key = {"Idempotency-Key": "k-2"}
    assert olga.post("/api/v1/datasets", json={"folder": "/etc"}, headers=key).status_code == 422
    assert olga.post("/api/v1/datasets", json={"folder": str(images)}, headers=key).status_code == 201


def test_a_key_still_at_work_is_told_to_wait(olga: FlaskClient, lab: Lab, images: Path) -> None:
    body = {"folder": str(images)}
    olga.post("/api/v1/datasets", json=body, headers={"Idempotency-Key": "k-3"})
    with lab.store.session() as session:  # as if the first request had not ended yet
        session.execute(update(IdempotencyRow).where(IdempotencyRow.key == "k-3").values(job=""))
    answer = olga.post("/api/v1/datasets", json=body, headers={"Idempotency-Key": "k-3"})
    assert (answer.status_code, "still at work" in answer.json["detail"]) == (409, True)
    with lab.store.session() as session:  # as if the server had been stopped in between, long ago
        session.execute(update(IdempotencyRow).where(IdempotencyRow.key == "k-3").values(created=0.0))
    assert olga.post("/api/v1/datasets", json=body, headers={"Idempotency-Key": "k-3"}).status_code == 201


def test_what_a_dataset_is(olga: FlaskClient, dataset: JobRow) -> None:
    found = olga.get(f"/api/v1/datasets/{dataset.id}").json
    assert (found["status"], found["fraction"]) == ("Done", 1.0)
    assert [entry["status"] for entry in found["history"]] == ["Initialized", "Running", "Done"]
    manifest = olga.get(f"/api/v1/datasets/{dataset.id}/manifest").json
    assert manifest["classes"] == ["blue-to-left", "green-to-top", "red-to-right"]
    assert manifest["splits"]["val"]["entries"] == 6


def test_pages_of_records(olga: FlaskClient, dataset: JobRow) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train/records"
    page = olga.get(url, query_string={"size": 10, "page": 3}).json
    assert (page["total"], page["pages"], len(page["records"])) == (24, 3, 4)
    ofclass = olga.get(url, query_string={"class": 1, "size": 5}).json
    assert ofclass["total"] == 8
    assert {record["class"] for record in ofclass["records"]} == {"green-to-top"}
    assert olga.get(url, query_string={"class": 9}).status_code == 404
    assert olga.get(url.replace("train", "test")).status_code == 404


def test_one_record_and_its_picture(olga: FlaskClient, dataset: JobRow, images: Path) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train/records/5"
    record = olga.get(url).json
    assert Path(record["path"]).is_relative_to(images)
    assert (record["width"], record["height"], record["channels"]) == (16, 16, 3)
    answer = olga.get(url + "/image")
    picture = Image.open(io.BytesIO(answer.data))
    assert (answer.mimetype, picture.size, picture.mode) == ("image/png", (16, 16), "RGB")
    assert len(answer.data) == record["bytes"]
    again = olga.get(url + "/image", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert olga.get(f"/api/v1/datasets/{dataset.id}/splits/train/records/99").status_code == 404


def test_a_sprite_of_records(olga: FlaskClient, dataset: JobRow) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train/sprite"
    answer = olga.get(url, query_string={"indices": "3,1,2,0,5", "cell": 32})
    assert answer.mimetype == "image/jpeg"
    assert Image.open(io.BytesIO(answer.data)).size == (96, 64)
    assert olga.get(url, query_string={"indices": "99"}).status_code == 404
    assert olga.get(url, query_string={"indices": "a"}).status_code == 422


def test_the_mean_image(olga: FlaskClient, lab: Lab, dataset: JobRow) -> None:
    answer = olga.get(f"/api/v1/datasets/{dataset.id}/mean")
    assert Image.open(io.BytesIO(answer.data)).size == (16, 16)
    assert olga.get(f"/api/v1/datasets/{lab.job().id}/mean").status_code == 404


def test_paths_are_completed_inside_the_roots(olga: FlaskClient, images: Path) -> None:
    found = olga.get("/api/v1/paths", query_string={"text": f"{images}/re"}).json
    assert found == [{"path": f"{images}/red-to-right/", "folder": True}]
    assert olga.get("/api/v1/paths", query_string={"text": "/etc/"}).json == []


def test_files_that_could_not_be_read(olga: FlaskClient, dataset: JobRow) -> None:
    found = olga.get(f"/api/v1/datasets/{dataset.id}/failures").json
    assert found["total"] == 1
    assert found["failures"][0]["path"].endswith("broken.png")
    assert found["failures"][0]["reason"]


def test_a_dataset_not_yet_built_cannot_be_looked_into(olga: FlaskClient, lab: Lab) -> None:
    job = lab.job("dataset")
    answer = olga.get(f"/api/v1/datasets/{job.id}/splits/train/records")
    assert answer.status_code == 409
    assert "Initialized" in answer.json["detail"]


# -- jobs --------------------------------------------------------------------------------------------------------


def test_lists_page_by_cursor_without_gap_or_repetition(olga: FlaskClient, lab: Lab) -> None:
    made = {lab.job("model", group="paging", created=1000.0 + number % 3).id for number in range(11)}
    for sort in ("created", "-created", "name", "-owner", "started", "-finished", "status"):
        seen: list[str] = []
        query: dict[str, object] = {"group": "paging", "sort": sort, "limit": 4}
        while True:
            page = olga.get("/api/v1/models", query_string=query).json
            seen += [item["id"] for item in page["items"]]
            assert page["total"] >= 11
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
            if len(seen) == 4:  # somebody else's job comes in meanwhile, before the cursor's place
                lab.job("model", "sam", "private", group="paging", created=2.0 if sort.startswith("-") else 1.0)
        assert (len(seen), set(seen)) == (11, made), sort


def test_a_cursor_of_another_order_or_of_nobody_is_refused(olga: FlaskClient) -> None:
    page = olga.get("/api/v1/jobs?limit=1&sort=name").json
    assert olga.get(f"/api/v1/jobs?cursor={page['next']}&sort=created").status_code == 422
    for cursor in ("x", "!!!", "W10", "bnVsbA"):
        assert olga.get(f"/api/v1/jobs?cursor={cursor}").json["errors"][0]["field"] == "cursor"


def test_filters(olga: FlaskClient, lab: Lab, dataset: JobRow, model: JobRow) -> None:
    def ids(query: str) -> set[str]:
        return {item["id"] for item in olga.get(f"/api/v1/jobs?limit=500&{query}").json["items"]}

    assert model.id in ids("type=model&status=Done&status=Running")
    assert dataset.id not in ids("type=model")
    assert ids(f"parent={dataset.id}&type=model") == {model.id}
    assert ids("text=gradients") >= {dataset.id}
    assert olga.get("/api/v1/jobs?status=Nonsense").status_code == 422
    assert olga.get("/api/v1/jobs?nonsense=1").status_code == 422


def test_change_a_job(olga: FlaskClient, lab: Lab) -> None:
    job = lab.job()
    url = f"/api/v1/jobs/{job.id}"
    changed = olga.patch(url, json={"name": " New name", "notes": "good\nbad", "group": "g"}).json
    assert (changed["name"], changed["notes"], changed["group"]) == (" New name", "good\nbad", "g")
    assert olga.patch(url, json={"group": "", "notes": ""}).json["group"] == ""
    assert olga.patch(url, json={}).json["name"] == " New name"
    for wrong in ({"name": ""}, {"name": "  "}, {"visibility": "all"}, {"status": "Done"}):
        assert olga.patch(url, json=wrong).status_code == 422, wrong


def test_abort_and_delete(olga: FlaskClient, lab: Lab) -> None:
    job = lab.job()
    assert olga.post(f"/api/v1/jobs/{job.id}/abort").status_code == 200
    assert lab.store.get(job.id, anyone=True).abort_requested
    assert olga.delete(f"/api/v1/jobs/{job.id}").status_code == 204
    assert olga.get(f"/api/v1/jobs/{job.id}").status_code == 404
    assert olga.delete(f"/api/v1/jobs/{job.id}").status_code == 404


def test_what_is_finished_cannot_be_aborted(olga: FlaskClient, model: JobRow) -> None:
    answer = olga.post(f"/api/v1/jobs/{model.id}/abort")
    assert (answer.status_code, "done already" in answer.json["detail"]) == (409, True)


def test_a_dataset_with_models_stays(olga: FlaskClient, lab: Lab, dataset: JobRow, model: JobRow) -> None:
    answer = olga.delete(f"/api/v1/jobs/{dataset.id}")
    assert (answer.status_code, answer.json["blockers"]) == (409, [model.id])
    hidden = lab.job("model", "sam", "private", parents=(dataset.id,), name="secret")
    answer = olga.delete(f"/api/v1/jobs/{dataset.id}")
    assert answer.json["blockers"] == [model.id]
    assert "secret" not in answer.json["detail"]
    assert "1 other job" in answer.json["detail"]
    lab.store.edit(hidden.id, delete_requested=True)


def test_clone_and_related(olga: FlaskClient, dataset: JobRow, model: JobRow, images: Path) -> None:
    values = olga.get(f"/api/v1/jobs/{dataset.id}/clone").json
    assert (values["folder"], values["width"], values["val_percent"]) == (str(images), 16, 20)
    assert olga.post("/api/v1/datasets", json=values).status_code == 201
    related = olga.get(f"/api/v1/jobs/{model.id}/related").json
    assert [row["id"] for row in related["parents"]] == [dataset.id]


def test_events_log_curves_and_metrics(olga: FlaskClient, lab: Lab, model: JobRow) -> None:
    folder = lab.store.folder(model.id)
    folder.log_path.write_text("one\ntwo\nthree\n")
    writer = SeriesWriter(folder.series)
    for step in range(2000):
        writer.add(step, float(step), {"train/loss": float("nan") if step == 5 else float(step == 1234)})
    writer.flush()
    url = f"/api/v1/jobs/{model.id}"
    assert [e["seq"] for e in olga.get(url + "/events?after=2").json["events"]] == [3, 4, 5]
    assert olga.get(url + "/log?lines=2").text == "two\nthree"
    assert olga.get(url + "/curves").json == {"train/loss": 2000}
    thin = olga.get(url + "/series?curve=train/loss&width=100").json
    assert (thin["total"], len(thin["steps"]) <= 110, 1.0 in thin["values"]) == (2000, True, True)
    part = olga.get(url + "/series?curve=train/loss&from=3&to=6").json
    assert (part["steps"], part["values"]) == ([3, 4, 5, 6], [0.0, 0.0, None, 0.0])
    assert olga.get(url + "/series?curve=none").status_code == 404
    assert olga.get(url + "/metrics").json["best"]["val/accuracy"]["values"]["val/accuracy"] == 0.9
    news = olga.post(url + "/updates", json={"seq": 4, "counts": {"train/loss": 1990}}).json
    assert [event["kind"] for event in news["events"]] == ["status"]
    assert (news["series"]["train/loss"]["start"], news["series"]["train/loss"]["stop"]) == (1990, 2000)


def test_a_broken_folder_is_shown_with_the_reason(olga: FlaskClient, lab: Lab) -> None:
    job = lab.job()
    (lab.store.folder(job.id).path / "job.json").write_text("{torn")
    found = olga.get(f"/api/v1/jobs/{job.id}").json
    assert "job.json" in found["broken"]
    assert olga.get(f"/api/v1/jobs/{job.id}/clone").status_code == 409


# -- models ------------------------------------------------------------------------------------------------------


def test_the_library(olga: FlaskClient) -> None:
    names = [network["name"] for network in olga.get("/api/v1/networks").json]
    assert {"lenet", "alexnet", "googlenet", "vgg16", "resnet18", "resnet50"} <= set(names)
    assert "class Net" in olga.get("/api/v1/networks/lenet").json["source"]
    assert olga.get("/api/v1/networks/none").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"dataset": "20200101-000000-0000"}, "dataset"),
        ({"network": "lenett"}, "network"),
        ({"network": "custom"}, "source"),
        ({"crop_size": 17}, "crop_size"),
        ({"epochs": 0}, "epochs"),
        ({"gpu": 7}, "gpu"),
        ({"start_from": "20200101-000000-0000"}, "start_from"),
    ],
)
def test_a_wrong_model_is_refused(olga: FlaskClient, dataset: JobRow, wrong: dict[str, object], field: str) -> None:
    answer = olga.post("/api/v1/models", json={"dataset": dataset.id, "network": "lenet", **wrong})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json["errors"]] == [field]


def test_own_code_where_the_server_does_not_allow_it(tmp_path: Path, lab_template: Path, images: Path) -> None:
    strict = make_lab(tmp_path, lab_template, data_roots=(images,), allow_custom_code=False)
    made = built_dataset(strict, images)
    body = {"dataset": made.id, "network": "custom", "source": "class Net: pass"}
    assert strict.client("olga").post("/api/v1/models", json=body).status_code == 403


def test_archives_hold_all_that_is_needed(olga: FlaskClient, model: JobRow) -> None:
    url = f"/api/v1/models/{model.id}/checkpoints/last/archive"
    wanted = {"info.json", "epoch-01.00.safetensors", "epoch-01.00.json", "model.json", "network.py", "labels.txt",
              "mean.npy", "mean.png"}  # fmt: skip
    for kind in ("tar.gz", "tgz", "tar", "tar.bz2"):
        answer = olga.get(url, query_string={"format": kind})
        assert f".{kind}" in answer.headers["Content-Disposition"]
        with tarfile.open(fileobj=io.BytesIO(answer.data)) as archive:
            assert set(archive.getnames()) == wanted
            info = json.load(archive.extractfile("info.json"))
    with zipfile.ZipFile(io.BytesIO(olga.get(url, query_string={"format": "zip"}).data)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == wanted
        assert archive.read("labels.txt").decode().splitlines() == ["blue-to-left", "green-to-top", "red-to-right"]
    assert info["snapshot file"] == "epoch-01.00.safetensors"
    assert info["image dimensions"] == [16, 16, 3]
    assert olga.get(url.replace("last", "epoch-99")).status_code == 404
    assert olga.get(url.replace("last", "1.0")).status_code == 200
    assert olga.get(url, query_string={"format": "rar"}).status_code == 422


def test_a_model_without_checkpoint_says_so(olga: FlaskClient, lab: Lab) -> None:
    job = lab.job("model")
    answer = olga.post(f"/api/v1/models/{job.id}/classify", json={"path": "/x.png"})
    assert (answer.status_code, "no checkpoint yet" in answer.json["detail"]) == (409, True)


# -- the rest ----------------------------------------------------------------------------------------------------


def test_upload_and_build(olga: FlaskClient, lab: Lab, tmp_path: Path) -> None:
    folder = make_gradient_folder(tmp_path / "pets", per_class=4)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, Path("pets") / path.relative_to(folder))
    raw = olga.post("/api/v1/uploads?filename=pets.zip", data=file.getvalue(), content_type="application/octet-stream")
    assert raw.status_code == 201, raw.json
    assert sorted(path.name for path in Path(raw.json["path"]).iterdir()) == [
        "blue-to-left", "green-to-top", "red-to-right",
    ]  # fmt: skip
    form = olga.post("/api/v1/uploads", data={"file": (io.BytesIO(file.getvalue()), "pets.zip")})
    assert form.status_code == 201
    assert olga.post("/api/v1/datasets", json={"folder": raw.json["path"]}).status_code == 201
    assert lab.client("sam").post("/api/v1/datasets", json={"folder": raw.json["path"]}).status_code == 422


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08garbage", b"x" * 1_000_001])
def test_a_bad_upload_leaves_nothing(olga: FlaskClient, lab: Lab, content: bytes) -> None:
    before = sorted((lab.ctx.settings.home / "uploads").rglob("*"))
    answer = olga.post("/api/v1/uploads?filename=a.zip", data=content, content_type="application/octet-stream")
    assert answer.status_code == 422, answer.json
    assert sorted((lab.ctx.settings.home / "uploads").rglob("*")) == before


def test_tokens_are_shown_once_and_can_be_revoked(lab: Lab, olga: FlaskClient) -> None:
    made = olga.post("/api/v1/tokens", json={"title": "nightly", "scope": "read"}).json
    client = lab.app.test_client()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/v1/me", headers=headers).json["scope"] == "read"
    assert all("token" not in token for token in olga.get("/api/v1/tokens").json)
    assert lab.client("sam").delete(f"/api/v1/tokens/{made['id']}").status_code == 404
    assert olga.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_admins_look_after_users(lab: Lab) -> None:
    ada = lab.client("ada")
    assert ada.post("/api/v1/users", json={"name": "new", "password": "12345678"}).status_code == 201
    assert ada.post("/api/v1/users", json={"name": "new", "password": "12345678"}).status_code == 422
    assert ada.patch("/api/v1/users/new", json={"role": "viewer"}).json["role"] == "viewer"
    assert ada.patch("/api/v1/users/ada", json={"role": "member"}).status_code == 422, "the last admin"
    assert ada.delete("/api/v1/users/new").status_code == 204
    assert "password_hash" not in ada.get("/api/v1/users").text


def test_everybody_changes_the_own_password(lab: Lab) -> None:
    assert lab.client("vic").patch("/api/v1/users/vic", json={"password": "new password"}).status_code == 200
    assert lab.client("vic").patch("/api/v1/users/vic", json={"role": "admin"}).status_code == 403
    assert lab.client("vic").patch("/api/v1/users/sam", json={"password": "new password"}).status_code == 403


def test_machine_without_a_scheduler_is_stale(olga: FlaskClient) -> None:
    assert olga.get("/api/v1/machine").json["stale"] is True
