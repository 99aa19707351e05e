"""The shared look: what the style sheet, the sprite and the components promise to every page."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.utils import timezone

from accounts.templatetags import ui
from tests.processes import ROOT

TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
STYLES = "\n".join(path.read_text() for path in sorted(ROOT.glob("static/css/*.css")))
SPRITE = (ROOT / "static/icons.svg").read_text()
SYMBOLS = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE))
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLES)
}
SURFACES = ("paper", "paper-raised", "paper-sunk")
STATES = ("ok", "warn", "bad", "run", "unknown")
TEXT_PAIRS = [
    *((ink, surface) for surface in SURFACES for ink in ("ink", "ink-soft", "accent", "accent-strong", *STATES)),
    *((ink, f"{state}-soft") for state in STATES for ink in ("ink", "ink-soft", "accent", state)),
    *((ink, "accent-soft") for ink in ("ink", "ink-soft", "accent", "accent-strong", *STATES)),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("danger-ink", "bad"),
]
EDGE_PAIRS = [("rule-strong", surface) for surface in (*SURFACES, "accent-soft")]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_edges_keep_the_contrast_of_wcag_aa(theme):
    weak = [
        (front, back)
        for pairs, least in ((TEXT_PAIRS, 4.5), (EDGE_PAIRS, 3.0))
        for front, back in pairs
        if contrast(COLOURS[front][theme], COLOURS[back][theme]) < least
    ]

    assert weak == []


def test_every_state_has_a_shape_in_the_sprite_and_a_colour_in_the_style_sheet():
    shapes = {f"state-{look.shape}" for look in ui.LOOKS.values()}
    tones = {look.tone for look in ui.LOOKS.values()}

    assert shapes <= SYMBOLS
    assert all(f".tone-{tone} {{" in STYLES for tone in tones)
    assert tones <= set(ui.SEVERITY)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_compiles_and_holds_nothing_that_the_content_security_policy_forbids(path: Path):
    source = path.read_text()

    get_template(str(path.relative_to(ROOT / "templates")))

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|[\"']js:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"hx-trigger=\"[^\"]*\[", source)


def test_every_icon_that_a_template_names_is_in_the_sprite():
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r'components/icon\.html" with name="([\w-]+)"', path.read_text())
    }

    assert named
    assert named <= SYMBOLS


@pytest.mark.parametrize(
    ("raw", "slug"),
    [
        ("succeeded_with_warnings", "succeeded_with_warnings"),
        ("PUBLISH_IN_PROGRESS", "publish_in_progress"),
        ("Partly failed", "partly_failed"),
        ("SOMETHING_NEW", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_remote_state_is_folded_and_a_strange_one_is_unknown(raw, slug):
    assert ui.state_slug(raw) == slug


def test_a_badge_of_a_strange_state_shows_the_raw_word_with_the_question_mark():
    html = render_to_string("components/badge.html", {"state": "SOMETHING_NEW", "label": "SOMETHING_NEW"})

    assert "#state-question" in html
    assert "tone-unknown" in html
    assert ">SOMETHING_NEW<" in html


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=-40), "40 s ago"),
        (timedelta(minutes=-4, seconds=-30), "4 min ago"),
        (timedelta(hours=-5), "5 h ago"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(days=-13), "13 days ago"),
        (timedelta(days=6), "in 6 days"),
    ],
)
def test_a_moment_is_told_by_its_distance(distance, words):
    assert ui.relative_time(timezone.now() + distance) == words


def test_a_moment_far_away_is_told_by_its_date_in_the_readers_zone():
    late_evening = datetime(2020, 3, 31, 23, 30, tzinfo=UTC)

    with timezone.override("Europe/Paris"):
        words, whole = ui.relative_time(late_evening), ui.absolute_time(late_evening)

    assert words == "1 Apr 2020"
    assert whole == "1 Apr 2020, 01:30:00 CEST"


def test_a_time_element_carries_the_moment_for_machines_and_ends_without_a_blank():
    html = render("{% time_tag at %}.", at=datetime(2020, 3, 31, 23, 30, tzinfo=UTC))

    assert html == ('<time datetime="2020-03-31T23:30:00+00:00" title="31 Mar 2020, 23:30:00 UTC">31 Mar 2020</time>.')


def test_a_long_id_is_cut_in_its_middle_and_a_short_one_is_left():
    assert ui.shorten_middle("0123456789abcdef", 9) == "0123…cdef"
    assert ui.shorten_middle("0123456789", 10) == "0123456789"


def test_many_segments_share_buckets_that_show_the_worst_result():
    items = [{"state": "created", "label": str(number)} for number in range(1000)]
    items[777] = {"state": "failed", "label": "777"}

    segments = ui.bucketed(items)

    assert len(segments) == 200
    assert [number for number, segment in enumerate(segments) if segment.state == "failed"] == [155]
    assert segments[155].label == "4 created, 1 failed"


def test_a_progress_bar_says_its_numbers_to_screen_readers():
    segments = [{"state": "created", "label": "A"}, {"state": "failed", "label": "B <b>"}]

    html = render_to_string("components/segments.html", {"segments": segments, "title": "Import"})

    assert 'aria-label="Import: 1 created, 1 failed"' in html
    assert 'title="B &lt;b&gt;"' in html


def test_a_field_is_linked_to_its_help_and_its_errors():
    class NameForm(forms.Form):
        name = forms.CharField(help_text="Shown to people.")

    html = render_to_string("components/field.html", {"field": NameForm({"name": ""})["name"]})

    described_by = re.search(r'aria-describedby="([^"]+)"', html)
    assert described_by is not None
    assert all(f'id="{name}"' in html for name in described_by[1].split())
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize("name", ["500.html", "503.html", "404.html", "403.html", "403_csrf.html", "400.html"])
def test_an_error_page_renders_without_any_context(name):
    html = get_template(name).render({})

    assert "<h1>" in html
    assert 'href="/"' in html
