"""Run every benchmark, one after another, and say at the end which claims were missed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Exit code 0 when every script's claims hold; arguments (``--quick``) are passed on."""
    scripts = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("_"))
    missed = []
    for script in scripts:
        print(f"== {script.name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{script.stem}", *sys.argv[1:]], check=False).returncode:
            missed.append(script.name)
    print(
        f"{len(scripts) - len(missed)} of {len(scripts)} benchmarks hold"
        + (f"; missed: {', '.join(missed)}" if missed else "")
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
