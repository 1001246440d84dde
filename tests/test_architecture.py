"""The rules of the house as tests: who may import what, sizes, first lines, and documentation that keeps up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "jobs", "data", "models")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))] + [ROOT / "run.py"]
OWN_FRONT_END = [
    path
    for pattern in ("static/**/*.js", "static/**/*.css", "templates/**/*.html")
    for path in sorted((ROOT / "app").glob(pattern))
    if "vendor" not in path.parts
]
WEB = {"flask", "flask_socketio", "flask_login", "flask_limiter", "bokeh", "socketio", "werkzeug"}


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _imports(path: Path) -> set[str]:
    """Top-level names of every module that the file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def _run(code: str) -> str:
    """What a fresh interpreter prints for ``code``; the interpreter must end well."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_first_line_says_what_lives_here(path: Path) -> None:
    first = ast.get_docstring(ast.parse(path.read_text()))
    if path.parent.name != "versions":  # Alembic writes its own head
        assert first, f"{_relative(path)} has no module docstring"


@pytest.mark.parametrize("path", OWN_FRONT_END, ids=_relative)
def test_first_line_of_front_end_files(path: Path) -> None:
    first = path.read_text().lstrip().splitlines()[0]
    assert re.match(r"(//|/\*|\{#|<!--)", first), f"{_relative(path)} does not begin with a comment"


@pytest.mark.parametrize("path", [*SOURCES, *OWN_FRONT_END], ids=_relative)
def test_no_file_outgrows_its_idea(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 400, f"{_relative(path)} has {lines} lines: split it"


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if "app" not in path.parts and path.name != "run.py"], ids=_relative
)
def test_only_app_knows_the_web(path: Path) -> None:
    assert not _imports(path) & WEB


def test_creating_the_app_does_not_import_torch(tmp_path: Path) -> None:
    code = f"""
import sys
from app import create_app
from app.config import load_settings
create_app(load_settings(home={str(tmp_path)!r}))
print(sorted(name for name in ("torch", "torchvision", "ray", "optuna", "scipy") if name in sys.modules))
"""
    assert _run(code) == "[]"


@pytest.mark.parametrize(
    "module", ["jobs.scheduler", "jobs.worker", "jobs.inspection", "jobs.tasks.train_model", "jobs.tasks.build_dataset"]
)
def test_the_process_around_the_work_is_light(module: str) -> None:
    """Schedulers and clients start in a moment: torch comes in only inside the functions that need it."""
    code = (
        f"import sys, {module}; print([name for name in ('torch', 'flask', 'gevent', 'optuna') if name in sys.modules])"
    )
    assert _run(code) == "[]"


def test_every_setting_is_documented() -> None:
    from app.config import Settings

    text = (ROOT / "docs" / "settings.md").read_text()
    missing = [name for name in Settings.model_fields if f"FOVEAL_{name.upper()}" not in text]
    assert not missing, f"docs/settings.md does not name {missing}"


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(_relative(p) for p in sorted((ROOT / "docs").glob("*.md")))],
)
def test_documents_link_to_files_that_exist(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text()) + re.findall(r'src="([^"]+)"', page.read_text())
    broken = [t for t in targets if not re.match(r"[a-z]+:", t) and not (page.parent / t).exists()]
    assert not broken


def test_every_benchmark_is_listed() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text()
    scripts = [p.name for p in (ROOT / "benchmarks").glob("*.py") if not p.name.startswith("_")]
    assert scripts
    assert [name for name in scripts if name not in text] == []
