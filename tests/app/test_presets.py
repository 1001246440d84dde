"""The presets in the form of a new model and over REST."""

from __future__ import annotations

from html.parser import HTMLParser

from models.presets import PRESETS
from tests.app.conftest import Lab


class Values(HTMLParser):
    """What a form holds: values of inputs, chosen options of selects."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "select":
            self._select = known.get("name") or ""
        elif tag == "option" and "selected" in known:
            self.found[self._select] = known.get("value") or ""
        elif tag == "input" and (known.get("type") not in ("radio", "checkbox") or "checked" in known):
            self.found[known.get("name") or ""] = known.get("value") or ""


def test_a_preset_fills_the_form(lab: Lab) -> None:
    dataset = lab.job()
    html = lab.client("olga").get(f"/models/images/classification/new?preset=fast_cifar&dataset={dataset.id}").text
    found, wanted = Values(html).found, PRESETS["fast_cifar"].options
    assert found["dataset"] == dataset.id
    assert found["network"] == wanted["network"]
    assert float(found["epochs"]) == wanted["epochs"]
    assert found["schedule"] == wanted["schedule"]
    assert float(found["learning_rate"]) == wanted["learning_rate"]
    assert found["precision"] == wanted["precision"]


def test_every_preset_is_offered(lab: Lab) -> None:
    lab.job()
    html = lab.client("olga").get("/models/images/classification/new").text
    assert all(f"preset={name}" in html for name in PRESETS)
    listed = lab.client("olga").get("/api/v1/models/presets").json
    assert [preset["name"] for preset in listed] == list(PRESETS)


def test_a_preset_that_is_not_there_is_refused_by_name(lab: Lab) -> None:
    dataset = lab.job()
    answer = lab.client("olga").post("/api/v1/models", json={"dataset": dataset.id, "preset": "none such"})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "preset"
