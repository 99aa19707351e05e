"""The objects that a form about a package gathers: pasted, taken from another package, ticked in a list."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import BadRequest
from django.http import QueryDict

from promotions.artifact_text import ID_LIMIT, TITLE_LIMIT, UNKNOWN_FORM, Pasted, read_pasted
from promotions.choices import ArtifactType, label
from promotions.models import Job, Package
from promotions.services.building import NewArtifact, reason_not_to_take

TEXT_LIMIT = 200_000
# With the rest of the form this stays below the number of fields that one request may hold.
OBJECTS_LIMIT = 400
TYPE_LIMIT = 64
PRESENT = "It is in the package already."
REPEATED = "It is named above already, and taken once."


@dataclass(frozen=True)
class Offer:
    """An object known from elsewhere, to be taken or not."""

    type: str
    id: str
    title: str
    sandbox: str = ""
    origin: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.id

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type)


@dataclass(frozen=True)
class OfferRow:
    """An offer in the form."""

    offer: Offer
    number: int
    is_ticked: bool
    problem: str = ""
    is_in_the_way: bool = False


@dataclass(frozen=True)
class Line:
    """One pasted object as it was understood, and what the person says of it."""

    pasted: Pasted
    name: str
    """Ends the names of its inputs; follows from the text, so that a choice stays when lines move."""
    type: str
    is_guessed: bool
    is_left_out: bool = False
    problem: str = ""
    is_in_the_way: bool = False
    is_taken: bool = False
    is_echo: bool = False
    """Whether an earlier line says the same, and decides for both."""

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Types to choose from; one that is not known here is kept as it came."""
        strange = [(self.type, self.type)] if self.type and self.type not in ArtifactType.values else []
        return [("", "Choose the type"), *strange, *ArtifactType.choices]


@dataclass
class Gathered:
    """What the form names so far, with a word on everything that cannot be taken as it is."""

    lines: list[Line] = field(default_factory=list)
    offers: list[OfferRow] = field(default_factory=list)
    listed: list[OfferRow] = field(default_factory=list)
    artifacts: list[NewArtifact] = field(default_factory=list)
    text_mark: str = ""
    is_looked_over: bool = True
    """Whether the person has seen what was understood of the text that is sent."""

    @property
    def in_the_way(self) -> int:
        """How many rows keep the form from being sent."""
        lines = sum(line.is_in_the_way for line in self.lines)
        return lines + sum(row.is_in_the_way for row in (*self.offers, *self.listed))

    @property
    def listed_number(self) -> int:
        """How many rows of the platform's list are ticked."""
        return sum(row.is_ticked for row in self.listed)

    @property
    def number(self) -> int:
        """How many objects are named outside the platform's list."""
        return len(self.artifacts) - sum(row.is_ticked and not row.problem for row in self.listed)

    @property
    def guessed(self) -> int:
        return sum(line.is_guessed and line.is_taken for line in self.lines)

    @property
    def offers_json(self) -> str:
        """All offers, ticked or not, for a hidden input."""
        return dump_offers(row.offer for row in self.offers)

    @property
    def reason(self) -> str:
        """Why the form cannot be sent, in a sentence; empty if it can."""
        if self.in_the_way:
            rows = "1 object cannot" if self.in_the_way == 1 else f"{self.in_the_way} objects cannot"
            return f"{rows} be taken as named. Look at the marked rows: choose the type, or leave them out."
        if not self.is_looked_over:
            return "Look over what was understood of the pasted text, then send it again."
        if len(self.artifacts) > OBJECTS_LIMIT:
            return (
                f"{len(self.artifacts)} objects are too many at once. Take at most {OBJECTS_LIMIT}, and add the rest."
            )
        return ""


def offers_of(package: Package) -> list[Offer]:
    """The objects that a package names."""
    return [
        Offer(one.type, one.remote_id, one.title, package.source_sandbox, package.name)
        for one in package.artifacts.all()[:OBJECTS_LIMIT]
    ]


def dump_offers(offers: Iterable[Offer]) -> str:
    return json.dumps([[one.type, one.id, one.title, one.sandbox, one.origin] for one in offers], ensure_ascii=False)


def load_offers(text: str) -> list[Offer]:
    """What `dump_offers` wrote; raises BadRequest on anything else."""
    if not text:
        return []
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadRequest("The list of offered objects is not readable.") from exc
    is_sound = isinstance(rows, list) and all(
        isinstance(row, list) and len(row) == 5 and all(isinstance(cell, str) and "\x00" not in cell for cell in row)
        for row in rows
    )
    if not is_sound or len(rows) > 2 * OBJECTS_LIMIT:
        raise BadRequest("The list of offered objects is not readable.")
    return [Offer(row[0][:TYPE_LIMIT], row[1][:ID_LIMIT], row[2][:TITLE_LIMIT], row[3], row[4]) for row in rows]


