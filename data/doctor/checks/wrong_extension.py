"""Files whose name promises another kind of image than their content is."""

from __future__ import annotations

from collections import Counter

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence
from data.index import endings
from data.source_facts import EXTENSIONS


@check("wrong_extension", "Wrong file extension", 1)
def wrong_extension(evidence: Evidence) -> Finding | None:
    """The content is of another kind than the file's name says. Foveal goes by the content; other programs may not."""
    kinds, found, words = evidence.kinds, [], Counter[str]()
    for place, name in enumerate(evidence.splits):
        start = int(evidence.starts[place])
        for number, ending in enumerate(endings(evidence.dataset.split(name))):
            kind, promised = kinds[start + number], EXTENSIONS.get(ending)
            if promised is not None and kind not in ("unknown", promised):
                found.append(start + number)
                words[f"{kind.upper()} named .{ending}"] += 1
    if not found:
        return None
    said = ", ".join(f"{count:,} {word}" for word, count in words.most_common(3))
    return Finding(f"{images(len(found))} whose name promises another kind: {said}.", np.array(found, np.int64))
