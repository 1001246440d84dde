"""DIGITS's resize-example: one picture under the chosen size, mode and encoding, as a fragment of HTML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from flask import Response, request
from markupsafe import Markup

from app.api.digits_errors import checked, new_blueprint
from app.api.digits_fields import ENCODINGS, Form, flat
from app.auth import current
from app.extensions import context
from app.services import previews

blueprint = new_blueprint("previews")
FRAME = Markup('<img src="data:{};base64,{}" style="width:{}px;height:{}px" />\n<br>\n<i>Image size: {}</i>')
NAMES = {"folder": "image_path"}


@blueprint.post("/datasets/images/resize-example")
def resize_example() -> Response:
    """An example picture, or the one at ``image_path`` on the server, and the bytes that its record takes."""
    values, path = example_values(flat(request.form.items(multi=True)))
    found = checked(lambda: previews.example(context(), current(), values, path), NAMES)
    data = b64encode(found.content).decode()
    text = FRAME.format(found.mimetype, data, values["width"], values["height"], size_words(found.bytes))
    return Response(text, mimetype="text/html")


def example_values(form: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Options of :class:`~app.services.previews.ExampleOptions` and the path of DIGITS's form.

    Raises InvalidOptions whose ``fields`` have DIGITS's names.
    """
    read = Form(form)
    read.choice("backend", "lmdb", {"lmdb": "lmdb"}, later=("hdf5", "tfrecords"))
    values = {
        "width": read.text("width", "256"),
        "height": read.text("height", "256"),
        "channels": read.choice("channels", "3", {"1": "1", "3": "3"}),
        "resize_mode": read.text("resize_mode", "squash"),
        "encoding": read.choice("encoding", "png", ENCODINGS),
    }
    read.finish(previews.ExampleOptions, values, {})
    return values, read.text("image_path")


def size_words(count: float) -> str:
    """Bytes as DIGITS writes them: three digits, in units of 1,024."""
    units = ["B", "KB", "MB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{count:.3g} {units[0]}"
