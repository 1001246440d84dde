"""One page of one class from an index of 1.3 million records takes under 50 ms, over HTTP; so do sorted and found ones.

The index is made up (ImageNet's shape: 1,000 classes, paths as long as its own) with the files that a build and an
analysis leave; the pictures behind it are one small record each. The peer is what DIGITS does: walk the database from
its beginning and count until the page is reached.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import lmdb
import numpy as np
import requests

from benchmarks._harness import Claim, arguments, interleave, table, verdict
from benchmarks._server import running
from data.analysis.columns import Columns
from data.analysis.measure import KINDS
from data.codecs import encode
from data.database import KEY_BYTES, open_dataset
from data.whole import write_json
from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.store import Store

CLASSES = 1000
SIDE = 8


def main() -> None:
    """Make the index, then ask for pages in turn."""
    quick = arguments(__doc__ or "").quick
    records = 130_000 if quick else 1_300_000
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        home = Path(folder)
        dataset = make(home, records)
        with running(home) as server, requests.Session() as session:
            base = f"{server.url}/api/v1/datasets/{dataset}/splits/train/records"
            last = records // CLASSES // 100
            pages = {
                "a page of one class": f"{base}?class=700&page={last}&size=100",
                "the last page of all": f"{base}?page={records // 100}&size=100",
                "sorted by brightness, one class": f"{base}?class=700&sort=-brightness&page=2",
                "a finding, sorted": f"{base}?finding=blurred&sort=sharpness&page=5",
                "words in the path": f"{base}?text=n00000421_77&page=2",
            }
            results = interleave({name: lambda url=url: timed(session, url) for name, url in pages.items()}, 15)
            first = {name: timed(session, url + "&sort=contrast", fresh=True) for name, url in [*pages.items()][4:]}
        walk = walked(home / "jobs" / dataset / "artifacts", 700, last)
    table(results, "ms")
    print(f"  words in the path, asked for the first time: {max(first.values()):.0f} ms")
    print(f"  DIGITS's way (walking the database to the page of the class): {walk:,.0f} ms")
    verdict(
        *(Claim(f"{name}, ms", median(values), most=50.0) for name, values in results.items()),
        Claim(
            "a page of one class, times faster than walking", walk / median(results["a page of one class"]), least=10
        ),
    )


def timed(session: requests.Session, url: str, fresh: bool = False) -> float:
    """Milliseconds of one GET, body included."""
    start = time.perf_counter()
    answer = session.get(url, timeout=60)
    answer.raise_for_status()
    assert answer.json()["records"] or fresh, url
    return 1e3 * (time.perf_counter() - start)


def walked(artifacts: Path, cls: int, page: int, size: int = 100) -> float:
    """Milliseconds until the records of one page of one class are found by walking the database in order."""
    labels = np.load(artifacts / "train" / "labels.npy")
    start = time.perf_counter()
    wanted, seen = [], 0
    with lmdb.open(str(artifacts / "train"), readonly=True, lock=False) as database, database.begin() as transaction:
        for key, value in transaction.cursor():
            if labels[int.from_bytes(key, "big")] == cls:
                seen += 1
                if (page - 1) * size < seen <= page * size:
                    wanted.append(value)
    assert wanted
    return 1e3 * (time.perf_counter() - start)


def make(home: Path, records: int) -> str:
    """A finished dataset of ``records`` made-up records and its analysis, as their workers would leave them."""
    store = Store(home)
    dataset = finished(store, "dataset", "build_dataset", {"folder": "/data", "width": SIDE, "height": SIDE})
    analysis = finished(store, "analysis", "analyse_dataset", {"dataset": dataset}, (dataset,))
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, records, dtype=np.int32)
    counts = np.bincount(labels, minlength=CLASSES)
    artifacts = store.folder(dataset).artifacts
    write_split(artifacts / "train", labels, counts, rng)
    entry = {"entries": records, "counts": counts.tolist(), "failed": 0, "bytes": 1}
    classes = [f"n{number:08d}" for number in range(CLASSES)]
    manifest = {"format": 1, "kind": "image_classification", "classes": classes, "width": SIDE, "height": SIDE}
    more = {"channels": 1, "resize_mode": "squash", "fill": "noise", "encoding": "raw", "jpeg_quality": 90, "seed": 0}
    write_json(artifacts / "dataset.json", {**manifest, **more, "splits": {"train": entry}})
    write_analysis(store.folder(analysis).artifacts, artifacts, rng)
    store.close()
    return dataset


def finished(store: Store, kind: str, task: str, options: dict, parents: tuple[str, ...] = ()) -> str:
    """A job that says it is Done."""
    row = store.create(Job(new_id(), kind, task, kind, options, owner="local", parents=parents, created=time.time()))
    log = EventLog(store.folder(row.id).events_path)
    for status in ("Running", "Done"):
        log.append("status", status=status)
    store.edit(row.id, status="Done", fraction=1.0)
    return row.id


def write_split(folder: Path, labels: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> None:
    """The files of a split (docs/architecture.md)."""
    folder.mkdir(parents=True)
    value = encode(rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8), "raw")
    opened = lmdb.open(str(folder), map_size=1 << 30, lock=False, sync=False)
    with opened, opened.begin(write=True) as transaction:
        for number in range(len(labels)):
            transaction.put(number.to_bytes(KEY_BYTES, "big"), value, append=True)
    order = np.argsort(labels, kind="stable").astype(np.int64)
    lines = [
        json.dumps(f"/data/imagenet/train/n{label:08d}/n{label:08d}_{number}.JPEG") + "\n"
        for number, label in enumerate(labels.tolist())
    ]
    (folder / "paths.txt").write_text("".join(lines))
    ends = np.cumsum([0, *map(len, lines)]).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    for name, values in {"labels": labels, "order": order, "starts": starts, "paths.idx": ends}.items():
        np.save(folder / f"{name}.npy", values)


def write_analysis(target: Path, dataset: Path, rng: np.random.Generator) -> None:
    """Columns, orders and one finding of a tenth of the records."""
    split = open_dataset(dataset).split("train")
    folder = target / "train"
    folder.mkdir(parents=True)
    for name, kind in KINDS.items():
        np.save(folder / f"{name}.npy", (255 * rng.random(len(split))).astype(kind))
    np.save(folder / "problems.npy", np.zeros(len(split), np.uint8))
    found = rng.permutation(len(split))[: len(split) // 10].astype(np.int64)
    np.save(folder / "finding.blurred.npy", found)
    Columns(split, folder).save_orders()
    told = {"name": "blurred", "title": "Blurred", "help": "", "weight": 1, "reason": "", "count": len(found)}
    more = {"splits": {"train": len(found)}, "groups": 0, "remove": {}, "thumbs": [], "files": []}
    write_json(target / "analysis.json", {"format": 1, "splits": {}, "map": None, "findings": [{**told, **more}]})


if __name__ == "__main__":
    main()
