"""What the fragments about the flow of a journey and about two versions of it need; no view of its own."""

from collections.abc import Mapping
from typing import Any

from promotions.journey_comparison import compare
from promotions.journey_outline import Outline
from promotions.journey_picture import picture_of
from promotions.journey_raw import raw_pair

DELTAS_SHOWN = 200


def picture_context(
    outline: Outline | None, marks: Mapping[str, str] | None = None, *, prefix: str = "step"
) -> dict[str, Any]:
    """For promotions/journeys/_picture.html.

    `prefix` keeps the anchors of several pictures on a page apart.
    """
    return {"picture": picture_of(outline, marks, prefix=prefix) if outline else None}


def comparison_context(
    before: Outline | None,
    after: Outline | None,
    *,
    before_name: str,
    after_name: str,
    before_raw: bytes | Mapping[str, Any] | None = None,
    after_raw: bytes | Mapping[str, Any] | None = None,
    is_copy: bool | None = None,
) -> dict[str, Any]:
    """For promotions/journeys/_comparison.html.

    The names tell the sides apart ("Version 1.0", "Copy in Acme · prod"); `is_copy` as in journey_comparison.compare.
    An outline of None says that its document could not be read as a journey; the raw view then is all there is.
    """
    comparison = compare(before, after, is_copy=is_copy) if before and after else None
    return {
        "before_name": before_name,
        "after_name": after_name,
        "is_before_read": before is not None,
        "is_after_read": after is not None,
        "comparison": comparison,
        "nodes": comparison.different_nodes[:DELTAS_SHOWN] if comparison else (),
        "used": comparison.different_used[:DELTAS_SHOWN] if comparison else (),
        "noisy": comparison.noisy[:DELTAS_SHOWN] if comparison else (),
        "noisy_left": max(0, len(comparison.noisy) - DELTAS_SHOWN) if comparison else 0,
        "nodes_left": max(0, len(comparison.different_nodes) - DELTAS_SHOWN) if comparison else 0,
        "used_left": max(0, len(comparison.different_used) - DELTAS_SHOWN) if comparison else 0,
        "before_picture": picture_of(before, comparison.marks_before, prefix="before")
        if before and comparison
        else None,
        "after_picture": picture_of(after, comparison.marks_after, prefix="after") if after and comparison else None,
        "raw": raw_pair(before_raw, after_raw) if before_raw is not None and after_raw is not None else None,
    }
