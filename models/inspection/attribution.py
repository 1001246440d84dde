"""Requests that explain: maps by several methods for one image and target, and how far each can be trusted."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from data.codecs import encode
from data.errors import InvalidOptions, UserError
from data.options import schema
from models.attribution.grading import curves, randomized
from models.attribution.method import Map, Method, ordered
from models.attribution.passes import Subject, forward
from models.attribution.targets import Target, class_scores
from models.attribution.tracer import Tracer, evaluating
from models.inspection.inside import Answer, Params, image_of, method_of, model_of, subject_of
from models.inspection.weights import as_npy
from models.source_loader import naming_lines
from models.units.colours import coloured, robust_limit

DEADLINE = 60.0


def attribution_methods(_params: Params, _blobs: list[bytes]) -> Answer:
    """``{}`` -> ``{methods: [{name, title, help, wave, insensitive, source, options: JSON schema}], broken}``."""
    from models.attribution.method import methods

    found = [
        {
            "name": item.name, "title": item.title, "help": item.help, "wave": item.wave,
            "insensitive": item.insensitive, "source": item.source, "options": schema(item.options),
        }
        for item in ordered()
    ]  # fmt: skip
    return {"methods": found, "broken": methods.broken}, []


def explain(params: Params, blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, target, methods: [{name, options}], largest, raw}`` and an image.

    Answers ``value`` of the target, ``target`` with the class it came to, and for each method {name, title, seconds,
    size, limit, signed, completeness, insensitive, notes} or {name, error}. The blobs are the PNG of what the network
    saw, then for each method that worked the map float32 [h, w] as .npy (``raw``: [c, h, w]) and as PNG in colours.
    Without a target the class that the model thinks most of is explained.
    """
    model = model_of(params)
    pixels = image_of(params, blobs, model)
    subject = subject_of(model, pixels, target_of(params), float(params.get("deadline", DEADLINE)))
    with naming_lines(model.source):
        if not params.get("target"):
            subject.target = Target("class", likeliest(subject, len(model.classes)))
        value = float(forward_value(subject))
        answers, pictures = [], [encode(pixels, "png")]
        for asked in params["methods"]:
            facts, blobs_of = _one(subject, asked, raw=bool(params.get("raw")))
            answers.append(facts)
            pictures += blobs_of
    target = subject.target
    about = {"kind": target.kind, "index": target.index, "other": target.other, "layer": target.layer,
             "position": target.position}  # fmt: skip
    return {"value": value, "target": about, "methods": answers, "checkpoint": model.checkpoint}, pictures


def grade(params: Params, blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, target, method, options}`` and an image -> its curves, and the map with random weights."""
    model = model_of(params)
    pixels = image_of(params, blobs, model)
    subject = subject_of(model, pixels, target_of(params), float(params.get("deadline", DEADLINE)))
    chosen, options = method_of(str(params["method"]), params.get("options") or {})
    with naming_lines(model.source):
        if not params.get("target"):
            subject.target = Target("class", likeliest(subject, len(model.classes)))
        made = chosen.run(subject, options)
        checked = randomized(subject, chosen, options, seeds=2)
        return {"name": chosen.name, "curves": curves(subject, made.flat), "random_weights": checked}, []


def target_of(params: Params) -> Target:
    """The target of a request; class 0 until the likeliest is known."""
    return Target.of(params.get("target") or {})


def likeliest(subject: Subject, classes: int) -> int:
    """The class that the model thinks most of."""
    tracer = Tracer(subject.network, check=subject.check)
    with torch.no_grad(), evaluating(subject.network):
        return int(class_scores(tracer.forward(subject.image.view_as(subject.image)))[0, :classes].argmax())


def forward_value(subject: Subject) -> torch.Tensor:
    """The target's value."""
    with torch.no_grad():
        return forward(subject).value[0]


def _one(subject: Subject, asked: Params, raw: bool) -> tuple[dict[str, Any], list[bytes]]:
    """One method's map; what it cannot do is said in its place, so that the others are still shown."""
    name = str(asked.get("name"))
    started = time.perf_counter()
    try:
        chosen, options = method_of(name, asked.get("options") or {})
        made = chosen.run(subject, options)
    except InvalidOptions as error:
        return {"name": name, "error": str(error), "fields": error.fields}, []
    except UserError as error:
        return {"name": name, "error": str(error)}, []
    facts = {**_facts(chosen, made), "seconds": time.perf_counter() - started}
    flat = made.flat
    picture, _ = coloured(flat, facts["limit"])
    values = made.values if raw else flat
    return facts, [as_npy(values.float()), encode(np.ascontiguousarray(picture), "png")]


def _facts(chosen: Method, made: Map) -> dict[str, Any]:
    flat = made.flat
    whole = made.completeness
    return {
        "name": chosen.name,
        "title": chosen.title,
        "size": list(flat.shape),
        "limit": robust_limit(flat, 0.99),
        "signed": bool((flat < 0).any()),
        "sum": float(flat.double().sum()),
        "insensitive": chosen.insensitive,
        "notes": list(made.notes),
        "completeness": None if whole is None else {
            "expected": whole.expected, "found": whole.found, "constants": whole.constants, "error": whole.error,
        },
    }  # fmt: skip
