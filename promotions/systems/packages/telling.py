"""What pages and commands say of promotions of packages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from accounts.models import User
from promotions.choices import Decision, ItemKind, PromotionMode
from promotions.models import Job, Plan, PlanItem, Promotion
from promotions.services import jobs, package_plans
from promotions.services.errors import RefusedError
from promotions.systems.base import Fact, Figure, Place, System, Words

NO_WAY_BACK = (
    "The platform offers no way back: this cannot be undone. Just before sending, the facts are read again; if "
    "anything changed, nothing is sent."
)
FINAL = (Decision.CREATE, Decision.UPDATE)


class PackageTelling(System):
    """The words and numbers of a package's import."""

    label = "Package"
    words = Words(
        gathers="Towpath reads the sandbox, the package, your rights, what is there already, and what depends on what. "
        "It changes nothing.",
        again="What an earlier run created shows up as an object of the target.",
    )
    columns = ("from", "match", "rights")
    note_template = "promotions/packages/_plan_note.html"

    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        target = promotion.target_sandbox.name
        if _is_whole_sandbox(items):
            return f"Run import of the entire sandbox into {target}"
        if promotion.is_update:
            return f"Run update: {_numbers_of_update(items)} in {target}"
        return f"Run import of {_objects(len(items))} into {target}"

    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        if _is_whole_sandbox(items):
            return [Figure("objects of the sandbox, created new", "All", consent_tone="warn")]
        numbers = _decided(items)
        total = Figure("object" if len(items) == 1 else "objects", str(len(items)))
        created = Figure("create", f"+ {numbers[Decision.CREATE]}", "accent", "created new", "warn")
        if promotion.is_update:
            return [total, created, Figure("update", f"~ {numbers[Decision.UPDATE]}", "accent", "overwritten", "warn")]
        reused = numbers[Decision.REUSE]
        used = f"used as {'it is' if reused == 1 else 'they are'}"
        return [total, created, Figure("reuse", f"= {reused}", "accent", used)]

    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        if numbers["confirm"]:
            return "the entire sandbox, created new"
        done = f"~ {numbers['update']} update" if promotion.is_update else f"= {numbers['reuse']} reuse"
        return f"{numbers['total']}: + {numbers['create']} create, {done}"

    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        if numbers["confirm"]:
            return "the entire sandbox, created new"
        reused = numbers["reuse"]
        used = f"{reused} used as {'it is' if reused == 1 else 'they are'}"
        done = f"{numbers['update']} overwritten" if promotion.is_update else used
        return f"{numbers['create']} created new, {done}"

    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        if _is_whole_sandbox(items):
            return "The entire sandbox, created new"
        numbers = _decided(items)
        if promotion.is_update:
            return f"{numbers[Decision.UPDATE]} to update, {numbers[Decision.CREATE]} to create"
        return f"{numbers[Decision.CREATE]} to create, {numbers[Decision.REUSE]} to reuse"

    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        if _is_whole_sandbox(items):
            return "Every object of the source sandbox is created new, journeys are left out. This cannot be undone."
        numbers = _decided(items)
        if promotion.is_update:
            does = (
                f"{_objects(numbers[Decision.UPDATE])} of the target will be overwritten with what the package holds, "
                f"and {_objects(numbers[Decision.CREATE])} created new."
            )
        else:
            reused = numbers[Decision.REUSE]
            does = (
                f"{_objects(numbers[Decision.CREATE])} will be created new, and {_objects(reused)} of the target used "
                f"as {'it is' if reused == 1 else 'they are'}."
            )
        return f"{does} {NO_WAY_BACK}"

    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        confirmations = [item for item in items if item.kind == ItemKind.CONFIRMATION]
        if confirmations:
            return " ".join(item.explanation or item.title for item in confirmations), []
        made = [item for item in items if item.decision in FINAL]
        if not made:
            return "", []
        numbers = _decided(made)
        parts = []
        if created := numbers[Decision.CREATE]:
            parts.append(f"{_objects(created)} will be created new")
        if updated := numbers[Decision.UPDATE]:
            parts.append(f"{_objects(updated)} of the target overwritten")
        where = plan.promotion.target_sandbox.name
        sentence = f"{', and '.join(parts)} in {where}, and the platform offers no way back:"
        return sentence, [str(item) for item in made]

    def source_facts(self, plan: Plan) -> list[Fact]:
        package, target = _table(plan.facts.get("package")), _table(plan.facts.get("target"))
        promotion = plan.promotion
        picked = self.picked(promotion)
        version, revision = package.get("package_version"), package.get("version")
        note = f"version {version}" if version else ""
        if not note and revision is not None:
            note = f"revision {revision} at the platform"
        return [
            Fact("Package", picked.title if picked else promotion.title, note=note, url=picked.url if picked else ""),
            Fact(
                "Package is",
                state=str(package.get("status") or ""),
                until=parse_datetime(str(package.get("expires_at") or "")),
            ),
            Fact("Sandbox is", state=str(target.get("state") or ""), note=str(target.get("type") or "")),
        ]

    def home(self) -> Place:
        return Place("Packages", reverse("promotions:package-list"))

    def picked(self, promotion: Promotion) -> Place | None:
        package = promotion.package
        if package is None:
            return None
        return Place(package.name, reverse("promotions:package-detail", args=[package.pk]))

    def elsewhere(self, promotion: Promotion) -> str:
        if promotion.package is None:
            return ""
        return reverse("promotions:promotion-create", args=[promotion.package.pk])

    def scope(self, promotion: Promotion) -> str:
        return jobs.scope_of(promotion.package, promotion.target_sandbox) if promotion.package else ""

    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        if promotion.package is None:
            raise RefusedError(f"“{promotion.title}” has no package to import again.")
        return package_plans.plan_promotion(
            package=promotion.package,
            sandbox=promotion.target_sandbox,
            job_name=promotion.job_name,
            job_description=promotion.job_description,
            actor=actor,
            origin_job=origin_job,
            mode=PromotionMode(promotion.mode),
        )

    def reason_not_to_retry(self, job: Job) -> str:
        package = job.promotion.package if job.promotion else None
        if package is None:
            return "It was not planned here, so there is no plan to repeat."
        if package.is_full:
            return "An entire sandbox cannot be imported in part: all of it would be created once more."
        return ""


def _is_whole_sandbox(items: Sequence[PlanItem]) -> bool:
    return any(item.kind == ItemKind.CONFIRMATION for item in items)


def _decided(items: Sequence[PlanItem]) -> Counter[str]:
    return Counter(item.decision for item in items)


def _numbers_of_update(items: Sequence[PlanItem]) -> str:
    numbers = _decided(items)
    undecided = len(items) - numbers[Decision.UPDATE] - numbers[Decision.CREATE]
    rest = f", {undecided} undecided" if undecided else ""
    return f"{numbers[Decision.UPDATE]} updated, {numbers[Decision.CREATE]} created{rest}"


def _objects(number: int) -> str:
    return f"{number} object" if number == 1 else f"{number} objects"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
