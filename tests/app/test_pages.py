"""The pages as a browser gets them: what they show, how an address restores them, what a wrong form keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.pages import choice, number, page_numbers, pages_of, query
from tests.app.conftest import Lab
from tests.app.finished import built_dataset
from tests.data.factory import make_gradient_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def images(alone: Lab, tmp_path: Path) -> Path:
    """An image folder inside the allowed root."""
    return make_gradient_folder(tmp_path / "images" / "gradients", per_class=8)


def test_a_newcomer_is_led_to_the_first_dataset(alone: Lab) -> None:
    text = alone.client().get("/").text
    assert "Build the first dataset" in text
    assert "make demo" in text


def test_home_lists_jobs_and_says_why_one_waits(alone: Lab) -> None:
    dataset = alone.job(name="digits <b>")
    alone.store.edit(dataset.id, status="Waiting", reason="needs 1 CPU slot, 0 free")
    text = alone.client().get("/").text
    assert "digits &lt;b&gt;" in text
    assert "<b>digits" not in text
    assert "needs 1 CPU slot, 0 free" in text
    assert f"/datasets/{dataset.id}" in text


def test_a_broken_job_is_listed_with_its_reason(alone: Lab) -> None:
    row = alone.job("model", name="torn")
    alone.store.edit(row.id, broken="job.json cannot be read: it ends too early")
    text = alone.client().get("/").text
    assert "Broken" in text
    assert "it ends too early" in text
    assert "cannot be read" in alone.client().get(f"/models/{row.id}").text


def test_an_address_restores_search_order_and_page_of_both_tables(alone: Lab) -> None:
    for index in range(45):
        row = alone.job(name=f"set {index:02}", created=1_700_000_000.0 + index)
        alone.store.edit(row.id, status="Done")
    alone.job("model", name="net")
    text = alone.client().get("/?dq=set&ds=name&dp=2&mq=net").text
    assert "set 20" in text
    assert "set 19" not in text
    assert "21–40 of 45" in text
    assert 'value="set"' in text
    links = re.findall(r'href="(/\?[^"]+)"', text)
    assert any("dp=3" in link and "mq=net" in link and "ds=name" in link for link in links), "a page keeps the rest"


def test_htmx_gets_only_the_table_that_it_asked_for(alone: Lab) -> None:
    alone.job(name="one")
    answer = alone.client().get("/?dq=one", headers={"HX-Target": "table-d"})
    assert answer.text.lstrip().startswith('<div id="table-d"')
    assert "<html" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_bulk_actions_do_what_they_can_and_say_the_rest(alone: Lab) -> None:
    first, second = alone.job(name="first"), alone.job(name="second")
    alone.job("model", name="its model", parents=(second.id,))
    answer = alone.client().post("/jobs/bulk", data={"action": "delete", "ids": [first.id, second.id, "nothing"]}).json
    assert answer["done"] == 1
    assert any("its model" in sentence for sentence in answer["refused"])
    assert len(answer["refused"]) == 2
    assert alone.store.get(first.id, alone.who("local")) is None
    assert alone.client().post("/jobs/bulk", data={"action": "explode", "ids": [second.id]}).status_code == 400


def test_a_wrong_dataset_form_keeps_what_was_typed(alone: Lab) -> None:
    sent = {"folder": "/nowhere/at/all", "width": "zero", "val_percent": "40", "name": "mine", "max_per_class": "7"}
    answer = alone.client().post("/datasets/new", data=sent)
    assert answer.status_code == 422
    for value in ("/nowhere/at/all", "zero", "40", "mine"):
        assert f'value="{value}"' in answer.text
    assert answer.text.count("invalid-feedback") >= 1
    assert re.search(r"<details open[^>]*>.*max_per_class", answer.text, re.S), "what was changed is not folded away"


def test_a_dataset_is_made_from_the_form_and_cloned(alone: Lab, images: Path) -> None:
    sent = {"folder": str(images), "width": "20", "height": "24", "channels": "1", "encoding": "raw", "group": "tests"}
    answer = alone.client().post("/datasets/new", data=sent)
    assert answer.status_code == 303
    made = answer.headers["Location"].rsplit("/", 1)[-1]
    options = alone.store.folder(made).job().options
    assert (options["width"], options["height"], options["channels"], options["encoding"]) == (20, 24, 1, "raw")
    clone = alone.client().get(f"/jobs/{made}/do/clone", follow_redirects=True)
    assert clone.request.path == "/datasets/images/classification/new"
    assert f'value="{images}"' in clone.text
    assert re.search(r'<option value="1" selected>Grey', clone.text)


def test_the_words_that_digits_scripts_look_for(alone: Lab) -> None:
    client = alone.client()
    assert "New Image Classification Dataset" in client.get("/datasets/images/classification/new").text
    assert "New Image Classification Model" in client.get("/models/images/classification/new").text


def test_what_a_folder_was_understood_as(alone: Lab, images: Path) -> None:
    client = alone.client()
    text = client.get("/datasets/understand", query_string={"folder": str(images)}).text
    assert "3 classes" in text
    assert "24 images" in text
    assert "does not exist" in client.get("/datasets/understand", query_string={"folder": f"{images}/none"}).text


def test_a_finished_dataset_and_its_explorer(alone: Lab, images: Path) -> None:
    row = built_dataset(alone, images, owner="local")
    client = alone.client()
    page = client.get(f"/datasets/{row.id}").text
    assert "Train a model" in page
    address = f"/datasets/images/classification/explore?job_id={row.id}&db=val&size=25&label=1"
    text = client.get(address).text
    assert text.count('class="fv-thumb"') == 2
    assert re.search(r'<option value="val" selected>', text)
    assert re.search(r'<option value="1" selected>', text)
    sprite = re.search(r'data-sprite="([^"]+)"', text)
    assert sprite
    image = client.get(sprite[1].replace("&amp;", "&"))
    assert image.mimetype == "image/jpeg"
    assert "immutable" in image.headers["Cache-Control"]
    record = re.search(r'href="([^"]+/record/[^"]+)"', text)
    assert record
    for part in ("", "?part=1"):
        assert str(images) in client.get(record[1] + part).text


def test_curves_come_in_one_answer(alone: Lab) -> None:
    from jobs.series import SeriesWriter

    row = alone.job("model")
    writer = SeriesWriter(alone.store.folder(row.id).series)
    for step in range(1, 5001):
        writer.add(step, 1_700_000_000.0 + step, {"train/loss": 1 / step, "learning_rate": 0.1})
    writer.flush()
    found = alone.client().get(f"/jobs/{row.id}/do/curves?width=200").json
    assert set(found) == {"train/loss", "learning_rate"}
    assert found["train/loss"]["total"] == 5000
    assert len(found["train/loss"]["steps"]) <= 210
    part = alone.client().get(f"/jobs/{row.id}/do/curves?name=train/loss&first=100&last=120").json["train/loss"]
    assert part["steps"] == list(range(100, 121))


def test_a_model_needs_a_dataset_first(alone: Lab) -> None:
    assert "Build a dataset first" in alone.client().get("/models/images/classification/new").text


def test_pages_of_nothing_are_404_in_words(alone: Lab) -> None:
    for address in ("/datasets/20200101-000000-0000", "/models/20200101-000000-0000", "/nowhere"):
        answer = alone.client().get(address)
        assert answer.status_code == 404
        assert "There is no" in answer.text


def test_bokeh_and_templates_may_be_kept_for_ever(alone: Lab) -> None:
    page = alone.client().get(f"/models/{alone.job('model').id}").text
    script = re.search(r'src="(/assets/[^"]+bokeh.min.js)"', page)
    chart = re.search(r'data-charts="([^"]+)"', page)
    assert script
    assert chart
    for address in (script[1], chart[1].replace("THEME", "dark")):
        answer = alone.client().get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert alone.client().get("/assets/0.0/bokeh.min.js").status_code == 404


def test_secrets_are_not_on_the_about_page(alone: Lab) -> None:
    text = alone.client().get("/about").text
    assert "data_roots" in text
    assert alone.app.config["SECRET_KEY"] not in text


def test_every_icon_is_in_the_sprite() -> None:
    listed = set(json.loads((ROOT / "frontend" / "package.json").read_text())["icons"])
    files = [*(ROOT / "app/templates").rglob("*.html"), *(ROOT / "app/static/js").rglob("*.js")]
    text = "".join(path.read_text() for path in files)
    used = set(re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", text))
    assert used
    assert used <= listed
    assert listed <= set(re.findall(r"""["'`]([a-z0-9-]+)["'`]""", text)), "icons that nothing names"


def test_no_inline_script_and_no_handler_attribute_in_templates() -> None:
    for path in (ROOT / "app/templates").rglob("*.html"):
        text = path.read_text()
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, f"{path}: {script}"
        assert not re.search(r"<[^>]+\son(click|load|change|submit|error)=", text), path


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [(1, 1, [1]), (2, 3, [1, 2, 3]), (5, 9, [1, None, 4, 5, 6, None, 9]), (1, 500, [1, 2, None, 500])],
)
def test_page_numbers(page: int, pages: int, shown: list[int | None]) -> None:
    assert page_numbers(page, pages) == shown


def test_small_helpers() -> None:
    assert pages_of(0, 20) == 1
    assert pages_of(41, 20) == 3
    assert query({"a": "x y", "b": ""}, a=None, c=3) == "?c=3"
    assert number("7", 1, 1, 5) == 5
    assert number("x", 1, 1, 5) == 1
    assert choice("25", (25, 50), 50) == 25
    assert choice("26", (25, 50), 50) == 50
