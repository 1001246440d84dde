"""Files that are no image, are damaged, cut off or too large: they are not in the dataset, and the reason is told."""

from __future__ import annotations

from collections import Counter

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

SHOWN = 8


@check("unreadable", "Files that cannot be read", 2)
def unreadable(evidence: Evidence) -> Finding | None:
    """Damaged, truncated, empty, too large, or no image at all. They were left out of the dataset."""
    files = evidence.failures
    if not files:
        return None
    common, times = Counter(str(file["reason"]) for file in files).most_common(1)[0]
    most = f"most often because: {common}" if times < len(files) else f"because: {common}"
    be = "is" if len(files) == 1 else "are"
    reason = f"{images(len(files), 'file')} could not be read and {be} left out, {most}"
    return Finding(reason, files=files[:SHOWN], count=len(files))
