"""The expiry that a person asks for a package, beside the one that the platform sets."""

import math
from datetime import datetime, timedelta

from django.utils import timezone

from promotions.choices import PUBLISHABLE
from promotions.models import Package

EXPIRY_DAYS_LIMIT = 3650
# The platform keeps whole seconds, and publishing counts whole days.
EXPIRY_TOLERANCE = timedelta(seconds=2)
PUBLISHED_EXPIRY_TOLERANCE = timedelta(days=1, minutes=5)


def asked_expiry(package: Package) -> datetime | None:
    """The expiry to send with every change, since the platform sets its own where none is named."""
    asked = package.asked_expires_at
    return asked if asked is not None and asked > timezone.now() else None


def days_until(expires_at: datetime) -> int:
    """Whole days from now, as publishing counts; never fewer than were asked for."""
    days = math.ceil((expires_at - timezone.now()).total_seconds() / 86_400)
    return min(max(1, days), EXPIRY_DAYS_LIMIT)


def expiry_difference(package: Package) -> str:
    """That the platform set another expiry than was asked for, in a sentence; empty if it did not."""
    return differing_expiry(package, package.asked_expires_at)


def differing_expiry(package: Package, asked: datetime | None) -> str:
    if asked is None:
        return ""
    # A moment is asked for again at publishing, in whole days.
    tolerance = EXPIRY_TOLERANCE if package.status in PUBLISHABLE else PUBLISHED_EXPIRY_TOLERANCE
    if package.expires_at is not None and abs(package.expires_at - asked) <= tolerance:
        return ""
    set_to = f"set the expiry to {_moment(package.expires_at)}" if package.expires_at else "names no expiry"
    return f"{_moment(asked)} was asked for as the expiry, but the platform {set_to}."


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
