"""Reading a finished dataset: manifest, records by number, pages of one class. Format: docs/architecture.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels, decode_record
from data.details import SplitDetails
from data.environments import environment
from data.errors import UserError
from data.lines import Lines
from data.preparation import Preparation

FORMAT = 1
CLASSIFICATION = "image_classification"
SPLITS = ("train", "val", "test")
KEY_BYTES = 8


@dataclass(frozen=True)
class SplitInfo:
    """What the manifest says of a split: records, records per class, files that failed, bytes on disk."""

    entries: int
    counts: tuple[int, ...]
    failed: int
    bytes: int


@dataclass(frozen=True)
class Dataset:
    """A finished dataset; ``preparation`` is how its images were made from files.

    ``kind`` is image_classification, detection or segmentation; records of the last two have sizes of their own, and
    width and height are then 0 (see data/objects/split.py for what else they hold).
    """

    path: Path
    classes: tuple[str, ...]
    preparation: Preparation
    encoding: str
    jpeg_quality: int
    splits: dict[str, SplitInfo]
    manifest: dict[str, Any]
    _open: dict[str, Split] = field(default_factory=dict, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """ "image_classification", "detection" or "segmentation"."""
        return str(self.manifest.get("kind", CLASSIFICATION))

    @property
    def width(self) -> int:
        """Pixels across of every record."""
        return self.preparation.width

    @property
    def height(self) -> int:
        """Pixels down of every record."""
        return self.preparation.height

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.preparation.channels

    @property
    def resize_mode(self) -> str:
        """Name of the resize mode."""
        return self.preparation.resize_mode

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every record."""
        return (self.height, self.width, self.channels)

    def split(self, name: str) -> Split:
        """The records of "train", "val" or "test". Raises UserError where the dataset has no such split."""
        if name not in self.splits:
            raise UserError(f'This dataset has no split "{name}"; it has {", ".join(self.splits)}.', field="split")
        if name not in self._open:
            self._open[name] = self._open_split(self.path / name)
        return self._open[name]

    def _open_split(self, folder: Path) -> Split:
        if self.kind == CLASSIFICATION:
            return Split(folder, self.shape, self.encoding)
        from data.objects.split import ObjectSplit

        return ObjectSplit(folder, self.channels, self.encoding)

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """The mean of all training images, float32 (height, width, channels), 0..255."""
        mean: NDArray[np.float32] = np.load(self.path / "mean.npy")
        return mean


def open_dataset(path: str | Path) -> Dataset:
    """Open a dataset folder (the ``artifacts`` of its job).

    Raises UserError where it is not there, not finished, or of a format newer than this program.
    """
    path = Path(path)
    try:
        manifest = json.loads((path / "dataset.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no finished dataset in {path}.", hint="Wait until its job is Done.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path / 'dataset.json'} cannot be read: {error}.", hint="Build the dataset again.") from None
    if manifest.get("format") != FORMAT:
        raise UserError(f"The dataset in {path} has format {manifest.get('format')}; this program reads {FORMAT}.")
    return Dataset(
        path=path,
        classes=tuple(manifest["classes"]),
        preparation=Preparation.of({"width": 0, "height": 0, **manifest}),
        encoding=manifest["encoding"],
        jpeg_quality=manifest["jpeg_quality"],
        splits={
            name: SplitInfo(info["entries"], tuple(info["counts"]), info["failed"], info["bytes"])
            for name, info in manifest["splits"].items()
        },
        manifest=manifest,
    )


class Split:
    """Records ``0 .. len-1`` of one split. Cheap to open; may be pickled, forked, and read by many at once."""

    def __init__(self, folder: Path, shape: tuple[int, int, int], encoding: str) -> None:
        self.folder = folder
        self.shape = shape
        self.encoding = encoding
        self.labels: NDArray[np.int32] = np.load(folder / "labels.npy", mmap_mode="r")
        self._order: NDArray[np.int64] = np.load(folder / "order.npy", mmap_mode="r")
        self._starts: NDArray[np.int64] = np.load(folder / "starts.npy")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Split, (self.folder, self.shape, self.encoding))

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, index: int) -> int:
        """Class number of a record. Raises IndexError."""
        return int(self.labels[self._checked(index)])

    def caption(self, index: int, classes: Sequence[str]) -> str:
        """What is in a record, in a few words for a list: its class. Raises IndexError."""
        return classes[self.label(index)]

    def size(self, index: int) -> tuple[int, int]:
        """(width, height) of a record in pixels. Raises IndexError."""
        self._checked(index)
        return self.shape[1], self.shape[0]

    def encoded(self, index: int) -> bytes:
        """The stored bytes of a record (PNG, JPEG, or raw HWC uint8). Raises IndexError."""
        with environment(self.folder).begin() as transaction:
            value = transaction.get(_key(self._checked(index)))
        if value is None:
            raise ValueError(f"{self.folder} has lost record {index}")
        return value

    def image(self, index: int) -> Pixels:
        """One record as uint8 (height, width, channels). Raises IndexError."""
        out = np.empty((1, *self.shape), np.uint8)
        self.read([index], out)
        return out.reshape(self.shape)

    def read(self, indices: Sequence[int] | NDArray[Any], out: Pixels | None = None) -> Pixels:
        """Records in the order asked, uint8 (n, height, width, channels); into ``out`` where given. One thread.

        Raises IndexError for a number outside ``0 .. len-1``.
        """
        numbers = np.asarray(indices, np.int64)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"records are 0 .. {len(self) - 1}, not {numbers.min()} .. {numbers.max()}")
        packed = numbers.astype(">u8").tobytes()
        keys = [packed[at : at + KEY_BYTES] for at in range(0, len(packed), KEY_BYTES)]
        images = np.empty((len(keys), *self.shape), np.uint8) if out is None else out
        with environment(self.folder).begin(buffers=True) as transaction:
            for image, (_, value) in zip(images, transaction.cursor().getmulti(keys), strict=True):
                decode_record(value, self.encoding, image)
        return images

    def path(self, index: int) -> str:
        """Where the record came from (for people: bytes that are no UTF-8 are escaped). Raises IndexError."""
        return self.paths([index])[0]

    def paths(self, indices: Sequence[int]) -> list[str]:
        """Source paths of several records. Raises IndexError."""
        return Lines(self.folder, "paths").of([self._checked(index) for index in indices])

    @cached_property
    def details(self) -> SplitDetails:
        """What a table said of each record beside its path and class."""
        return SplitDetails(self.folder)

    def count(self, cls: int | None = None) -> int:
        """How many records there are, of all classes or of one."""
        return len(self) if cls is None else int(self._starts[cls + 1] - self._starts[cls])

    def page(self, offset: int, size: int, cls: int | None = None) -> list[int]:
        """Record numbers ``offset .. offset+size-1`` of all records or of one class, in O(size); short at the end.

        Raises IndexError for an unknown class or a negative offset.
        """
        if offset < 0 or size < 0:
            raise IndexError("offset and size must not be negative")
        if cls is None:
            return list(range(min(offset, len(self)), min(offset + size, len(self))))
        if not 0 <= cls < len(self._starts) - 1:
            raise IndexError(f"classes are 0 .. {len(self._starts) - 2}, not {cls}")
        start, stop = int(self._starts[cls]) + offset, int(self._starts[cls + 1])
        return [int(number) for number in self._order[start : max(start, min(start + size, stop))]]

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"records are 0 .. {len(self) - 1}, not {index}")
        return int(index)


def _key(index: int) -> bytes:
    return index.to_bytes(KEY_BYTES, "big")
