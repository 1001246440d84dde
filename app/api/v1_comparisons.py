"""/api/v1/comparisons: up to 500 runs side by side, with what differs between them and their curves, in one call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.inputs import Number, Whole
from app.api.outputs import Named, Output, Series
from app.auth import current
from app.extensions import context
from app.services import comparison
from app.services.comparison import MOST, Choice, View
from jobs.updates import finite

api = Api("comparisons")
Name = Annotated[str, Field(min_length=1, max_length=200)]
Filter = Annotated[str, Field(max_length=500)]


class ComparisonIn(Input):
    """Which runs (these, or else all of a group, tag or dataset), and which of their curves."""

    runs: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, max_length=MOST, description="Ids of models and imported runs, in the order wanted."
    )
    group: Filter | None = Field(None, description="Without `runs`: the runs of this group.")
    tag: Filter | None = Field(None, description="Without `runs`: those with this tag.")
    dataset: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="Without `runs`: those trained on this dataset (its id)."
    )
    text: Filter = Field("", description="Without `runs`: those whose name, id, group, tags or owner has these words.")
    curves: list[Name] = Field(default_factory=list, max_length=20, description='Curves to give, as "val/loss".')
    axis: Literal["step", "epoch", "time"] = Field("step", description="Units of `from` and `to`; time in seconds.")
    first: Number | None = Field(None, alias="from", description="Where the curves begin.")
    last: Number | None = Field(None, alias="to", description="Where they end.")
    width: Whole = Field(0, ge=0, le=4000, description="About how many points of each; 0: as many as suit the runs.")
    smooth: Number = Field(0.0, ge=0, le=0.99, description="Also give smoothed values, computed from every point.")


class CurveFigures(Output):
    """A curve in numbers, of all its points; null where none is finite."""

    points: int
    last: float | None
    min: float | None
    max: float | None


class ComparedRun(Named):
    """One run; ``options`` are those that differ between the runs."""

    status: str
    fraction: float
    created: float
    started: float | None
    elapsed: float | None
    steps_per_epoch: float | None
    options: dict[str, Any]
    curves: dict[str, CurveFigures]


class OptionName(Output):
    """An option that differs, and its title in the form."""

    name: str
    title: str


class Comparison(Output):
    """Runs side by side."""

    runs: list[ComparedRun]
    options: list[OptionName] = Field(description="The options that do not have one value in all runs.")
    common: dict[str, Any] = Field(description="The options that all runs share.")
    names: dict[str, int] = Field(description="Curves that there are, each with the number of runs that have it.")
    missing: list[str] = Field(description="Ids that are no run, or none that you may see.")
    curves: dict[str, dict[str, Series]] = Field(description="The asked curves, by name and run; no spike is lost.")


@api.operation("POST", "/comparisons", returns=Comparison)
def compare_runs(body: ComparisonIn) -> dict[str, Any]:
    """Compare runs: nothing is kept; a POST because 500 ids do not fit into an address."""
    choice = Choice(tuple(body.runs), body.group, body.tag, body.dataset, body.text)
    found = comparison.compare(context(), current(), choice)
    found["names"] = found.pop("curves")
    rows, _ = comparison.choose(context(), current(), choice)
    found["curves"] = {name: _curves(rows, _view(body, name)) for name in body.curves}
    return found


def _view(body: ComparisonIn, curve: str) -> View:
    return View(curve, body.axis, body.first, body.last, body.width, body.smooth)


def _curves(rows: Any, view: View) -> dict[str, Any]:
    return {
        shown.id: {
            "curve": view.curve,
            "total": shown.total,
            "steps": shown.points["step"].tolist(),
            "walls": shown.points["wall"].tolist(),
            "values": finite(shown.points["value"]),
            **({"smoothed": finite(shown.smoothed)} if view.smooth else {}),
        }
        for shown in comparison.curves(context(), rows, view)
    }
