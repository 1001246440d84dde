"""Many images in one request: DIGITS's top_n as page and JSON, and /api/v1 with one unreadable image among others."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.contract.script import Script
from tests.contract.test_digits_models import LABELS

ADDRESS = "/models/images/classification/top_n"


def listed(digits: Script, model: str, lines: list[str], suffix: str, **form: str) -> requests.Response:
    files = {"image_list": ("list.txt", "\n".join(lines).encode())}
    return digits.post(ADDRESS + suffix, {"job_id": model, **form}, files=files)


def test_31_top_n_names_the_surest_images_of_every_label(digits: Script, model: str, images: Path) -> None:
    paths = [str(path) for path in sorted((images / "val").rglob("*.png"))]
    page = listed(digits, model, paths, "", top_n="2")
    assert page.status_code == 200
    assert all(label in page.text for label in LABELS)
    found = listed(digits, model, [*paths, "/etc/passwd"], ".json", top_n="2").json()
    assert found["failed"].keys() == {"/etc/passwd"}
    everything = digits.classify_many(model, paths).json()["classifications"]
    for label in LABELS:
        percents = {path: dict(map(tuple, guesses))[label] for path, guesses in everything.items()}
        assert [percent for _, percent in found["top_n"][label]] == sorted(percents.values(), reverse=True)[:2]
        assert all(percents[path] == percent for path, percent in found["top_n"][label])
    assert listed(digits, model, paths, ".json", top_n="none").status_code == 400


def test_30_a_browser_gets_classify_many_as_a_page(digits: Script, model: str, images: Path) -> None:
    wrong = {path.parent.name: (LABELS.index(path.parent.name) + 1) % 3 for path in images.rglob("val/*/0000.png")}
    lines = [f"val/{label}/0000.png {LABELS.index(label)}" for label in LABELS]
    lines += [f"val/{LABELS[0]}/0001.png {wrong[LABELS[0]]}", f"val/{LABELS[1]}/0001.png 999", "missing.png 1"]
    address = f"{digits.url}/models/images/classification/classify_many"
    sent = {"image_list": ("list.txt", "\n".join(lines).encode())}
    form = {"job_id": model, "username": "fan", "image_folder": str(images)}
    page = requests.post(address, form, files=sent, headers={"Accept": "text/html"}, timeout=60)
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert "5 images classified" in page.text
    assert "75.00 %" in page.text, "three of the four whose class is known"
    assert "Class out of range" in page.text
    assert "missing.png" in page.text
    plain = requests.post(address, form, files=sent, timeout=60)
    assert len(plain.json()["classifications"]) == 5


def test_one_unreadable_image_does_not_fail_the_others(digits: Script, model: str, images: Path) -> None:
    good = (images / "val" / "red-to-right" / "0000.png").read_bytes()
    address = f"{digits.url}/api/v1/models/{model}/classify"
    sent = [("image", ("a.png", good)), ("image", ("b.png", b"no image")), ("image", ("c.png", good))]
    answer = requests.post(address, data={"inputs": "true"}, files=sent, timeout=30).json()
    assert [len(one) for one in answer["predictions"]] == [3, 0, 3]
    assert [error["index"] for error in answer["errors"]] == [1]
    assert answer["errors"][0]["message"]
    assert [bool(seen) for seen in answer["inputs"]] == [True, False, True]
