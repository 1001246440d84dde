"""Leakage: the same picture in training and in what the model is measured with."""

from __future__ import annotations

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence


@check("leakage", "Leakage between splits", 3)
def leakage(evidence: Evidence) -> Finding | None:
    """The same picture, or one that looks the same, in more than one split: what is measured is then too good.

    Proposed is to take it out of training, so that results on validation and test images stay comparable.
    """
    groups = evidence.alike.only(evidence.alike.spread(evidence.split_of))
    if not len(groups):
        return None
    train = evidence.split_of[groups.records] == 0
    extra = groups.records[train] if evidence.splits[0] == "train" else groups.but_first()
    others = len(groups.records) - int(train.sum())
    what = images(len(groups), "picture")
    be = "is" if len(groups) == 1 else "are"
    reason = f"{what} {be} in more than one split, the same or nearly so; {images(others)} of them not in training."
    return Finding(reason, groups.records, extra, groups.group)
