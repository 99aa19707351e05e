"""Template tags of the shared look: states, short ids, times, progress segments. They know no model of the product."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

register = template.Library()


class Look(NamedTuple):
    """How a state is drawn: a symbol of the sprite, a colour family of the style sheet, and the word for it."""

    shape: str
    tone: str
    word: str


UNKNOWN = "unknown"
# One table for every state that a page can show, so that a shape and a colour mean the same everywhere.
LOOKS: Mapping[str, Look] = {
    # jobs
    "queued": Look("ring", "quiet", "queued"),
    "submitting": Look("turning", "run", "submitting"),
    "running": Look("turning", "run", "running"),
    "succeeded": Look("dot", "ok", "succeeded"),
    "succeeded_with_warnings": Look("half", "warn", "succeeded with warnings"),
    "partly_failed": Look("broken", "bad", "partly failed"),
    "failed": Look("cross", "bad", "failed"),
    "cancelled": Look("bar", "quiet", "cancelled"),
    "needs_attention": Look("question", "unknown", "needs attention"),
    UNKNOWN: Look("question", "unknown", "unknown"),
    # packages
    "draft": Look("ring", "quiet", "draft"),
    "publish_in_progress": Look("turning", "run", "publishing"),
    "published": Look("dot", "ok", "published"),
    "publish_failed": Look("cross", "bad", "publishing failed"),
    "expired": Look("bar", "warn", "expired"),
    "vanished": Look("bar", "quiet", "vanished"),
    # objects of a job
    "pending": Look("ring", "quiet", "not yet"),
    "created": Look("dot", "ok", "created"),
    "updated": Look("dot", "ok", "updated"),
    "reused": Look("equal", "accent", "reused"),
    "unchanged": Look("equal", "quiet", "unchanged"),
    "hidden_error": Look("half", "warn", "with a hidden error"),
    "skipped": Look("bar", "quiet", "left out"),
    "removed": Look("dot", "ok", "removed"),
    # what was read back afterwards
    "confirmed": Look("dot", "ok", "confirmed"),
    "not_confirmed": Look("ring", "warn", "not confirmed"),
    "contradicted": Look("cross", "bad", "contradicted"),
    "unchecked": Look("ring", "quiet", "not checked"),
    # what was found in the target
    "exact": Look("equal", "ok", "exact"),
    "likely": Look("tilde", "accent", "likely"),
    "doubtful": Look("tilde", "warn", "doubtful"),
    "none": Look("ring", "quiet", "none"),
    # decisions
    "undecided": Look("ring", "warn", "undecided"),
    "create": Look("dot", "accent", "create new"),
    "reuse": Look("equal", "accent", "use existing"),
    "update": Look("tilde", "accent", "update existing"),
    "confirm": Look("dot", "accent", "confirmed"),
    "fill": Look("dot", "accent", "filled in"),
    "keep": Look("equal", "quiet", "kept as it is"),
    "leave": Look("bar", "quiet", "left out"),
    # severity of an event
    "info": Look("dot", "quiet", "information"),
    "error": Look("cross", "bad", "error"),
    # rights, tests of credentials; a warning is also a severity
    "ok": Look("dot", "ok", "ok"),
    "warning": Look("half", "warn", "warning"),
    "missing": Look("cross", "bad", "missing"),
    "refused": Look("cross", "bad", "refused"),
    "untested": Look("ring", "quiet", "not tested"),
    # plans
    "gathering": Look("turning", "run", "gathering facts"),
    "open": Look("ring", "accent", "open"),
    "ready": Look("dot", "accent", "ready"),
    "superseded": Look("bar", "quiet", "superseded"),
    # approvals; an expired one looks like any other that expired
    "awaiting_approval": Look("ring", "run", "waiting for approval"),
    "approved": Look("dot", "ok", "approved"),
    "rejected": Look("cross", "bad", "rejected"),
    "withdrawn": Look("bar", "quiet", "withdrawn"),
    "void": Look("bar", "warn", "void"),
    # sharing: requests and their parts, partnerships, transfers
    "waiting": Look("ring", "run", "waiting"),
    "under_way": Look("turning", "run", "under way"),
    "asking": Look("turning", "run", "asking"),
    "waiting_partner": Look("ring", "run", "waiting for the partner"),
    "sending": Look("turning", "run", "on its way"),
    "in_progress": Look("turning", "run", "in progress"),
    "done": Look("dot", "ok", "done"),
    "completed": Look("dot", "ok", "completed"),
    "partly_done": Look("broken", "bad", "partly done"),
    "turned_down": Look("cross", "bad", "not approved"),
    "stopped": Look("bar", "quiet", "stopped"),
    # journeys; a draft and a stopped one look like any other
    "testing": Look("ring", "accent", "testing"),
    "in_review": Look("ring", "run", "in review"),
    "live": Look("dot", "ok", "live"),
    "paused": Look("bar", "warn", "paused"),
    "closed": Look("half", "quiet", "closed to new entrances"),
    "finished": Look("dot", "quiet", "finished"),
    # API versions; a published one looks like any other
    "unpublished": Look("ring", "quiet", "unpublished"),
    "deprecated": Look("half", "warn", "deprecated"),
    "retired": Look("bar", "quiet", "retired"),
    # sandboxes and people
    "active": Look("dot", "ok", "active"),
    "creating": Look("turning", "run", "being created"),
    "inactive": Look("bar", "quiet", "inactive"),
    "invited": Look("ring", "quiet", "invited"),
    "deleted": Look("bar", "quiet", "deleted"),
}
# From the best to the worst: a bucket of many objects shows the last of these that it holds.
SEVERITY = ("quiet", "accent", "ok", "run", "unknown", "warn", "bad")


@register.filter
def state_slug(value: object) -> str:
    """The name under which the style sheet knows a state; raw remote text is folded, a strange one is unknown."""
    slug = str(value or "").strip().lower().replace(" ", "_").replace("-", "_")
    return slug if slug in LOOKS else UNKNOWN


@register.filter
def state_look(value: object) -> Look:
    """Shape, tone and word of a state."""
    return LOOKS[state_slug(value)]


@register.filter
def shorten_middle(value: object, length: int = 18) -> str:
    """An id cut in its middle, since both its ends tell it from others."""
    text = str(value or "")
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


@register.filter
def relative_time(value: datetime | None) -> str:
    """How long ago or in how long, in words; a date once that is more than two weeks away."""
    if value is None:
        return ""
    now = timezone.now()
    is_past = value <= now
    distance = abs(now - value)
    if distance < timedelta(seconds=10):
        return "just now"
    if distance > timedelta(days=14):
        local = timezone.localtime(value)
        return date_format(local, "j M" if local.year == timezone.localtime(now).year else "j M Y")
    if is_past:
        return f"{_distance_in_words(distance)} ago"
    # The second makes "in 6 days" of what was set to six days a moment ago.
    return f"in {_distance_in_words(distance + timedelta(seconds=1))}"


def _distance_in_words(distance: timedelta) -> str:
    seconds = int(distance.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 60 * 60:
        return f"{seconds // 60} min"
    if seconds < 24 * 60 * 60:
        return f"{seconds // 3600} h"
    days = seconds // 86400
    return "1 day" if days == 1 else f"{days} days"


@register.filter
def absolute_time(value: datetime | None) -> str:
    """Date, time to the second and zone, in the reader's time zone."""
    if value is None:
        return ""
    return date_format(timezone.localtime(value), "j M Y, H:i:s T")


