"""What a user of torchvision would write: its codecs and resize, two threads, LMDB; no mean, checks or index."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lmdb
import torch
from torchvision.io import ImageReadMode, decode_jpeg, encode_jpeg, read_file
from torchvision.transforms.v2 import functional

CHUNK = 20


def prepare(paths: Sequence[str], out: Path, size: int, threads: int = 2) -> int:
    """JPEG files to ``size`` x ``size`` JPEG records; how many."""
    chunks = [paths[at : at + CHUNK] for at in range(0, len(paths), CHUNK)]
    out.mkdir(parents=True)
    environment = lmdb.open(str(out), map_size=1 << 40, lock=False, sync=False)
    written = 0
    with ThreadPoolExecutor(threads) as pool:
        for values in pool.map(lambda chunk: [_one(path, size) for path in chunk], chunks):
            with environment.begin(write=True) as transaction:
                for number, value in enumerate(values, written):
                    transaction.put(number.to_bytes(8, "big"), value, append=True)
            written += len(values)
    environment.sync(True)
    environment.close()
    return written


def _one(path: str, size: int) -> bytes:
    image = decode_jpeg(read_file(path), mode=ImageReadMode.RGB)
    encoded: torch.Tensor = encode_jpeg(functional.resize(image, [size, size], antialias=True), quality=90)
    return encoded.numpy().tobytes()
