"""What somebody may be asked to consent to. Kinds of subjects register here; approvals know none by name."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model

from accounts.models import Organization, User
from accounts.services import audit
from accounts.services.audit import SubjectText
from promotions.models import Approval
from promotions.services.verbs import Verb

S = TypeVar("S", bound=Model)


class Subject(ABC, Generic[S]):
    """How approvals deal with one kind of thing; rows are given as the approval holds them."""

    model: ClassVar[type[Model]]
    is_reason_needed: ClassVar[bool] = False
    """Whether consent, too, needs a reason; a rejection always does."""

    @abstractmethod
    def locked(self, thing: S) -> S:
        """The row read anew and kept from others until the transaction ends."""

    @abstractmethod
    def organization(self, thing: S) -> Organization:
        """Whose approvers decide."""

    def concerned(self, thing: S) -> list[Organization]:
        """Whose record tells of it."""
        return [self.organization(thing)]

    @abstractmethod
    def content_hash(self, thing: S) -> str:
        """SHA-256 of what is agreed to, as it is now."""

    @abstractmethod
    def title(self, thing: S) -> str:
        """What it is, for a notice: "“Loyalty” into prod"."""

    @abstractmethod
    def url(self, thing: S) -> str:
        """The page of the thing itself."""

    @abstractmethod
    def parties(self, thing: S) -> dict[int, str]:
        """Who took part and may not decide, by user pk, with the sentence to tell them. The requester is known."""

    @abstractmethod
    def other_readers(self, thing: S) -> Organization | None:
        """Another organization that a person must be able to read to see what they decide on."""

    @abstractmethod
    def use(self, thing: S) -> str:
        """What has put the consent to use, such as "job 12"; empty if nothing has."""

    @abstractmethod
    def agreed(self, approval: Approval, thing: S) -> None:
        """Somebody consented; called in that transaction, after the record."""

    @abstractmethod
    def turned_down(self, thing: S, changes: list[str]) -> None:
        """It was rejected, withdrawn or nobody decided in time, for the reasons that `changes` gives."""

    @abstractmethod
    def details(self, thing: S) -> dict[str, Any]:
        """What the record keeps of it beside its hash."""

    def seen_by(self, organization: Organization, approval: Approval) -> Model | SubjectText:
        """What the record of another organization that it concerns calls the approval."""
        return approval

    def details_for(self, organization: Organization, details: dict[str, Any]) -> dict[str, Any]:
        """What the record of such an organization keeps of these details."""
        return details


_subjects: dict[type[Model], Subject[Any]] = {}


def register(subject: Subject[Any]) -> None:
    _subjects[subject.model] = subject


def of(thing: Model) -> Subject[Any]:
    return _subjects[type(thing)]


def lock(approval: Approval) -> Approval:
    """The approval read anew, with its subject locked: one of two who decide at once comes first."""
    thing = of(approval.subject).locked(approval.subject)
    fresh = Approval.objects.select_related("requested_by", "decided_by", "organization").get(pk=approval.pk)
    hold(fresh, thing)
    return fresh


def hold(approval: Approval, thing: Model) -> None:
    """Have the approval name this very row, so that it is not read again."""
    name = "plan" if approval.plan_id is not None else "sharing"
    setattr(approval, name, thing)


def record(verb: Verb, approval: Approval, actor: User | None, *, reason: str = "", **details: Any) -> None:
    """A line for each organization that it concerns; call it last in a transaction."""
    thing = approval.subject
    subject = of(thing)
    told = {**subject.details(thing), "content_hash": approval.content_hash, **details}
    for organization in subject.concerned(thing):
        is_own = organization.pk == approval.organization_id
        audit.record(
            verb,
            actor=actor,
            subject=approval if is_own else subject.seen_by(organization, approval),
            organization=organization,
            reason=reason,
            details=told if is_own else subject.details_for(organization, told),
        )


def content_hash(approval: Approval) -> str:
    """The hash of what it is about, as it is now."""
    return of(approval.subject).content_hash(approval.subject)
