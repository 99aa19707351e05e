"""Every address of the installation, with every row that it may name."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver, reverse

ROWS_TRIED = 40


def things() -> dict[str, list[Any]]:
    """What the arguments of routes may be, by the first word of the route."""
    rows: dict[str, list[Any]] = {}
    for model in apps.get_models():
        if model._meta.app_label in ("accounts", "promotions"):
            rows[model._meta.model_name or ""] = list(model.objects.values_list("pk", flat=True))  # type: ignore[attr-defined]
    return rows


ALIASES = {
    "person": "user",
    "api-token": "apitoken",
    "api_token": "apitoken",
    "api-version": "apiversion",
    "plan-item": "planitem",
    "group": "promotiongroup",
    "value": "storedvalue",
    "view": "savedview",
    "mail": "noticedelivery",
    "audit": "auditevent",
    "sharing": "sharingrequest",
}


def addresses() -> Iterator[str]:
    """Every address of every route that is not the redirect of a secret link, with every row it may name."""
    known = things()

    def walk(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern.url_patterns, inner)
            else:
                yield f"{namespace}{pattern.name}", pattern

    for name, pattern in walk(get_resolver().url_patterns):
        arguments = list(pattern.pattern.converters)
        if not arguments:
            if pattern.pattern.regex.groups == 0 and name not in ("closed", "api-no-such-resource"):
                yield reverse(name)
        elif arguments in (["pk"], ["sequence"]):
            noun = name.rpartition(":")[2]
            path = str(pattern.pattern)
            for pk in set().union(*(rows[:ROWS_TRIED] for kind, rows in known.items() if _fits(kind, noun, path))):
                yield reverse(name, args=[pk])


def _fits(kind: str, noun: str, path: str) -> bool:
    words = {kind, *(alias for alias, model in ALIASES.items() if model == kind)}
    return any(noun.startswith(word) or path.startswith(f"{word}s/") or f"/{word}s/" in path for word in words) or (
        kind == "organization" and noun in ("sandbox-sync", "package-synchronization", "package-synchronize")
    )
