"""How to say where something stands: in words for people, and as a key that holds from one export to the next."""

import re
from hashlib import sha256
from itertools import pairwise, zip_longest

from promotions.systems.journeys.collecting import Place

LONGEST_SAID = 80
LONGEST_KEY = 300
MOST_PHRASES = 5
# Objects whose member names are somebody's own, and what one of them is called.
_MAPS = {
    "headers": "header",
    "bodyParams": "body parameter",
    "queryParams": "query parameter",
    "queryParameters": "query parameter",
    "urlParams": "query parameter",
    "params": "parameter",
    "parameters": "parameter",
    "cookies": "cookie",
}
_VAGUE = frozenset({"value", "token", "secret", "key", "name", "id", "uid", "text", "data", "content"})
_identifier = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_word = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def said(text: str, longest: int = LONGEST_SAID) -> str:
    """A name as it may be shown and stored: signs that do not print become spaces or marks, and it has an end."""
    clean = "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in text[: longest + 1])
    clean = clean.strip()
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"


def words(name: str) -> str:
    """`clientSecret` as "client secret"; what is not written like a program's name stays as it is."""
    if not _identifier.fullmatch(name):
        return said(name)
    found = _word.findall(name)
    return said(" ".join(each if len(each) > 1 and each.isupper() else each.lower() for each in found)) or said(name)


def singular(name: str) -> str:
    text = _MAPS.get(name) or words(name)
    if text.endswith("ies"):
        return f"{text[:-3]}y"
    return text[:-1] if text.endswith("s") and not text.endswith("ss") else text


def owner_name(place: Place) -> str:
    """What an object is called, or its position where it has neither name nor uid."""
    if place.name or place.uid:
        return said(place.name or place.uid)
    return str(place.step + 1) if isinstance(place.step, int) else said(place.step or "")


def phrases(path: list[tuple[Place, str | int]]) -> list[str]:
    """The way from an object down to a text, each step as the container it stands in and its name or position there."""
    found: list[str] = []
    index = 0
    while index < len(path):
        place, step = path[index]
        below = path[index + 1] if index + 1 < len(path) else None
        is_last = below is None
        if isinstance(step, int):  # a list in a list, or one at the top
            found.append(_element(path, index, "element"))
            index += 1
        elif below is not None and below[0].is_array:
            found.append(_element(path, index + 1, singular(step)))
            index += 2
        elif below is not None and step in _MAPS:
            found.append(f"{_MAPS[step]} {said(str(below[1]))}")
            index += 2
        elif is_last and step == "value" and isinstance(place.step, int) and found and place.name:
            index += 1  # an entry of name and value has been said by its name
        elif is_last and step in ("value", "secret") and _entry_name(place):
            found.append(_entry(place))
            index += 1
        else:
            found.append(words(step))
            index += 1
    repeated = (after.startswith(f"{each} ") for each, after in pairwise(found))  # "body, body parameter client_secret"
    found = [each for each, is_repeated in zip_longest(found, repeated) if not is_repeated]
    if len(found) > 1 and found[-1] in _VAGUE:
        found[-2:] = [f"{found[-2]} {found[-1]}"]
    if len(found) > MOST_PHRASES:
        found[2 : 2 - MOST_PHRASES + 1] = ["…"]
    return found


def inner_key(path: list[tuple[Place, str | int]]) -> str:
    """The same way without positions where an element has a name or a uid."""
    parts: list[str] = []
    for index, (_, step) in enumerate(path):
        if isinstance(step, int):
            element = path[index + 1][0] if index + 1 < len(path) else None
            names = [each for each in (element.name, element.uid) if each] if element is not None else []
            parts.append(f"[{' '.join(dict.fromkeys(names)) or step + 1}]")
        else:
            parts.append(step)
    return "/".join(parts)


def key_of(*parts: str) -> str:
    """Short enough to be stored, and still telling what differs at the far end."""
    whole = ":".join(parts)
    clean = said(whole, LONGEST_KEY)
    if clean == whole:
        return clean
    digest = sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{said(whole, LONGEST_KEY - 20)}~{digest}"


def _element(path: list[tuple[Place, str | int]], index: int, noun: str) -> str:
    step = path[index][1]
    element = path[index + 1][0] if index + 1 < len(path) else None
    name = said(element.name or element.uid) if element is not None else ""
    return f"{noun} {name}" if name else f"{noun} {step + 1 if isinstance(step, int) else step}"


def _entry_name(place: Place) -> str:
    return place.texts.get("name") or place.texts.get("key") or ""


def _entry(place: Place) -> str:
    where = place.texts.get("location") or place.texts.get("in") or ""
    noun = words(where) if where else words(place.step) if isinstance(place.step, str) else "entry"
    return f"{'query parameter' if noun in ('query', 'query param') else noun} {said(_entry_name(place))}"
