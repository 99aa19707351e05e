"""Secrets in an imported document: which they are, and a digest instead of each. None is ever remembered."""

import hashlib
from typing import Any

from emulator.journey_things import GROUPS, PLACEHOLDER, is_system, placeholders_in
from emulator.journey_trees import Spot, steps_of, texts_in

Secrets = list[dict[str, str]]

# How secrets are called in a document whose export we never saw; Adobe, Journeys guide, "External data sources".
_MEMBERS = frozenset({"password", "client_secret", "clientsecret", "secret", "token", "apikey", "api_key"})
_HEADERS = frozenset({"authorization", "api-key", "x-api-key"})


def digest_of(secret: str) -> str:
    """Tests that know what they filled in can tell which secret arrived where."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def take_out(payload: Any, source: Any | None) -> Secrets:
    """Put the placeholder back where a secret was filled in; what was there, as digests.

    `source` is the document of the version that the payload was exported from, if it is known.
    """
    patterns = {steps_of(spot.trail): spot.text for spot in placeholders_in(source)} if source is not None else {}
    found: Secrets = []
    for spot in list(texts_in(payload, skip=is_system)):
        steps = steps_of(spot.trail) if patterns or _looks_secret(spot) else ()
        pattern = patterns.get(steps, PLACEHOLDER if _looks_secret(spot) else "")
        if not pattern or PLACEHOLDER in spot.text:
            continue
        before, _, after = pattern.partition(PLACEHOLDER)
        secret = spot.text
        if secret.startswith(before) and secret.endswith(after) and len(secret) >= len(before) + len(after):
            secret = secret[len(before) : len(secret) - len(after)]
        spot.put(pattern)
        found.append({"path": "/".join(steps), "object": owner_of(payload, steps), "digest": digest_of(secret)})
    return found


def _looks_secret(spot: Spot) -> bool:
    if not isinstance(spot.key, str):
        return False
    key = spot.key.casefold()
    if key == "value":
        is_header = str(spot.holder.get("name", "")).casefold() in _HEADERS
        return is_header or str(spot.holder.get("type", "")).casefold() == "apikey"
    return key in _MEMBERS or key in _HEADERS


def owner_of(document: Any, steps: tuple[str, ...]) -> str:
    """The object that a way leads into, in words: "custom action notifyCrm"."""
    if len(steps) > 1 and (word := GROUPS.get(steps[0])):
        for index, thing in enumerate(document[steps[0]]):
            if isinstance(thing, dict) and steps[1] in (thing.get("uid"), str(index)):
                return f"{word} {thing.get('name') or thing.get('uid')}"
    return "journey"
