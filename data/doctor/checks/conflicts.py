"""Label conflicts: the same picture in more than one class."""

from __future__ import annotations

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence


@check("conflicts", "One picture, several classes", 3)
def conflicts(evidence: Evidence) -> Finding | None:
    """The same picture, or one that looks the same, with different classes: at least one of the labels is wrong.

    Proposed is to leave all of them out, since only a person can tell which label is right.
    """
    if not evidence.classified:
        return None
    groups = evidence.alike.only(evidence.alike.spread(evidence.labels))
    if not len(groups):
        return None
    among = images(len(groups), "group")
    reason = f"{images(len(groups.records))} in {among} of equal pictures have different classes."
    return Finding(reason, groups.records, groups.records, groups.group)
