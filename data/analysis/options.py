"""What an analysis is asked to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from data.options import option


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """Options of the analysis of a finished dataset."""

    dataset: Annotated[str, option("Dataset", "Id of the dataset.", pattern=r"^\d{8}-\d{6}-[0-9a-f]{4}$")]
