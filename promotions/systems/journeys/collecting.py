"""One pass over a document that marks every place somebody may have to decide, and what stands around it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from promotions.systems.journeys import vocabulary
from promotions.systems.journeys.digest import NOISE, Meaning, number_text
from promotions.systems.journeys.document import DocumentError, Event, Part, events, pointer_of, utf8_of
from promotions.systems.journeys.vocabulary import NOTHING, PLACEHOLDER, Member, member

LONGEST_NAME = 500  # longer texts are contents, not names or ids
LIMIT_MARKS = 5_000
LIMIT_OBJECTS = 50_000
_placeholder = PLACEHOLDER.encode()


class Place:
    """A container of the document, and what its members said of it so far; complete once it is closed."""

    __slots__ = (
        "count",
        "event_above",
        "first_mark",
        "first_reference",
        "first_xdm",
        "has_flow",
        "is_array",
        "is_built_in",
        "is_flow",
        "is_inside",
        "is_mobile",
        "is_system",
        "is_xdm",
        "is_xdm_root",
        "kind",
        "member",
        "parent",
        "step",
        "texts",
    )

    def __init__(self, parent: "Place | None", step: str | int | None, is_array: bool) -> None:
        self.parent = parent
        self.step = step
        self.is_array = is_array
        self.count = 0
        self.texts: dict[str, str] = {}
        self.is_built_in = self.is_system = False
        self.first_mark = self.first_reference = self.first_xdm = 0
        self.has_flow = False
        # An element of a list takes after the list.
        if parent is None:
            self.member = NOTHING
        else:
            self.member = member(step) if isinstance(step, str) else parent.member
        self.is_xdm_root: bool = self.member.is_xdm
        self.is_xdm: bool = self.is_xdm_root or (parent is not None and parent.is_xdm)
        self.is_flow: bool = self.member.is_flow or (parent is not None and parent.is_flow)
        self.is_mobile: bool = self.member.is_mobile or (parent is not None and parent.is_mobile)
        self.event_above: bool = parent is not None and (parent.event_above or parent.kind == "event")
        # What an object lists inside itself is not carried beside it, whatever the list is called.
        self.is_inside: bool = parent is not None and (parent.is_inside or parent.kind not in ("", "journey"))
        self.kind: str = "" if is_array or self.is_xdm else self._kind()

    def _kind(self) -> str:
        if self.parent is None:
            return ""
        if self.is_listed:
            return self.member.kinds if isinstance(self.step, int) else self.parent.member.kinds
        return "" if isinstance(self.step, int) else self.member.kind

    @property
    def is_listed(self) -> bool:
        """In a list that says what its elements are, or in an object used as one and keyed by uid."""
        if self.parent is None or self.is_flow or self.is_inside or not self.parent.member.kinds:
            return False
        return self.parent.is_array or not isinstance(self.parent.step, int)

    @property
    def name(self) -> str:
        return next((self.texts[each] for each in vocabulary.NAME_MEMBERS if self.texts.get(each)), "")

    @property
    def uid(self) -> str:
        return next((self.texts[each] for each in vocabulary.UID_MEMBERS if self.texts.get(each)), "")

    @property
    def has_identity(self) -> bool:
        return bool(self.texts.get("name") and self.uid)

    @property
    def steps(self) -> list[str | int]:
        return [place.step for place in reversed(list(self.chain())) if place.step is not None]

    @property
    def pointer(self) -> str:
        return pointer_of(self.steps)

    @property
    def is_in_system(self) -> bool:
        return any(place.is_system for place in self.chain())

    def chain(self) -> Iterator["Place"]:
        place: Place | None = self
        while place is not None:
            yield place
            place = place.parent

    def close(self) -> None:
        """Its members are all known now, wherever among them the telling one stood; for objects only."""
        texts = self.texts
        self.is_system = self.is_built_in
        if not vocabulary.SYSTEM_OBJECTS.isdisjoint(texts.values()):
            self.is_system |= any(texts.get(each) in vocabulary.SYSTEM_OBJECTS for each in vocabulary.SYSTEM_MEMBERS)
        if self.kind:
            if not self._looks_like_one():
                self.kind = ""
        elif self.has_identity and not (self.is_xdm or self.is_flow):
            kinds = (vocabulary.kind_of_type(texts.get(each, "")) for each in vocabulary.TYPE_MEMBERS)
            self.kind = next((kind for kind in kinds if kind), "")

    def _looks_like_one(self) -> bool:
        """Single objects, and those keyed by something, may only happen to be called so."""
        if self.is_listed and isinstance(self.step, int):
            return True
        if self.is_listed or self.kind == "journey":
            return bool(self.name or self.uid or self.has_flow)
        return self.has_identity


@dataclass(slots=True)
class Mark:
    kind: str
    place: Place | None  # the container; None for a document that is one text
    step: str | int | None
    current: str
    event: Place | None = None  # of a schema reference

    @property
    def pointer(self) -> str:
        return "" if self.place is None or self.step is None else pointer_of([*self.place.steps, self.step])


@dataclass(slots=True)
class Reference:
    """A text that is, or may be, the id of a schema."""

    place: Place
    step: str | int
    value: str
    is_sure: bool  # stands where only a schema's id stands
    is_xdm: bool


@dataclass
class Collected:
    marks: list[Mark] = field(default_factory=list)
    left_alone: list[Mark] = field(default_factory=list)
    objects: list[Place] = field(default_factory=list)
    journey: Place | None = None
    digest: str = ""
    depth: int = 0
    leaves: int = 0


OnText = Callable[[Place, str | int, bytes], None]


def collect(content: bytes, on_text: OnText | None = None) -> Collected:
    """What the document holds; `on_text` gets every short text of it, with its container and its name or position."""
    collector = _Collector(content, on_text)
    for event in events(content):
        collector.take(event)
    return collector.finished()


class _Collector:
    def __init__(self, content: bytes, on_text: OnText | None) -> None:
        self._content = content
        self._on_text = on_text
        self._open: list[Place] = []
        self._meaning = Meaning()
        self._references: list[Reference] = []
        self._unclaimed_xdm = 0  # of the xdmEntity objects so far, those that no event has been found around
        self._journey_rank = (True, True, 0)
        self._found = Collected()

    def take(self, event: Event) -> None:
        part, name, start, end = event
        if part is Part.END:
            self._close()
            return
        top = self._open[-1] if self._open else None
        step: str | int | None = name
        if top is not None and top.is_array:
            step = top.count
            top.count += 1
        if part <= Part.ARRAY:
            self._open_place(top, step, name, part is Part.ARRAY)
            return
        self._found.leaves += 1
        if part is Part.TEXT:
            self._text(top, step, start, end)
            return
        raw = self._content[start:end]
        if part is Part.NUMBER:
            raw = number_text(raw)
        elif top is not None and raw == b"true" and name == "builtIn":
            top.is_built_in = True
        if name not in NOISE:
            self._meaning.leaf(name, b"#" if part is Part.NUMBER else b"=", raw)

    def finished(self) -> Collected:
        self._claim(None)
        self._found.digest = self._meaning.hexdigest()
        return self._found

    def _open_place(self, top: Place | None, step: str | int | None, name: str | None, is_array: bool) -> None:
        place = Place(top, step, is_array)
        place.first_mark, place.first_reference = len(self._found.marks), len(self._references)
        place.first_xdm = self._unclaimed_xdm
        self._open.append(place)
        self._found.depth = max(self._found.depth, len(self._open))
        self._meaning.open(name, is_object=not is_array)
        if place.member.is_flow and top is not None:
            top.has_flow = True
        if place.is_xdm_root:
            self._unclaimed_xdm += 1

    def _text(self, place: Place | None, step: str | int | None, start: int, end: int) -> None:
        raw = utf8_of(self._content, start, end)
        name = step if isinstance(step, str) else None
        if name not in NOISE:
            self._meaning.leaf(name, b'"', raw)
        is_short = len(raw) <= LONGEST_NAME
        has_placeholder = _placeholder in raw
        if has_placeholder:
            self._mark(Mark("secret", place, step, _decoded(raw) if is_short else PLACEHOLDER))
        if place is None or step is None:
            return
        if name is not None and name in vocabulary.KEPT:
            # Contents count as present, but not for what they say.
            place.texts[name] = _decoded(raw) if is_short else ""
        if is_short and raw and not has_placeholder:
            if self._on_text is not None:
                self._on_text(place, step, raw)
            self._look_at(place, step, member(name) if name is not None else place.member, raw)

    def _look_at(self, place: Place, step: str | int, here: Member, raw: bytes) -> None:
        """Whether a text is the name of a template or an app, or refers to a schema."""
        names = _named(here, place, step)
        if names and not place.is_xdm:
            self._mark(Mark(names, place, step, _decoded(raw)))
            return
        is_address = raw.startswith(b"http") and b"/schemas/" in raw
        in_reference = place.member.is_schema and here.is_reference
        is_xdm = place.is_xdm or here.is_xdm
        is_sure = is_address or in_reference or here.is_xdm
        if not is_sure and is_xdm:
            at_top = place.is_xdm_root
            is_sure = (at_top and (here.is_schema or here.is_schema_id)) or (
                here.is_schema_id and not _is_pointer(step)
            )
            if not is_sure and not (at_top and here.is_reference):
                return
        elif not is_sure and (not here.is_schema_id or _is_pointer(step)):
            return
        self._references.append(Reference(place, step, _decoded(raw), is_sure, is_xdm))
        self._check_number()

    def _close(self) -> None:
        place = self._open.pop()
        self._meaning.close()
        if place.is_array:
            return
        place.close()
        self._let_name_rule(place)
        found = self._found
        is_event = place.kind == "event" or (place.has_identity and not place.is_xdm and not place.event_above)
        if is_event:
            self._claim(place)
        elif place.kind and place.kind != "journey":
            self._forget(place.first_reference)
        if place.is_system:
            inside = found.marks[place.first_mark :]
            del found.marks[place.first_mark :], self._references[place.first_reference :]
            found.left_alone += (mark for mark in inside if mark.kind == "secret")
        if place.kind and place.kind != "journey" and (place.name or place.uid):
            found.objects.append(place)
            if len(found.objects) > LIMIT_OBJECTS:
                raise DocumentError(f"The document carries more than {LIMIT_OBJECTS:,} objects; that is too many.")
        self._consider_journey(place)

    def _let_name_rule(self, place: Place) -> None:
        """What has a name is called by that, and not by its title or label."""
        if not (place.member.holds or place.member.is_app) or "name" not in place.texts:
            return
        marks = self._found.marks
        own = [each for each in marks[place.first_mark :] if each.place is place and each.step in vocabulary.NAMING]
        if any(each.step == "name" and each.kind != "secret" for each in own):
            others = {id(each) for each in own if each.step != "name" and each.kind != "secret"}
            marks[place.first_mark :] = [each for each in marks[place.first_mark :] if id(each) not in others]

    def _claim(self, event: Place | None) -> None:
        """Give an event its schema references: those under its xdmEntity, and the same ids wherever else it has them.

        An xdmEntity without any, as in the preview of an event's payload, leaves it to the references beside it.
        """
        first, first_xdm = (event.first_reference, event.first_xdm) if event is not None else (0, 0)
        references = self._references[first:]
        has_xdm = self._unclaimed_xdm > first_xdm
        if not has_xdm and not any(each.is_xdm for each in references):
            return
        self._unclaimed_xdm = first_xdm
        del self._references[first:]
        ids = {each.value for each in references if each.is_xdm and each.is_sure}
        ids = ids or {each.value for each in references if each.is_sure or each.is_xdm}
        for each in references:
            if each.value in ids:
                self._mark(Mark("schema", each.place, each.step, each.value, event))

    def _forget(self, first: int) -> None:
        """References outside any xdmEntity mean nothing where no event encloses them."""
        if not any(each.is_xdm for each in self._references[first:]):
            del self._references[first:]

    def _consider_journey(self, place: Place) -> None:
        if place.kind == "journey" or (place.name and place.has_flow):
            rank = (not place.has_flow, place.kind != "journey", len(self._open))
            if self._found.journey is None or rank < self._journey_rank:
                self._found.journey, self._journey_rank = place, rank

    def _mark(self, mark: Mark) -> None:
        self._found.marks.append(mark)
        self._check_number()

    def _check_number(self) -> None:
        if len(self._found.marks) + len(self._references) + len(self._found.left_alone) > LIMIT_MARKS:
            raise DocumentError(
                f"The document holds more than {LIMIT_MARKS:,} secrets, schema references and names to decide; that is"
                " too many for a person."
            )


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _named(here: Member, place: Place, step: str | int) -> str:
    """What a text is the name of: "template", "mobile_app", or "" for neither."""
    if here.names:
        return here.names
    is_naming = not place.is_array and step in vocabulary.NAMING
    if is_naming and place.member.holds:
        return place.member.holds
    is_app = here.is_app or (is_naming and place.member.is_app)
    return "mobile_app" if is_app and place.is_mobile else ""


def _is_pointer(step: str | int) -> bool:
    """Deep inside, $ref and $id belong to parts of a schema, not to the schema of the event."""
    return isinstance(step, str) and step.startswith("$")
