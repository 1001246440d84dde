"""A script as people wrote them for DIGITS: requests, form fields, polling; nothing of Foveal is imported here."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

FINAL = ("Done", "Aborted", "Error")


class Script:
    """Speaks to the DIGITS routes of one server as the user ``name`` (sent with every call, as docs/API.md does)."""

    def __init__(self, url: str, name: str | None = "fred") -> None:
        self.url = url
        self.name = name
        self.session = requests.Session()

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET, redirects not followed."""
        return self.session.get(self.url + path, **{"timeout": 60, "allow_redirects": False, **options})

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> requests.Response:
        """POST a form, redirects not followed."""
        return self.session.post(
            self.url + path, data=self._signed(form), timeout=120, allow_redirects=False, **options
        )

    def put(self, path: str, form: dict[str, Any]) -> requests.Response:
        """PUT a form."""
        return self.session.put(self.url + path, data=self._signed(form), timeout=60)

    def delete(self, path: str, form: dict[str, Any] | None = None) -> requests.Response:
        """DELETE, perhaps with a form."""
        return self.session.delete(self.url + path, data=self._signed(form), timeout=60)

    def json(self, path: str) -> dict[str, Any]:
        """The JSON of a page that must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def create(self, kind: str, form: dict[str, Any]) -> str:
        """Make a dataset or model; answer its id."""
        response = self.post(f"/{kind}s/images/classification.json", form)
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def status(self, job: str, kind: str = "jobs") -> str:
        """What the status route says."""
        return str(self.json(f"/{kind}/{job}/status")["status"])

    def wait(self, job: str, wanted: str | None = "Done", seconds: float = 90) -> str:
        """Poll until the job has ended; it must have ended as ``wanted`` (None: in any way)."""
        until(lambda: self.status(job) in FINAL, seconds, f"{job} to end")
        found = self.json(f"/jobs/{job}/status")
        assert wanted is None or found["status"] == wanted, found
        return str(found["status"])

    def snapshots(self, job: str) -> list[float]:
        """Epochs of a model's checkpoints."""
        return list(self.json(f"/models/{job}.json")["snapshots"])

    def classify_one(self, job: str, image: Path, **form: Any) -> list[list[Any]]:
        """Upload an image; ``[[label, percent], ...]``."""
        with image.open("rb") as file:
            response = self.post(
                "/models/images/classification/classify_one.json", {"job_id": job, **form}, files={"image_file": file}
            )
        assert response.status_code == 200, response.text
        return list(response.json()["predictions"])

    def classify_many(self, job: str, lines: list[str], **form: Any) -> requests.Response:
        """Send an image list."""
        files = {"image_list": ("list.txt", "\n".join(lines).encode())}
        return self.post("/models/images/classification/classify_many.json", {"job_id": job, **form}, files=files)

    def _signed(self, form: dict[str, Any] | None) -> dict[str, Any]:
        return {**({"username": self.name} if self.name else {}), **(form or {})}


def until(what: Callable[[], object], seconds: float, name: str) -> None:
    """Wait for something to become true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s for {name}"
        time.sleep(0.1)
