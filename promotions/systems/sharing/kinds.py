"""Names of the job types of sharing."""

ASK = "sharing.ask"
DECIDE = "sharing.decide"
TRANSFER = "sharing.transfer"
PUBLICITY = "sharing.publicity"
PULL = "sharing.pull"
SYNCHRONIZE = "sharing.synchronize"
