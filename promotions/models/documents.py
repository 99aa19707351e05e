"""Documents of remote systems that are sent back, and what is filled into them."""

from django.db import models
from django.utils import timezone

from accounts.models import Organization, User


class RemoteDocument(models.Model):
    """A document as a remote system gave it, byte for byte; encrypted, since it may hold what is nobody's business."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=64, help_text="What it is, as its system calls it.")
    remote_id = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64, help_text="Of the bytes as they came.")
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    sealed = models.TextField(help_text="Compressed, then encrypted.")
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "remote_id", "sha256"], name="one_document_per_content"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id}"


class SealedValue(models.Model):
    """A secret that somebody typed into a plan: encrypted, and erased when the run that needs it has ended."""

    promotion = models.ForeignKey("promotions.Promotion", on_delete=models.CASCADE, related_name="sealed_values")
    digest = models.CharField(max_length=64, help_text="Keyed; what decisions name it by.")
    sealed = models.TextField()
    typed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    typed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "digest"], name="one_sealed_value_per_promotion_and_digest")
        ]
        indexes = [models.Index(fields=["typed_at"], name="sealed_value_age")]  # what was never run is forgotten

    def __str__(self) -> str:
        return f"secret of {self.promotion}"
