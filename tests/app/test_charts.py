"""Bokeh templates: what they hold, how they are cached, and that the web process stays without Bokeh."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import charts


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all templates, made once."""
    folder = tmp_path_factory.mktemp("charts")
    charts.template(folder, "model", "light")
    return folder


def names(value: Any) -> set[str]:
    """Every model name in a Bokeh document."""
    if isinstance(value, list):
        return set().union(*map(names, value)) if value else set()
    if isinstance(value, dict):
        own = {value["name"]} if isinstance(value.get("name"), str) else set()
        return own.union(*(names(item) for item in value.values()))
    return set()


def test_all_templates_are_made_at_once_and_kept(cache: Path) -> None:
    made = sorted(cache.glob("*.json"))
    assert len(made) == len(charts.KINDS) * len(charts.THEMES)
    before = [path.stat().st_mtime_ns for path in made]
    assert charts.template(cache, "dataset", "dark") == (cache / f"dataset-dark-{charts.stamp()}.json").read_bytes()
    assert [path.stat().st_mtime_ns for path in made] == before


def test_the_model_template_has_a_source_for_every_curve(cache: Path) -> None:
    made = json.loads(charts.template(cache, "model", "light"))
    assert made["roots"] == ["loss", "loss-log", "accuracy", "rate", "speed", "load"]
    curves = {"train/loss", "val/loss", "train/accuracy", "val/accuracy", "val/top5", "learning_rate", "cpu/load"}
    assert curves | {"gpu/7/load", "best loss", "best accuracy", "x", "loss x"} <= names(made["document"])


def test_the_dataset_template_has_a_source_for_every_split(cache: Path) -> None:
    made = json.loads(charts.template(cache, "dataset", "light"))
    assert made["roots"] == ["classes", "classes-log"]
    assert {"train", "val", "test", "classes ticks", "classes x", "train log"} <= names(made["document"])


def test_themes_differ_only_in_ink(cache: Path) -> None:
    light, dark = (charts.template(cache, "model", theme).decode() for theme in charts.THEMES)
    assert charts.COLOURS["light"]["train"] in light
    assert charts.COLOURS["light"]["train"] not in dark
    assert charts.COLOURS["dark"]["train"] in dark
    assert names(json.loads(light)["document"]) == names(json.loads(dark)["document"])


def test_nothing_that_a_strict_content_policy_forbids(cache: Path) -> None:
    for path in cache.glob("*.json"):
        text = path.read_text()
        assert "CustomJS" not in text, "code in a template would need eval"
        assert "$$" not in text, "MathJax would be fetched from elsewhere"


def test_unknown_kinds_and_themes_are_refused(cache: Path) -> None:
    with pytest.raises(KeyError):
        charts.template(cache, "../model", "light")
    with pytest.raises(KeyError):
        charts.template(cache, "model", "sepia")


def test_the_web_process_never_imports_bokeh(cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app import charts; "
        f"charts.template(Path({str(cache)!r}), 'model', 'dark'); charts.bokeh_folder(); print('bokeh' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_bokehjs_is_where_the_package_keeps_it() -> None:
    assert (charts.bokeh_folder() / "bokeh.min.js").stat().st_size > 100_000
