"""Bokeh templates: empty, linked, named plots made once a page kind and theme; the browser feeds them with data.

Building figures takes a third of a second and 30 MB, so it happens in a short child process (this file as a script)
that leaves one JSON file per template in a cache folder. The web process itself never imports Bokeh.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure as Figure

THEMES = ("light", "dark")
KINDS = ("model", "dataset", "statistics")
# Okabe and Ito, "Color Universal Design" (2008); the dark column is lightened where blue would sink into the page.
COLOURS = {
    "light": {"train": "#0072B2", "val": "#D55E00", "third": "#009E73", "fourth": "#CC79A7", "text": "#5b6776"},
    "dark": {"train": "#56B4E9", "val": "#E69F00", "third": "#2bbf95", "fourth": "#e09cc2", "text": "#9fabbc"},
}
GRID = {"light": "#8492a6", "dark": "#9fabbc"}
GPUS = 8
_LOCK = threading.Lock()


def bokeh_folder() -> Path:
    """Where the bokeh package keeps BokehJS; found without importing it. Raises ModuleNotFoundError."""
    spec = find_spec("bokeh")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("bokeh is not installed")
    return Path(spec.origin).parent / "server" / "static" / "js"


@cache
def stamp() -> str:
    """A word that changes with Bokeh's version or this file: part of the cache's file names and of the URL."""
    return hashlib.sha256(version("bokeh").encode() + Path(__file__).read_bytes()).hexdigest()[:12]


def template(folder: Path, kind: str, theme: str) -> bytes:
    """The JSON of a template, made on first use. Raises KeyError for an unknown kind or theme."""
    if kind not in KINDS or theme not in THEMES:
        raise KeyError(f"{kind}-{theme}")
    path = folder / f"{kind}-{theme}-{stamp()}.json"
    with _LOCK:
        if not path.exists():
            # As a script with -P: neither the app package nor its neighbours are imported.
            command = [sys.executable, "-P", __file__, str(folder)]
            subprocess.run(command, check=True, timeout=120)
    return path.read_bytes()


def write_templates(folder: Path) -> None:
    """Make all templates (in the child process)."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        for theme in THEMES:
            path = folder / f"{kind}-{theme}-{stamp()}.json"
            aside = path.with_suffix(".new")
            aside.write_text(json.dumps(build(kind, theme), separators=(",", ":")))
            aside.replace(path)


def build(kind: str, theme: str) -> dict[str, Any]:
    """``{"document": Bokeh document JSON, "roots": names of its roots in order}``."""
    from bokeh.document import Document

    document = Document()
    makers = {"model": _model_roots, "dataset": _dataset_roots, "statistics": _statistics_roots}
    roots = makers[kind](theme)
    for root in roots:
        document.add_root(root)
    return {"document": document.to_json(deferred=False), "roots": [root.name for root in roots]}


def _model_roots(theme: str) -> list[Figure]:
    """Plots of a training: one source a curve, named as the curve; all share the x-range and a vertical crosshair."""
    from bokeh.models import ColumnDataSource, CrosshairTool, Range1d, Span

    colour = COLOURS[theme]
    # The page sets the range: a linked automatic one would wait for plots that are out of sight.
    x_range = Range1d(0, 1, name="x")
    sources = {name: _curve(name) for name in _curve_names()}
    main = [("train/loss", colour["train"]), ("val/loss", colour["val"])]
    accuracy = [("train/accuracy", colour["train"]), ("val/accuracy", colour["val"]), ("val/top5", colour["third"])]
    gpus = [(f"gpu/{index}/load", colour["val"]) for index in range(GPUS)]
    shares = {"load": Range1d(0, 1.04)}
    plots = {
        "loss": (main, "linear", 250, "0.[0000]"),
        "loss-log": (main, "log", 250, "0.[0000]"),
        "accuracy": (accuracy, "linear", 250, "0.[0]%"),
        "rate": ([("learning_rate", colour["fourth"])], "linear", 130, "0.[000000]"),
        "speed": ([("samples_per_second", colour["third"])], "linear", 130, "0,0"),
        "load": ([("cpu/load", colour["train"]), *gpus, ("input/wait", colour["third"])], "linear", 130, "0%"),
    }
    line = Span(dimension="height", line_color=GRID[theme], line_dash="dotted")
    acts = ColumnDataSource({"x": [], "words": []}, name="acts")
    roots = []
    for name, (curves, scale, height, number) in plots.items():
        options = {"y_range": shares[name]} if name in shares else {}
        plot = _figure(theme, name, height, number, x_range=x_range, y_axis_type=scale, **options)
        if name == "rate":
            later = ColumnDataSource({"x": [], "y": []}, name="planned")
            plot.line(
                "x", "y", source=later, color=colour["fourth"], line_dash="dotted", line_alpha=0.9, name="planned line"
            )
        for curve, ink in curves:
            _draw(plot, sources[curve], ink, number)
        plot.add_tools(CrosshairTool(overlay=line, dimensions="height"))
        if height > 200 or name == "rate":
            _mark_acts(plot, acts, colour["text"])
        if height > 200:
            _mark_best(plot, name, colour["third"])
        roots.append(plot)
    return roots


