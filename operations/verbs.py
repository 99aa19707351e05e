"""What operations adds to the record."""

from django.db.models import TextChoices


class Verb(TextChoices):
    """Acts on the installation itself. A value is never renamed or used again: old lines hold it."""

    RESTORED = "installation.restored", "restored from a backup"
    SHARING_HELD = "installation.sharing_held", "held back after the restore the"
    JOB_HELD = "installation.job_held", "held back after the restore the job"


GROUP_LABELS = {"installation": "Installation"}
