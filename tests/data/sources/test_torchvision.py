"""torchvision's sets from a root in its own format, and downloads that fail in words. No network is touched."""

from __future__ import annotations

import gzip
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from tests.data.sources.helpers import best, build, notes, scan, sizes

ROOT = Path(__file__).resolve().parents[3]


def idx(path: Path, values: np.ndarray) -> None:
    """A file in MNIST's format: magic, sizes, bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(head + values.astype(np.uint8).tobytes())
    with gzip.open(f"{path}.gz", "wb") as file:
        file.write(head + values.astype(np.uint8).tobytes())


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, count in (("train", 30), ("t10k", 20)):
        idx(tmp_path / f"root/MNIST/raw/{name}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28)))
        idx(tmp_path / f"root/MNIST/raw/{name}-labels-idx1-ubyte", np.arange(count) % 10)
    return tmp_path / "root"


def test_mnist_as_torchvision_stores_it(tmp_path: Path, mnist: Path) -> None:
    assert best(mnist) == "torchvision"
    preview = scan(mnist)
    assert preview.kind == ""
    assert "MNIST: It is in" in preview.notes[0]
    dataset, events = build(mnist, tmp_path / "out", width=28, height=28, channels=1, val_percent=0)
    assert sizes(dataset) == {"train": 30, "test": 20}
    assert dataset.classes[3] == "3 - three"
    assert "30 train, 20 test images" in notes(events)
    train = dataset.split("train")
    row = next(n for n in range(30) if train.path(n).endswith("mnist/train/000007.png"))
    raw = (mnist / "MNIST/raw/train-images-idx3-ubyte").read_bytes()[16:]
    assert train.image(row).tobytes() == raw[7 * 784 : 8 * 784]
    assert dataset.classes[train.label(row)] == "7 - seven"
    assert train.path(row) == f"{mnist}/mnist/train/000007.png"
    assert not (tmp_path / "out/unpacked").exists()


def test_what_torchvision_finds_damaged_is_said_in_words(tmp_path: Path) -> None:
    batch = tmp_path / "cifar-10-batches-py/data_batch_1"
    batch.parent.mkdir(parents=True)
    batch.write_bytes(pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [0, 1]}))
    assert best(tmp_path) == "torchvision"
    with pytest.raises(UserError, match="CIFAR-10 could not be read") as caught:
        build(tmp_path, tmp_path / "out")
    assert "download" in (caught.value.hint or "")


def test_a_download_without_a_network_fails_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    options = {"source": "torchvision", "downloaded": "fashion_mnist", "download": True}
    assert "It will be downloaded" in scan(tmp_path / "root", **options).notes[0]
    with pytest.raises(UserError, match="Fashion-MNIST could not be downloaded") as caught:
        build(tmp_path / "root", tmp_path / "out", **options)
    assert caught.value.field == "download"


@pytest.mark.parametrize(
    ("options", "words", "field"),
    [
        ({"source": "torchvision"}, "holds none of torchvision's sets", "folder"),
        ({"source": "torchvision", "downloaded": "mnist"}, "MNIST is not in", "download"),
        ({"source": "torchvision", "downloaded": "imagenet22k"}, "no set imagenet22k", "downloaded"),
    ],
)
def test_what_is_not_there(tmp_path: Path, options: dict, words: str, field: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        scan(tmp_path, **options)
    assert caught.value.field == field


def test_a_preview_needs_no_torch(mnist: Path) -> None:
    code = (
        "import sys\nfrom data.dataset_options import DatasetOptions\nfrom data.sources import find_source\n"
        "list(find_source('auto', sys.argv[1]).scan(DatasetOptions(folder=sys.argv[1])))\n"
        "assert 'torch' not in sys.modules and 'torchvision' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(mnist)], check=True, cwd=ROOT)
