"""The design of DIGITS's ``create_db`` tool, restated: ten reader threads, Pillow, a float mean, one writer, LMDB.

From reading digits/tools/create_db.py of DIGITS 6.1.1: all lines in one queue; ``min(10, round(sqrt(n)))`` threads that
load, convert, resize, add to a float64 sum and encode; a bounded queue to the main thread, which polls it and sleeps
0.2 s when there is nothing; a transaction per hundred Caffe Datums. Run on today's Python and Pillow, with the list of
files ready made and the Datum written by hand, it is somewhat faster than the original.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

from benchmarks.peers.digits_resize import resize

BATCH = 100


def create_db(
    lines: Sequence[tuple[str, int]],
    out: Path,
    *,
    size: tuple[int, int],
    grey: bool,
    encoding: str,
    mode: str = "squash",
) -> int:
    """Build one database from (path, label) lines; how many records were written."""
    to_load: queue.Queue[tuple[str, int]] = queue.Queue()
    for line in lines:
        to_load.put(line)
    to_write: queue.Queue[bytes] = queue.Queue(2 * BATCH)
    sums: queue.Queue[np.ndarray] = queue.Queue()
    threads = [
        threading.Thread(target=_load, args=(to_load, to_write, sums, (size, grey, encoding, mode)))
        for _ in range(min(10, round(min(BATCH, len(lines)) ** 0.5)))
    ]
    for thread in threads:
        thread.start()
    written = _write_all(threads, to_write, out, len(lines))
    total = sum(sums.get() for _ in threads)
    Image.fromarray((total / written).astype(np.uint8).squeeze()).save(out / "mean.jpg")
    return written


def _load(to_load: queue.Queue, to_write: queue.Queue, sums: queue.Queue, form: tuple) -> None:
    (width, height), grey, encoding, mode = form
    total = np.zeros((height, width) if grey else (height, width, 3), np.float64)
    while True:
        try:
            path, label = to_load.get_nowait()
        except queue.Empty:
            break
        image = Image.open(path)
        image.load()
        pixels = np.array(image.convert("L" if grey else "RGB"))
        pixels = resize(pixels, (width, height), mode)
        total += pixels
        to_write.put(datum(pixels.shape, _encoded(pixels, encoding), label))
    sums.put(total)


def _encoded(pixels: np.ndarray, encoding: str) -> bytes:
    if encoding == "raw":  # as Caffe wants it: channels first, blue first
        return (pixels[..., ::-1].transpose(2, 0, 1) if pixels.ndim == 3 else pixels).tobytes()
    buffer = io.BytesIO()
    options = {"quality": 90} if encoding == "jpg" else {}
    Image.fromarray(pixels).save(buffer, "JPEG" if encoding == "jpg" else "PNG", **options)
    return buffer.getvalue()


def _write_all(threads: list[threading.Thread], to_write: queue.Queue, out: Path, expected: int) -> int:
    out.mkdir(parents=True)
    environment = lmdb.open(str(out), map_size=1 << 40, map_async=True, max_dbs=0)
    batch: list[bytes] = []
    written = 0
    while written + len(batch) < expected:
        if to_write.empty():
            if not any(thread.is_alive() for thread in threads) and to_write.empty():
                break
            time.sleep(0.2)
            continue
        batch.append(to_write.get())
        if len(batch) == BATCH:
            written += _commit(environment, batch, written)
    written += _commit(environment, batch, written)
    environment.close()
    return written


def _commit(environment: lmdb.Environment, batch: list[bytes], written: int) -> int:
    with environment.begin(write=True) as transaction:
        for number, value in enumerate(batch, written):
            transaction.put(f"{number:08d}_{number}".encode(), value)
    count = len(batch)
    batch.clear()
    return count


def datum(shape: tuple[int, ...], data: bytes, label: int) -> bytes:
    """A Caffe Datum in protobuf's wire format: channels, height, width, data, label, encoded."""
    channels = shape[2] if len(shape) == 3 else 1
    head = b"".join(_field(number, value) for number, value in ((1, channels), (2, shape[0]), (3, shape[1])))
    return head + b"\x22" + _varint(len(data)) + data + _field(5, label) + _field(7, 1)


def _field(number: int, value: int) -> bytes:
    return bytes((number << 3,)) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))