@register.simple_tag
def time_tag(value: datetime | None) -> str:
    """The `<time>` element of a moment, relative in words and absolute on hover; for use inside a sentence."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.astimezone(UTC).isoformat(timespec="seconds"),
        absolute_time(value),
        relative_time(value),
    )


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A length of time in its two largest units, from a timedelta or seconds."""
    if value is None:
        return ""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if seconds else "under 1 s"


@register.filter
def pretty_json(value: object) -> str:
    """A value as indented JSON text, for display only."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


class Segment(NamedTuple):
    """One piece of a progress bar."""

    state: str
    label: str


def _segment(item: Any) -> Segment:
    if isinstance(item, Mapping):
        return Segment(state_slug(item["state"]), str(item.get("label", "")))
    return Segment(state_slug(item.state), str(item.label))


def _severity(segment: Segment) -> int:
    return SEVERITY.index(LOOKS[segment.state].tone)


@register.filter
def bucketed(items: Iterable[Any], most: int = 200) -> list[Segment]:
    """At most `most` segments; above that neighbours share one, which shows the worst of them."""
    segments = [_segment(item) for item in items]
    if len(segments) <= most:
        return segments
    size = -(-len(segments) // most)
    return [Segment(max(bucket, key=_severity).state, segment_summary(bucket)) for bucket in _batches(segments, size)]


def _batches(segments: list[Segment], size: int) -> Iterable[list[Segment]]:
    return (segments[start : start + size] for start in range(0, len(segments), size))


@register.filter
def segment_summary(items: Iterable[Any]) -> str:
    """The bar in words, for example "9 created, 1 failed", in the order in which the states come up."""
    return ", ".join(f"{count} {word}" for _, word, count in segment_counts(items))


@register.filter
def segment_counts(items: Iterable[Any]) -> list[tuple[str, str, int]]:
    """State, word and number for the legend of a bar."""
    counts = Counter(_segment(item).state for item in items)
    return [(state, LOOKS[state].word, count) for state, count in counts.items()]
