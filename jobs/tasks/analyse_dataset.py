"""Analyse a finished dataset: measure every record, gather statistics, and let the doctor look for problems."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from data.analysis.options import AnalysisOptions
from data.analysis.run import analyse
from data.database import open_dataset
from data.options import parse
from jobs.folder import JobFolder
from jobs.job import Job

NICE = 10
"""Trainings and builds come first: this works with what they leave."""


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """Yield the events of the analysis; it writes to this job's artifacts only, the dataset stays as it is."""
    if "FOVEAL_CHILD" in os.environ:  # in a process of its own, that is
        os.nice(NICE)
    options = parse(AnalysisOptions, job.options)
    dataset = open_dataset(folder.path.parent / options.dataset / "artifacts")
    yield from analyse(dataset, folder.artifacts, layout=options.layout)
