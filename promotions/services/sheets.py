"""Deciding many items at once: by a sheet of three columns, or by one rule for names."""

import csv
import hashlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.exporting import FORMULA_SIGNS, CsvWriter
from accounts.models import User
from promotions.choices import Decision, ItemInput
from promotions.models import Plan, PlanItem
from promotions.services import decisions, plans
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.base import system

COLUMNS = ("kind", "name", "target")
SAME, LEAVE_OUT, MAKE_NEW = "=", "-", "+"
SIGNS: Mapping[str, Decision] = {SAME: Decision.KEEP, LEAVE_OUT: Decision.LEAVE, MAKE_NEW: Decision.CREATE}
CHARACTERS_LIMIT = 2_000_000
LINES_LIMIT = 20_000
CASES = {"as-is": "As it is", "lower": "lower case", "upper": "UPPER CASE"}
_SEPARATORS = (",", ";", "\t")
_NOT_OFFERED = {
    Decision.KEEP: "It cannot be taken under the same name. Write its counterpart.",
    Decision.LEAVE: "It cannot be left out. Write its counterpart.",
    Decision.CREATE: "None can be made. Write its counterpart.",
}


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be applied, by its number in the sheet."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"Line {self.number}: {self.reason}"


@dataclass(frozen=True)
class Sheet:
    """What a sheet says about the items of a plan."""

    verdicts: Sequence[Verdict]
    bad: Sequence[BadLine]
    empty: int
    """Lines without a target, which are left as they are."""


class BadSheetError(RefusedError):
    """Lines of a sheet cannot be applied, so none was."""

    def __init__(self, bad: Sequence[BadLine]) -> None:
        number = f"{len(bad)} line cannot" if len(bad) == 1 else f"{len(bad)} lines cannot"
        super().__init__(f"{number} be applied, so nothing was. Mend them, or have the rest applied without them.")
        self.bad = list(bad)


def offers_sheet(plan: Plan) -> bool:
    """Whether items of this plan can be decided so."""
    return system(plan.promotion.system).sheet and not plan.promotion.is_undo


def sheet_of(plan: Plan) -> bytes:
    """The items of a plan as a sheet, for a spreadsheet; what is not decided has no target."""
    writer = CsvWriter(COLUMNS)
    rows = [(item.type, name_of(item), _target_of(item)) for item in _items(plan)]
    return writer.head() + writer.rows(rows, is_first=True) + writer.end()


def name_of(item: PlanItem) -> str:
    return str(item.details.get("current") or item.title)


def read(plan: Plan, text: str) -> Sheet:
    """Understand a sheet, line by line; raises RefusedError for what is no sheet at all."""
    items = {(item.type.casefold(), name): item for item in _items(plan) for name in (item.title, name_of(item))}
    verdicts: list[Verdict] = []
    bad: list[BadLine] = []
    seen: dict[int, int] = {}
    empty = 0
    for number, cells in _lines(text):
        try:
            item, target = _understood(cells, items)
            if item.pk in seen:
                raise RefusedError(f"Line {seen[item.pk]} names {item} already.")
            seen[item.pk] = number
            if not target:
                empty += 1
                continue
            verdicts.append(_verdict(plan, item, target))
        except RefusedError as refusal:
            bad.append(BadLine(number, refusal.message))
    if not seen and not bad:
        raise RefusedError(f"There is no line in it. Write {', '.join(COLUMNS)} in three columns.", field="text")
    return Sheet(verdicts, bad, empty)


@transaction.atomic
def apply_sheet(*, plan: Plan, text: str, actor: User, skips_bad: bool = False) -> tuple[list[PlanItem], Sheet]:
    """Decide what a sheet says, all of it or nothing; returns the items that changed, and the sheet.

    With `skips_bad` lines that cannot be applied are left out; otherwise they raise BadSheetError.
    """
    plan = _open(plan, actor)
    found = read(plan, text)
    if found.bad and not skips_bad:
        raise BadSheetError(found.bad)
    return decisions.decide(plan=plan, verdicts=found.verdicts, actor=actor), found


# Rules


@dataclass(frozen=True)
class Rule:
    """How names become those of the target: one beginning for another, and the case of what follows it."""

    old: str = ""
    new: str = ""
    case: str = "as-is"

    def applied(self, name: str) -> str | None:
        """The name by this rule; None where it does not begin so."""
        if not name.startswith(self.old):
            return None
        rest = name[len(self.old) :]
        rest = rest.lower() if self.case == "lower" else rest.upper() if self.case == "upper" else rest
        return f"{self.new}{rest}"


@dataclass(frozen=True)
class Proposal:
    """What a rule makes of one name."""

    item: PlanItem
    value: str
    verdict: Verdict | None
    problem: str = ""

    @property
    def is_same(self) -> bool:
        return self.verdict is not None and self.verdict.decision == Decision.KEEP


@dataclass(frozen=True)
class Preview:
    """What a rule would do, before it is applied."""

    proposals: Sequence[Proposal]
    untouched: int
    """Names that do not begin so."""

    @property
    def usable(self) -> list[Verdict]:
        return [one.verdict for one in self.proposals if one.verdict is not None]

    @property
    def digest(self) -> str:
        """Tells whether the rule would still do what somebody has looked at."""
        text = "\n".join(f"{one.item.pk} {one.item.batch} {one.value}" for one in self.proposals)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def preview(plan: Plan, rule: Rule, item_ids: Collection[int] | None = None) -> Preview:
    """Apply a rule to the names that are undecided, or to the given ones, without deciding anything."""
    found: list[Proposal] = []
    untouched = 0
    for item in renamed_items(plan, item_ids):
        value = rule.applied(name_of(item))
        if value is None:
            untouched += 1
            continue
        try:
            found.append(Proposal(item, value, _named(plan, item, value)))
        except RefusedError as refusal:
            found.append(Proposal(item, value, None, refusal.message))
    return Preview(found, untouched)


