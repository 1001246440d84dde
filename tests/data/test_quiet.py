"""What C libraries print is dropped in a process of its own; what Python prints is not, and all is as before after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import os, sys
from data.quiet import libraries_silent
os.write(2, b"C before;")
with libraries_silent():
    os.write(2, b"C inside;")
    print("Python inside", file=sys.stderr, end=";")
os.write(2, b"C after;")
print("Python after", file=sys.stderr, end=";")
"""


def test_only_c_is_silent_and_only_inside() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == "C before;Python inside;C after;Python after;"


def test_an_error_inside_comes_out_with_its_traceback() -> None:
    code = "from data.quiet import libraries_silent\nwith libraries_silent():\n    raise ValueError('ä')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "ValueError: ä" in done.stderr
