"""What operations tells others at start: who keeps figures of remote calls, and its verbs of the record."""

import stamina.instrumentation

from accounts.services import audit
from clients.observing import Exchange, add_observer
from config import metrics
from operations import verbs


def register() -> None:
    """Called once, when Django is ready."""
    audit.register_verbs(verbs.Verb, groups=verbs.GROUP_LABELS)
    add_observer(count_remote_call)
    # By itself it would count retries too, under its own name; each try is in our figures already.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])


def count_remote_call(exchange: Exchange) -> None:
    """Host classes rather than hosts, and names of operations rather than paths: both are few."""
    metrics.remote_call(
        host_class="ims" if exchange.operation.startswith("ims.") else "platform",
        operation=exchange.operation,
        effect=exchange.effect.value,
        outcome=exchange.outcome.value,
        seconds=exchange.seconds,
    )