def renamed_items(plan: Plan, item_ids: Collection[int] | None = None) -> list[PlanItem]:
    """What rules are about: names that are undecided, or the given ones."""
    items = plan.items.filter(type__in=system(plan.promotion.system).renamed_types, must_decide=True)
    return list(items.filter(decision=Decision.UNDECIDED) if item_ids is None else items.filter(pk__in=list(item_ids)))


@transaction.atomic
def apply_rule(
    *, plan: Plan, rule: Rule, item_ids: Collection[int] | None = None, seen: str = "", actor: User
) -> list[PlanItem]:
    """Decide what a rule makes of names; `seen` is the digest of the preview that the person looked at."""
    plan = _open(plan, actor)
    found = preview(plan, rule, item_ids)
    if seen and seen != found.digest:
        raise ConflictError("Rows were decided meanwhile, so the rule would do something else. Look at it again.")
    if not found.usable:
        raise RefusedError("The rule fits no name that it could be applied to. Nothing was changed.")
    return decisions.decide(plan=plan, verdicts=found.usable, actor=actor)


@transaction.atomic
def leave_out(*, plan: Plan, item_ids: Collection[int], actor: User) -> list[PlanItem]:
    """Leave out the given items; raises RefusedError if one of them cannot be."""
    plan = _open(plan, actor)
    items = list(plan.items.filter(pk__in=list(item_ids), must_decide=True))
    for item in items:
        if not _is_offered(item, Decision.LEAVE):
            raise RefusedError(f"{item} cannot be left out. Take its tick away. Nothing was changed.")
    verdicts = [Verdict(item.pk, Decision.LEAVE, seen_batch=item.batch) for item in items]
    return decisions.decide(plan=plan, verdicts=verdicts, actor=actor)


def _open(plan: Plan, person: User) -> Plan:
    plan = plans.open_for(plan, person)
    if not offers_sheet(plan):
        raise RefusedError("Its rows are decided one by one; there is no sheet of them.")
    return plan


def _items(plan: Plan) -> list[PlanItem]:
    """What stands in a sheet: all but confirmations, which are for a person to read."""
    offers = plan.items.filter(must_decide=True)
    return [item for item in offers if not _is_offered(item, Decision.CONFIRM)]


def _is_offered(item: PlanItem, decision: Decision) -> bool:
    return any(choice["decision"] == decision for choice in item.choices)


def _target_of(item: PlanItem) -> str:
    sign = next((sign for sign, decision in SIGNS.items() if decision == item.decision), "")
    return sign or str((item.target or {}).get("id", ""))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of every line that has any, with the number of the line that it begins on; a header is left out."""
    text = text.removeprefix("\ufeff")
    if len(text) > CHARACTERS_LIMIT:
        raise RefusedError(f"The sheet is longer than {CHARACTERS_LIMIT:,} characters. Split it.", field="text")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins, number = 1, 0
    try:
        for cells in reader:
            plain = [_plain(cell) for cell in cells]
            if any(plain) and not (number == 0 and tuple(cell.casefold() for cell in plain[:3]) == COLUMNS):
                yield begins, plain
            number += any(plain)
            if number > LINES_LIMIT:
                raise RefusedError(f"The sheet has more than {LINES_LIMIT:,} lines. Split it.", field="text")
            begins = reader.line_num + 1
    except csv.Error as exc:
        raise RefusedError(
            f"Line {begins} cannot be read as CSV ({exc}). Mend it and try again.", field="text"
        ) from exc


def _plain(cell: str) -> str:
    """Without the apostrophe that keeps spreadsheets from taking the cell for a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip().startswith(FORMULA_SIGNS) else cell


def _understood(cells: Sequence[str], items: Mapping[tuple[str, str], PlanItem]) -> tuple[PlanItem, str]:
    if len(cells) < 2 or any(cells[3:]):
        raise RefusedError(
            f"It has {len(cells)} {'column' if len(cells) == 1 else 'columns'}; it takes three: kind, name, target."
        )
    kind, name = cells[0], cells[1]
    item = items.get((kind.casefold(), name))
    if item is None:
        kinds = dict.fromkeys(found.type for found in items.values())
        if kind.casefold() not in {known.casefold() for known in kinds}:
            raise RefusedError(f"“{_cut(kind)}” is no kind of this plan. Write one of: {', '.join(kinds)}.")
        raise RefusedError(f"The plan has no {kind.lower()} “{_cut(name)}”.")
    return item, cells[2] if len(cells) > 2 else ""


def _verdict(plan: Plan, item: PlanItem, target: str) -> Verdict:
    if target in SIGNS:
        decision = SIGNS[target]
        if not _is_offered(item, decision):
            raise RefusedError(_NOT_OFFERED[decision])
        return Verdict(item.pk, decision)
    return _named(plan, item, target)


def _named(plan: Plan, item: PlanItem, value: str) -> Verdict:
    """The decision that gives an item this counterpart: an offered one where it is one, otherwise as if typed."""
    if value == name_of(item) and _is_offered(item, Decision.KEEP):
        return Verdict(item.pk, Decision.KEEP, seen_batch=item.batch)
    for choice in item.choices:
        if choice["decision"] == Decision.REUSE and choice["target"]["id"] == value:
            return Verdict(item.pk, Decision.REUSE, value, seen_batch=item.batch)
    if item.input != ItemInput.TEXT:
        raise RefusedError(f"Nothing can be written for {item} but {SAME} or {MAKE_NEW}.")
    checked = system(plan.promotion.system).checked_value(item, value)
    return Verdict(item.pk, Decision.FILL, seen_batch=item.batch, value=checked)


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
