"""A file_account edited by hand: the same structure as the export, or its differences in words."""

from collections.abc import Iterator, Sequence
from typing import Any

from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.secret_words import shown_name
from promotions.systems.snaplogic.template_nodes import (
    NAME,
    PROPERTIES,
    VALUE,
    AccountsTemplate,
    Document,
    account_name,
    kind_of,
    parse,
)

MAX_DIFFERENCES = 50


class ChangedShapeError(RefusedError):
    """A file edited by hand changes more than values."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(" ".join(["The file does not have the structure of the export.", *differences]), field="file")
        self.differences = list(differences)


def edits_of(template: AccountsTemplate, other: bytes) -> dict[str, dict[str, str]]:
    """What a file_account edited by hand puts at every place, as if it had been typed into a form.

    Raises ChangedShapeError if it is not of the template's shape, and what `parse` does.
    """
    differences = same_shape(template, other)
    if differences:
        raise ChangedShapeError(differences)
    return {node.uuid: {leaf.pointer: leaf.text for leaf in node.leaves} for node in parse(other).nodes}


def same_shape(template: AccountsTemplate, other: bytes) -> list[str]:
    """Sentences on what an edited template changes besides its values; it may leave out whole accounts.

    Raises UnfitJsonError and UnknownLayoutError if the other one cannot be read.
    """
    whole, edited = Document(template.content, NAME), Document(other, "The file")
    found: list[str] = []
    if not edited.nodes:
        found.append("It holds no account.")
    if isinstance(whole.holder, list) is not isinstance(edited.holder, list):
        found.append("Its accounts are laid out in another way.")
    for uuid, node in edited.nodes.items():
        known = whole.nodes.get(uuid)
        if known is None:
            found.append(f"It has an account {shown_name(uuid[:100])} that the export does not have.")
            continue
        name = account_name(uuid, known)
        for place in _differences(known, node, (), is_value=False):
            found.append(f"In the account {name}: {place}.")
            if len(found) >= MAX_DIFFERENCES:
                return [*found, "There are more differences."]
    return found


def _differences(known: Any, other: Any, steps: tuple[str, ...], *, is_value: bool) -> Iterator[str]:
    """Places, never values: they may be secrets."""
    place = shown_name(" › ".join(steps)[:500]) or "the account itself"
    if isinstance(known, dict) and isinstance(other, dict):
        for name in known.keys() - other.keys():
            yield f"{shown_name(name[:100])} is missing in {place}"
        for name in other.keys() - known.keys():
            yield f"{shown_name(name[:100])} was added to {place}"
        for name in known.keys() & other.keys():
            yield from _differences(known[name], other[name], (*steps, name), is_value=name == VALUE)
    elif isinstance(known, list) and isinstance(other, list):
        if len(known) != len(other):
            yield f"{place} has another number of elements"
            return
        for number, (one, another) in enumerate(zip(known, other, strict=True), start=1):
            yield from _differences(one, another, (*steps, str(number)), is_value=False)
    elif isinstance(known, dict | list) or isinstance(other, dict | list):
        yield f"{place} has another structure"
    elif not is_value or PROPERTIES not in steps:
        if known != other or kind_of(known) != kind_of(other):
            yield f"{place} was changed, and only what a value key of property_map holds may be"
    elif kind_of(known) != kind_of(other) and "nothing" not in (kind_of(known), kind_of(other)):
        yield f"{place} was a {kind_of(known)} and is a {kind_of(other)} now"
