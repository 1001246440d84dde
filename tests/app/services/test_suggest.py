"""Completing paths: folders, and the files that datasets are read from; nothing outside the allowed folders."""

from __future__ import annotations

import pytest

from app.services.suggest import suggest
from tests.app.conftest import Lab


@pytest.fixture
def root(alone: Lab) -> str:
    root = alone.ctx.settings.data_roots[0]
    for name in ("list.txt", "Table.CSV", "a.zip", "b.tar.gz", "photo.jpg", ".hidden.txt", "data.yaml"):
        (root / name).touch()
    (root / "folder").mkdir()
    return str(root)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("", ["folder/"]),
        ("data", ["folder/", "a.zip", "b.tar.gz", "data.yaml", "list.txt", "Table.CSV"]),
        ("1", ["folder/", "a.zip", "b.tar.gz", "data.yaml", "list.txt", "photo.jpg", "Table.CSV"]),
    ],
)
def test_what_is_offered(alone: Lab, root: str, files: str, names: list[str]) -> None:
    found = alone.client().get("/browse/paths", query_string={"q": f"{root}/", "files": files}).json
    assert [entry["path"] for entry in found] == [f"{root}/{name}" for name in names]


def test_beginnings_in_any_case_and_hidden_ones_when_asked(alone: Lab, root: str) -> None:
    who = alone.who("local")
    assert [entry["path"] for entry in suggest(alone.ctx, who, f"{root}/ta", True)] == [f"{root}/Table.CSV"]
    assert [entry["path"] for entry in suggest(alone.ctx, who, f"{root}/.h", True)] == [f"{root}/.hidden.txt"]


def test_nothing_outside_is_told(alone: Lab, root: str) -> None:
    for text in ("/etc/", "/etc/pas", f"{root}/../../", "relative"):
        assert all(
            entry["path"].startswith(root.rpartition("/")[0])
            for entry in suggest(alone.ctx, alone.who("local"), text, True)
        )
