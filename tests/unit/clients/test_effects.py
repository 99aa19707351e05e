import pytest

from clients.effects import EFFECTS, Effect, effect_of_request

EXIM = "/data/foundation/exim"


@pytest.mark.parametrize(
    ("method", "path", "effect"),
    [
        ("POST", "/ims/token/v3", Effect.READ),
        ("POST", "/ims/exchange/jwt/", Effect.READ),
        ("GET", "/data/foundation/sandbox-management/sandboxes", Effect.READ),
        ("GET", "/data/foundation/sandbox-management/", Effect.READ),
        ("GET", f"{EXIM}/packages?property=status%3D%3DDRAFT", Effect.READ),
        ("GET", f"{EXIM}/packages/209f886b00444eac9bb5836fe32e7681", Effect.READ),
        ("GET", f"{EXIM}/packages/209f886b/import?targetSandbox=dev", Effect.READ),
        ("POST", f"{EXIM}/packages/209f886b/children", Effect.READ),
        ("GET", f"{EXIM}/packages/preflight/209f886b?targetSandbox=dev", Effect.READ),
        ("GET", f"{EXIM}/packages/preflight/209f886b/export", Effect.READ),
        ("GET", f"{EXIM}/packages/jobs", Effect.READ),
        ("GET", f"{EXIM}//tools/job/18abab44", Effect.READ),
        ("GET", f"{EXIM}/packages/payload/209f886b", Effect.READ),
        ("GET", f"{EXIM}/packages/209f886b/export?expiryPeriod=30", Effect.WRITE),
        ("get", f"{EXIM}/packages/209f886b/export/", Effect.WRITE),
        ("POST", f"{EXIM}/packages/import", Effect.WRITE),
        ("PUT", f"{EXIM}/packages", Effect.WRITE),
        ("DELETE", f"{EXIM}/packages/209f886b", Effect.WRITE),
        ("PATCH", f"{EXIM}/packages/209f886b/import", Effect.WRITE),
        ("POST", f"{EXIM}/packages/209f886b/import", Effect.WRITE),
        ("POST", f"{EXIM}/packages/209f886b/version/compare", Effect.WORKFLOW),
        ("PATCH", f"{EXIM}/packages/209f886b/version/compare", Effect.WORKFLOW),
        ("PATCH", f"{EXIM}/packages/209f886b/version/save", Effect.WRITE),
        ("POST", f"{EXIM}/packages/209f886b/version/save", Effect.WRITE),
        ("GET", f"{EXIM}/packages/209f886b/version/save/", Effect.WRITE),
        ("GET", f"{EXIM}/packages/209f886b/history", Effect.READ),
        ("PATCH", f"{EXIM}/packages/209f886b/history", Effect.READ),
        ("POST", f"{EXIM}/packages/209f886b/history", Effect.READ),
        ("GET", f"{EXIM}/tools/artifacts/JOURNEY", Effect.READ),
        ("POST", f"{EXIM}/handshake/bulkCreate", Effect.WRITE),
        ("POST", f"{EXIM}/handshake/action", Effect.WRITE),
        ("GET", f"{EXIM}/handshake/list?requestType=INCOMING", Effect.READ),
        ("POST", f"{EXIM}/transfer/", Effect.WRITE),
        ("POST", f"{EXIM}/transfer/pullRequest", Effect.WRITE),
        ("GET", f"{EXIM}/transfer/list?requestType=PUBLIC", Effect.READ),
        ("GET", f"{EXIM}/transfer/0c843180", Effect.READ),
        ("DELETE", f"{EXIM}/transfer/0c843180", Effect.WRITE),
        ("POST", "/authoring/list/journeys", Effect.READ),
        ("POST", "/list/journeys", Effect.READ),
        ("GET", "/journey/orchestration/journeys/3f2b6c1e/latest", Effect.READ),
        ("GET", "//authoring//journeyVersions/d41f5e90/export/", Effect.READ),
        ("POST", "/authoring/journeyVersions/import", Effect.WRITE),
        ("POST", "/journey/orchestration/journeyVersions/import", Effect.WRITE),
        ("POST", "/authoring/journeyVersions/d41f5e90/export", Effect.WRITE),
        ("GET", "/ajo/journey?page=0", Effect.READ),
        ("GET", "/ajo/journey/d41f5e90", Effect.READ),
        ("GET", f"{EXIM}/packages/209f886b/unheard-of", Effect.WRITE),
        ("GET", "/elsewhere", Effect.WRITE),
        ("PATCH", f"{EXIM}/packages/209f886b", Effect.WRITE),
    ],
)
def test_a_logged_request_is_classed_by_the_table(method: str, path: str, effect: Effect) -> None:
    assert effect_of_request(method, path) is effect


def test_publishing_and_importing_are_writes_although_one_is_a_get() -> None:
    writes = {name for name, effect in EFFECTS.items() if effect is Effect.WRITE}

    assert writes == {
        "packages.create",
        "packages.update",
        "packages.make_public",
        "packages.delete",
        "packages.publish",
        "packages.import",
        "versions.save",
        "versions.update",
        "handshakes.request",
        "handshakes.decide",
        "transfers.share",
        "transfers.pull",
        "journeys.import",
    }