def _curve_names() -> list[str]:
    known = ["train/loss", "val/loss", "train/accuracy", "val/accuracy", "val/top5", "learning_rate"]
    return [*known, "samples_per_second", "input/wait", "cpu/load", *(f"gpu/{index}/load" for index in range(GPUS))]


def _curve(name: str) -> ColumnDataSource:
    """x as the page shows it, y the value, s the smoothed value; step, epoch and minutes for the hover box."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({key: [] for key in ("x", "y", "s", "step", "epoch", "minutes")}, name=name)


def _draw(plot: Figure, source: ColumnDataSource, colour: str, number: str) -> None:
    """A curve of few points is dots and line; the raw line of a dense one is faint under its smoothed line."""
    from bokeh.models import HoverTool

    plot.line("x", "y", source=source, color=colour, alpha=0.25, name=f"{source.name} raw")
    line = plot.line("x", "s", source=source, color=colour, width=2, name=f"{source.name} line")
    plot.scatter("x", "y", source=source, color=colour, size=6, visible=False, name=f"{source.name} dots")
    tips = [(source.name, f"@y{{{number}}}"), ("step", "@step{0,0}"), ("epoch", "@epoch{0.00}")]
    plot.add_tools(HoverTool(renderers=[line], tooltips=tips, mode="vline", line_policy="nearest"))


def _mark_best(plot: Figure, name: str, colour: str) -> None:
    from bokeh.models import Span

    plot.add_layout(Span(dimension="height", line_color=colour, line_dash="dashed", name=f"best {name}", visible=False))


def _mark_acts(plot: Figure, acts: ColumnDataSource, colour: str) -> None:
    """A line where somebody steered the training, with what was done as its hover box."""
    from bokeh.models import HoverTool

    spans = plot.vspan(
        x="x", source=acts, line_color=colour, line_dash="dashed", line_alpha=0.8, name=f"acts {plot.name}"
    )
    plot.add_tools(HoverTool(renderers=[spans], tooltips=[("", "@words")]))


def _dataset_roots(theme: str) -> list[Figure]:
    """One bar a class, stacked by split; the page computes the rectangles, so 1,000 classes are as quick as ten.

    On the logarithmic scale bars cannot be stacked: there they stand one before the other.
    """
    return [_class_bars(theme, "classes", log=False), _class_bars(theme, "classes-log", log=True)]


def _class_bars(theme: str, name: str, *, log: bool) -> Figure:
    from bokeh.models import ColumnDataSource, FixedTicker, HoverTool

    plot = _figure(theme, name, 260, "0,0", y_axis_type="log" if log else "linear")
    plot.xaxis.ticker = FixedTicker(ticks=[], name=f"{name} ticks")
    plot.xgrid.visible = False
    if not log:
        plot.y_range.start = 0
    columns = ("left", "right", "bottom", "top", "name", "count", "share")
    for split, key in (("train", "train"), ("val", "val"), ("test", "third")):
        source = ColumnDataSource({column: [] for column in columns}, name=f"{split} log" if log else split)
        ink = COLOURS[theme][key]
        bars = plot.quad("left", "right", "top", "bottom", source=source, color=ink, line_color=None, alpha=0.9)
        tips = [("class", "@name"), (split, "@count{0,0} (@share{0.0%})")]
        plot.add_tools(HoverTool(renderers=[bars], tooltips=tips))
    return plot


def _statistics_roots(theme: str) -> list[Figure]:
    """Distributions of a split: histograms whose edges the page computes, sizes as dots, grey levels as lines."""
    roots = [_sizes(theme), _levels(theme)]
    for name, words in (
        ("aspect", "width over height"),
        ("file_bytes", "bytes"),
        ("brightness", "mean grey level"),
        ("contrast", "deviation"),
        ("sharpness", "variance of the Laplacian"),
    ):
        roots.append(_histogram(theme, name, words, log=name in ("aspect", "file_bytes", "sharpness")))
    return roots


def _histogram(theme: str, name: str, words: str, *, log: bool) -> Figure:
    from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter

    plot = _figure(theme, name, 170, "0,0", x_axis_type="log" if log else "linear", **_ranges())
    source = ColumnDataSource({column: [] for column in ("left", "right", "top")}, name=f"{name} data")
    ink = COLOURS[theme]["train"]
    bars = plot.quad("left", "right", "top", 0, source=source, color=ink, line_color=None, alpha=0.85)
    plot.xaxis.ticker.desired_num_ticks = 6
    number = "0.[00]a" if log else "0.[0]"
    plot.xaxis.formatter = NumeralTickFormatter(format=number)
    tips = [(words, f"@left{{{number}}} to @right{{{number}}}"), ("images", "@top{0,0}")]
    plot.add_tools(HoverTool(renderers=[bars], tooltips=tips, mode="vline"))
    return plot


def _ranges() -> dict[str, Any]:
    """Ranges that the page sets: there is no data yet that they could follow."""
    from bokeh.models import Range1d

    return {"x_range": Range1d(0.1, 1), "y_range": Range1d(0.1, 1)}


def _sizes(theme: str) -> Figure:
    from bokeh.models import ColumnDataSource, HoverTool

    plot = _figure(theme, "sizes", 250, "0,0", x_axis_type="log", y_axis_type="log", **_ranges())
    plot.xaxis.axis_label, plot.yaxis.axis_label = "width, px", "height, px"
    source = ColumnDataSource({column: [] for column in ("x", "y", "size", "count")}, name="sizes data")
    ink = COLOURS[theme]["val"]
    dots = plot.scatter("x", "y", size="size", source=source, color=ink, alpha=0.55, line_color=None)
    plot.add_tools(HoverTool(renderers=[dots], tooltips=[("size", "@x{0,0} x @y{0,0}"), ("images", "@count{0,0}")]))
    return plot


def _levels(theme: str) -> Figure:
    from bokeh.models import ColumnDataSource

    plot = _figure(theme, "levels", 170, "0.[00]%", **_ranges())
    inks = {"red": "#d62728", "green": "#2ca02c", "blue": "#3f7fd0", "grey": COLOURS[theme]["text"]}
    for channel, ink in inks.items():
        source = ColumnDataSource({"x": [], "y": []}, name=f"levels {channel}")
        plot.line("x", "y", source=source, color=ink, width=1.5)
    return plot


def _figure(theme: str, name: str, height: int, number: str, **options: Any) -> Figure:
    """A bare figure in the page's colours: transparent, no toolbar, drag to zoom in x."""
    from bokeh.models import BoxZoomTool, NumeralTickFormatter
    from bokeh.plotting import figure

    ink = COLOURS[theme]["text"]
    plain = {"sizing_mode": "stretch_width", "toolbar_location": None, "tools": "", "window_axis": "x"}
    plot = figure(name=name, height=height, **plain, **options)
    plot.add_tools(zoom := BoxZoomTool(dimensions="width"))
    plot.toolbar.active_drag = zoom
    plot.background_fill_color = plot.border_fill_color = plot.outline_line_color = None
    plot.min_border_left, plot.min_border_right = 48, 12
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_text_color = plot.axis.axis_label_text_color = ink
    plot.axis.major_label_text_font = plot.axis.axis_label_text_font = "system-ui, sans-serif"
    plot.axis.axis_label_text_font_style = "normal"
    plot.grid.grid_line_color, plot.grid.grid_line_alpha = GRID[theme], 0.18
    plot.xaxis.name = f"{name} x"
    plot.xaxis.ticker.desired_num_ticks = 6 if height > 200 else 3  # labels must not run into each other
    if options.get("y_axis_type") != "log" and name != "rate":
        plot.yaxis.formatter = NumeralTickFormatter(format=number)
    return plot


if __name__ == "__main__":
    write_templates(Path(sys.argv[1]))
