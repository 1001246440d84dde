"""Build a dataset from a folder, list, table, annotation file or archive of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.build import build_dataset
from data.dataset_options import DatasetOptions
from data.exclusion import read_list
from data.options import parse
from data.quiet import libraries_silent
from data.workspace import roots_of
from jobs.folder import JobFolder
from jobs.job import Job


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """Yield the events of the build; the dataset is written to the job's artifacts."""
    with libraries_silent():
        options, excluded = parse(DatasetOptions, job.options), read_list(folder.path)
        yield from build_dataset(options, folder.artifacts, roots=roots_of(folder.path), excluded=excluded)