def listed_by(job: Job | None) -> list[Offer]:
    """What the platform listed when a picker asked it."""
    if job is None:
        return []
    rows: list[dict[str, Any]] = job.result.get("objects") or []
    wanted, sandbox = str(job.params.get("type", "")), str(job.params.get("sandbox", ""))
    return [Offer(wanted, str(row["id"]), str(row.get("title") or ""), sandbox) for row in rows]


def gather(
    data: QueryDict,
    *,
    sandbox: str,
    present: Collection[tuple[str, str]] = (),
    listing: Job | None = None,
) -> Gathered:
    """Read all rows of a sent form.

    `sandbox` is the name of the package's; while it is empty nobody can be of another one. `present` are the objects
    that the package has already.
    """
    text = data.get("text", "")[:TEXT_LIMIT]
    offers = load_offers(data.get("offers", ""))
    ticked, listed_ticks = set(data.getlist("pick")), set(data.getlist("listed"))
    taken: dict[tuple[str, str], NewArtifact] = {}
    gathered = Gathered(text_mark=mark_of(text))
    gathered.is_looked_over = not text.strip() or data.get("seen") == gathered.text_mark
    names: set[str] = set()
    for pasted in read_pasted(text):
        line = _line(pasted, data, sandbox, present, taken, names)
        gathered.lines.append(line)
        names.add(line.name)
    gathered.offers = _rows(offers, ticked, sandbox, present, taken)
    gathered.listed = _rows(listed_by(listing), listed_ticks, sandbox, present, taken)
    gathered.artifacts = list(taken.values())
    return gathered


def only_offered(offers: Sequence[Offer], *, sandbox: str) -> Gathered:
    """A form that nobody has touched yet, with these offers ticked."""
    taken: dict[tuple[str, str], NewArtifact] = {}
    ticked = {str(number) for number in range(len(offers))}
    gathered = Gathered(offers=_rows(offers, ticked, sandbox, (), taken))
    gathered.artifacts = list(taken.values())
    return gathered


def mark_of(text: str) -> str:
    """Changes whenever the text does, whatever a browser makes of its line ends."""
    return hashlib.sha256("\n".join(text.split()).encode()).hexdigest()[:16]


def _rows(
    offers: Sequence[Offer],
    ticked: Collection[str],
    sandbox: str,
    present: Collection[tuple[str, str]],
    taken: dict[tuple[str, str], NewArtifact],
) -> list[OfferRow]:
    rows = []
    for number, offer in enumerate(offers):
        is_ticked = str(number) in ticked
        problem, is_in_the_way = "", False
        if offer.key in present:
            problem = PRESENT
        elif elsewhere := reason_not_to_take(offer.sandbox, sandbox):
            problem, is_in_the_way = elsewhere, is_ticked
        elif is_ticked and offer.key in taken:
            problem = REPEATED
        elif is_ticked:
            taken[offer.key] = NewArtifact(offer.type, offer.id, offer.title, offer.sandbox)
        rows.append(OfferRow(offer, number, is_ticked, problem, is_in_the_way))
    return rows


def _line(
    pasted: Pasted,
    data: QueryDict,
    sandbox: str,
    present: Collection[tuple[str, str]],
    taken: dict[tuple[str, str], NewArtifact],
    names: Collection[str],
) -> Line:
    name = hashlib.sha256(f"{pasted.type} {pasted.id or pasted.text}".encode()).hexdigest()[:12]
    if name in names:  # said again: one set of inputs decides for both
        problem = pasted.problem or REPEATED
        return Line(pasted, f"{name}-{pasted.line}", pasted.type, pasted.is_guessed, problem=problem, is_echo=True)
    chosen = data.get(f"type-{name}", pasted.type)[:TYPE_LIMIT]
    is_guessed = pasted.is_guessed and chosen == pasted.type
    is_left_out = f"leave-{name}" in data
    problem, is_in_the_way = pasted.problem, True
    if not pasted.id or (problem and pasted.type):
        pass
    elif elsewhere := reason_not_to_take(pasted.sandbox, sandbox):
        problem = elsewhere
    elif not chosen:
        problem = problem or UNKNOWN_FORM
    elif (chosen, pasted.id) in present:
        problem, is_in_the_way = PRESENT, False
    elif (chosen, pasted.id) in taken:
        problem, is_in_the_way = REPEATED, False
    elif not is_left_out:
        taken[chosen, pasted.id] = NewArtifact(chosen, pasted.id, pasted.title, pasted.sandbox)
        return Line(pasted, name, chosen, is_guessed, is_taken=True)
    blocks = bool(problem) and is_in_the_way and not is_left_out
    return Line(pasted, name, chosen, is_guessed, is_left_out, problem, blocks)
