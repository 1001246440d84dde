"""Classifying one image over REST, warm: hardly slower than in the same process, far faster than a process per call.

Peers: the product's own classify function called in this process, and a new process per call, which is what DIGITS
starts for each image. ResNet-18 on 224x224 pixels, LeNet on 28x28, both trained through the server for a moment.
REST is the image as the body of a POST on a connection that is kept (http.client: it adds the least of its own); the
figures for the package ``requests`` and for a multipart form are shown beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks._server import ROOT, Server, running
from tests.data.factory import make_gradient_folder

THREADS = 1
"""Of both sides: on a shared machine, more of them measure how busy the neighbours are."""
NETWORKS = {"lenet": 28, "resnet18": 224}


def post(server: Server, path: str, **body: Any) -> dict[str, Any]:
    """A created thing. Raises RuntimeError with the server's words."""
    answer = requests.post(server.url + path, json=body, timeout=60)
    if not answer.ok:
        raise RuntimeError(answer.text)
    found: dict[str, Any] = answer.json()
    return found


def finished(server: Server, job: str) -> str:
    """The id once the job is Done. Raises RuntimeError where it is not to be."""
    while True:
        found = requests.get(f"{server.url}/api/v1/jobs/{job}", timeout=60).json()
        if found["status"] == "Done":
            return job
        if found["status"] in ("Error", "Aborted"):
            raise RuntimeError(found["error"])
        time.sleep(0.2)


def trained(server: Server, network: str, images: Path) -> str:
    """A model of ``network``, trained for one epoch on the gradient images."""
    size = NETWORKS[network]
    dataset = post(server, "/api/v1/datasets", folder=str(images), width=size, height=size, name=network)["id"]
    finished(server, dataset)
    return finished(server, post(server, "/api/v1/models", dataset=dataset, network=network, epochs=1)["id"])


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def request(folder: Path) -> dict[str, Any]:
    """What the server asks its inspector for."""
    name = sorted((folder / "checkpoints").glob("*.safetensors"))[-1].stem
    return {"folder": str(folder), "checkpoint": name, "top": 5, "paths": [], "pictures": False}


def process_per_call(folder: Path, image: Path) -> None:
    """A new interpreter that loads the model, classifies the image, and ends."""
    code = (
        "import json, sys, pathlib\nfrom models.inspection.classify import classify\n"
        "print(classify(json.loads(sys.argv[1]), [pathlib.Path(sys.argv[2]).read_bytes()])[0])"
    )
    subprocess.run(
        [sys.executable, "-c", code, json.dumps(request(folder)), str(image)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip


def measure(server: Server, folder: Path, image: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of the three ways, in turn; the process per call only in a few rounds, for it takes seconds."""
    import torch

    from models.inspection.classify import classify

    torch.set_num_threads(THREADS)
    data, asked, session = image.read_bytes(), request(folder), requests.Session()
    path = f"/api/v1/models/{folder.name}/classify"
    connection = HTTPConnection(server.url.removeprefix("http://"))

    def rest() -> None:
        connection.request("POST", path, data, {"Content-Type": "image/png"})
        answer = connection.getresponse()
        if (text := answer.read()) and answer.status != 200:
            raise RuntimeError(text.decode())

    def package(**body: Any) -> None:
        session.post(server.url + path, timeout=60, **body).raise_for_status()

    warm: dict[str, Callable[[], float]] = {
        "in process": lambda: timed(lambda: classify(asked, [data])),
        "REST": lambda: timed(rest),
        "requests": lambda: timed(lambda: package(data=data, headers={"Content-Type": "image/png"})),
        "requests, form": lambda: timed(lambda: package(files={"image": ("a.png", data)})),
    }
    interleave(warm, 5)
    results = interleave(warm, rounds)
    results["process per call"] = [timed(lambda: process_per_call(folder, image)) for _ in range(3)]
    return results


def main() -> None:
    """Train both networks through a server, then measure."""
    rounds = 20 if arguments(__doc__ or "").quick else 100
    with tempfile.TemporaryDirectory() as folder:
        images = make_gradient_folder(Path(folder) / "images", per_class=4, size=224)
        image = next(images.rglob("*.png"))
        with running(Path(folder) / "home", "--data-root", str(images), OMP_NUM_THREADS=str(THREADS)) as server:
            results = {}
            for network in NETWORKS:
                job = Path(folder) / "home" / "jobs" / trained(server, network, images)
                results[network] = measure(server, job, image, rounds)
                print(network)
                table(results[network], "ms")
    lenet, resnet = results["lenet"], results["resnet18"]
    extra = median(a - b for a, b in zip(lenet["REST"], lenet["in process"], strict=True))
    verdict(
        Claim("ResNet-18: REST over in-process", ratio(resnet, "REST", "in process"), most=1.2),
        Claim("LeNet: milliseconds that REST adds", extra, most=2.0),
        Claim(
            "LeNet: a process per call over REST", median(lenet["process per call"]) / median(lenet["REST"]), least=100
        ),
    )


if __name__ == "__main__":
    main()
