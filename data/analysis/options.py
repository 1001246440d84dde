"""What an analysis is asked to look at."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Literal

from data.errors import UserError
from data.options import option


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """Options of the analysis of a finished dataset."""

    dataset: Annotated[str, option("Dataset", "Id of the dataset.", pattern=r"^\d{8}-\d{6}-[0-9a-f]{4}$")]
    layout: Annotated[
        Literal["pca", "tsne"],
        option(
            "Map",
            "How records are laid out: by principal components, or by their neighbours (t-SNE: a minute or more).",
            labels={"pca": "Principal components", "tsne": "Neighbours (t-SNE)"},
        ),
    ] = "pca"


def has_tsne() -> bool:
    """Whether openTSNE is installed (requirements-map.txt)."""
    return find_spec("openTSNE") is not None


def check_options(options: AnalysisOptions) -> None:
    """Raise UserError where a layout is asked for that this server cannot compute."""
    if options.layout == "tsne" and not has_tsne():
        raise UserError(
            "This server has no t-SNE.", field="layout", hint="Its administrator can install it: pip install openTSNE."
        )
