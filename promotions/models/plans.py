"""Promotions, and the plans that say what each one will do."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, Sandbox, User
from promotions.choices import ArtifactType, Decision, ItemInput, ItemKind, Match, PlanState, PromotionMode, label
from promotions.models.documents import RemoteDocument
from promotions.models.packages import Package


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def visible_to(self, user: User) -> "PromotionQuerySet":
        """Reading needs a role in the source and in the target."""
        organizations = Organization.objects.visible_to(user)
        return self.filter(source_organization__in=organizations, target_organization__in=organizations)


class PromotionGroup(models.Model):
    """Promotions of one thing into several targets, planned and decided together; each keeps its own plan and job."""

    title = models.CharField(max_length=500)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", help_text="The source.")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, blank=True, related_name="groups")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_act = models.JSONField(
        default=dict,
        blank=True,
        help_text='{"words", "by", "at", "outcomes": [{"promotion", "words", "tone"}]} of the last act on all.',
    )

    def __str__(self) -> str:
        return f"{self.title} into several targets"

    @property
    def is_update(self) -> bool:
        """All promotions of a group are planned in one way."""
        return self.promotions.filter(mode=PromotionMode.UPDATE).exists()


class Promotion(models.Model):
    """Somebody's wish to bring something from one place to another; its plans and jobs tell how it went."""

    system = models.CharField(max_length=32, help_text="Name of the system module that plans and runs it.")
    title = models.CharField(max_length=500)
    source_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    target_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="promotions")
    target_sandbox = models.ForeignKey(Sandbox, on_delete=models.PROTECT, related_name="promotions")
    source_place = models.CharField(max_length=256, blank=True, help_text="Where in the source it comes from.")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, blank=True, related_name="promotions")
    pick = models.JSONField(default=dict, blank=True, help_text="What its system has to know of what was picked.")
    pick_key = models.CharField(
        max_length=600, blank=True, help_text="Names what was picked, within its system: finds all promotions of it."
    )
    group = models.ForeignKey(
        PromotionGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="promotions"
    )
    origin_job = models.ForeignKey(
        "promotions.Job",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="retries",
        help_text="The job whose failed part this repeats, or that this undoes.",
    )
    mode = models.CharField(max_length=16, choices=PromotionMode.choices, default=PromotionMode.CREATE)
    is_memory_offered = models.BooleanField(default=True, help_text="Show what was decided before on the same objects.")
    job_name = models.CharField(max_length=200)
    job_description = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="promotions")
    created_at = models.DateTimeField(default=timezone.now)
    abandoned_at = models.DateTimeField(null=True, blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="promotion_newest"),  # home and the API list
            # The page of what was picked: its promotions so far.
            models.Index(
                fields=["system", "pick_key", "-created_at"], name="promotion_pick", condition=~Q(pick_key="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} → {self.target_sandbox}"

    @property
    def is_update(self) -> bool:
        return self.mode == PromotionMode.UPDATE

    @property
    def is_undo(self) -> bool:
        return self.mode == PromotionMode.UNDO

    @property
    def current_plan(self) -> "Plan":
        """The latest revision; a promotion is created together with its first one."""
        return self.plans.order_by("-revision")[:1].get()


class Plan(models.Model):
    """One revision of what was found out and what a person decided on it.

    gathering -> open -> ready -> superseded. `facts` is all that enters the content hash; `display` holds what only
    the page needs (times, counters). `changes` says in words what differs from the facts before.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="plans")
    revision = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, choices=PlanState.choices, default=PlanState.GATHERING)
    facts = models.JSONField(default=dict)
    display = models.JSONField(default=dict)
    document = models.ForeignKey(
        RemoteDocument,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="plans",
        help_text="What the run sends, as it was read, where that is a document.",
    )
    blockers = models.JSONField(default=list, help_text="Sentences that keep the plan from running.")
    changes = models.JSONField(default=list)
    decision_batch = models.PositiveIntegerField(
        default=0, help_text="Counts decisions, so that the last can be undone."
    )
    content_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    gathered_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["promotion", "-revision"]
        constraints = [
            models.UniqueConstraint(fields=["promotion", "revision"], name="one_plan_per_promotion_and_revision"),
            models.UniqueConstraint(
                fields=["promotion"],
                condition=~Q(state=PlanState.SUPERSEDED),
                name="one_current_plan_per_promotion",
            ),
        ]

    def __str__(self) -> str:
        return f"plan of {self.promotion}, revision {self.revision}"


class PlanItem(models.Model):
    """One thing a person must decide, or should see before running.

    `choices` is a list of {"decision", "target": {"id", "type", "title"} | null, "reason", "rank"}; a decision is one
    of them, or what was typed: then `target` holds it, for a secret only its keyed digest. `previous` is what stood
    before the latest change, for undo.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    key = models.CharField(max_length=600, help_text="Stable across revisions: type and remote id.")
    kind = models.CharField(max_length=16, choices=ItemKind.choices, default=ItemKind.OBJECT)
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=64, blank=True)
    remote_id = models.CharField(max_length=500, blank=True)
    title = models.CharField(max_length=500, blank=True)
    explanation = models.TextField(blank=True, help_text="What a confirmation covers and leaves out.")
    depth = models.PositiveIntegerField(default=0, help_text="0 for objects named by the package itself.")
    needed_by = models.JSONField(default=list, help_text="Keys of the items that need this one.")
    match = models.CharField(max_length=16, choices=Match.choices, default=Match.NONE)
    choices = models.JSONField(default=list)
    missing_rights = models.JSONField(default=list, help_text='[{"resource": "Segment", "permissions": ["write"]}]')
    is_creation_allowed = models.BooleanField(null=True)
    input = models.CharField(
        max_length=16, choices=ItemInput.choices, blank=True, help_text="What a person may type as the decision."
    )
    details = models.JSONField(default=dict, blank=True, help_text="What its system has to know of it to act on it.")
    must_decide = models.BooleanField(default=False)
    decision = models.CharField(max_length=16, choices=Decision.choices, default=Decision.UNDECIDED)
    target = models.JSONField(null=True, blank=True)
    remembered = models.JSONField(
        null=True,
        blank=True,
        help_text='{"decision", "target", "by", "at", "times"} of the last run; never applied unseen.',
    )
    earlier = models.JSONField(
        null=True,
        blank=True,
        help_text='{"job", "outcome", "text", "target"}: what became of it in the run that this plan retries.',
    )
    previous = models.JSONField(null=True, blank=True)
    batch = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["plan", "position"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="one_item_per_plan_and_key")]

    def __str__(self) -> str:
        return f"{self.type_label} {self.title or self.remote_id}"

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type)

    @property
    def is_undecided(self) -> bool:
        return self.must_decide and self.decision == Decision.UNDECIDED

    @property
    def is_right_missing(self) -> bool:
        return self.is_creation_allowed is False or bool(self.missing_rights)
