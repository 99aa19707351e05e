"""What somebody who approves owes to whoever asked them: the record says so, for those who look at it later.

People are managed by admins, and a small team has few of them; so nobody is refused for having been invited. But a
second person that the requester could have made up, or signed in as, is not as good as one they could not.
"""

from accounts.models import AuditEvent, Invitation, User
from accounts.services import audit

_ACTS = {
    audit.Verb.MEMBERSHIP_CHANGED: "gave a role to",
    audit.Verb.ADMINISTRATOR_CHANGED: "gave or took administration to or from",
    audit.Verb.PASSWORD_LINK_MADE: "made a password link for",
    audit.Verb.SECOND_FACTOR_REMOVED: "took away the second factor of",
    audit.Verb.IDENTITY_UNLINKED: "unlinked the identity of",
    audit.Verb.PERSON_REACTIVATED: "reactivated",
}


def ties(*, requester: User, approver: User) -> list[str]:
    """By what the requester could have got hold of the approver's account, each as a sentence with its day."""
    found = [
        f"{requester} invited {approver} ({invitation.accepted_at:%Y-%m-%d})."
        for invitation in Invitation.objects.filter(created_by=requester, accepted_by=approver)
    ]
    lines = AuditEvent.objects.filter(
        subject_type=User._meta.label_lower, subject_id=str(approver.pk), actor_id=requester.pk, verb__in=[*_ACTS]
    ).order_by("sequence")
    latest = {line.verb: line for line in lines}
    return found + [
        f"{requester} {_ACTS[audit.Verb(verb)]} {approver} ({line.at:%Y-%m-%d})." for verb, line in latest.items()
    ]
