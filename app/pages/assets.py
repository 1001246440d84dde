"""BokehJS from the installed package and the chart templates: long-lived files that are not in static/."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request, send_from_directory, url_for

from app import charts
from app.auth import public
from app.extensions import context

blueprint = Blueprint("assets", __name__)
YEAR = 31_536_000
IMMUTABLE = f"public, max-age={YEAR}, immutable"


@blueprint.app_context_processor
def _stamps() -> dict[str, str]:
    return {"bokeh_version": version("bokeh"), "chart_stamp": charts.stamp()}


@blueprint.get("/assets/<release>/bokeh.min.js")
@public
def bokeh(release: str) -> Response:
    """BokehJS; the version in the address makes it cacheable for ever."""
    if release != version("bokeh"):
        abort(404)
    answer = send_from_directory(charts.bokeh_folder(), "bokeh.min.js", mimetype="text/javascript")
    answer.headers["Cache-Control"] = IMMUTABLE
    return answer


@blueprint.get("/assets/charts/<stamp>/<kind>-<theme>.json")
@public
def chart(stamp: str, kind: str, theme: str) -> Response:
    """An empty, named set of plots (app/charts.py)."""
    if stamp != charts.stamp() or kind not in charts.KINDS or theme not in charts.THEMES:
        abort(404)
    cache = context().settings.home / "cache"
    text = charts.template(cache, kind, theme)  # its child process is waited for without holding up the hub
    return Response(text, mimetype="application/json", headers={"Cache-Control": IMMUTABLE})


@blueprint.app_template_global()
def asset(path: str) -> str:
    """The address of a file in static/, with a stamp of its last change so that browsers may keep it for ever."""
    file = Path(current_app.static_folder or "") / path
    return url_for("static", filename=path, v=f"{file.stat().st_mtime_ns:x}" if file.exists() else None)


@blueprint.after_app_request
def _keep_stamped_files(answer: Response) -> Response:
    if request.endpoint == "static" and "v" in request.args and answer.status_code == 200:
        answer.headers["Cache-Control"] = IMMUTABLE
    return answer
