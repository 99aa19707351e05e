import re

import pytest
import yaml
from django.conf import settings

from tests.processes import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = {name for name, service in COMPOSE["services"].items() if "build" in service}
REQUIRED = {"SECRET_KEY", "AUDIT_KEY", "CREDENTIAL_KEYS", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"}


def test_each_queue_has_a_worker_of_its_own():
    commands = [service.get("command", "") for service in COMPOSE["services"].values()]

    served = re.findall(r"--queues (\S+)", " ".join(commands))

    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert sorted(served) == sorted(routed | {settings.CELERY_TASK_DEFAULT_QUEUE})


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_of_ours_has_every_required_value_and_no_rights_it_does_not_need(name):
    service = COMPOSE["services"][name]

    assert service["environment"].keys() >= REQUIRED
    assert service["environment"]["TOWPATH_MODE"] == "production"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_secrets_have_no_default_and_say_what_is_missing():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    for name in ["SECRET_KEY", "AUDIT_KEY", "CREDENTIAL_KEYS", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"]:
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text)
        assert uses, name
        assert all(use.startswith(f":?Set {name} to") for use in uses), name


def test_services_wait_for_a_healthy_database_and_a_finished_migration():
    for name in OURS - {"migrate"}:
        conditions = {other: rule["condition"] for other, rule in COMPOSE["services"][name]["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "valkey": "service_healthy",
        }
    for name in ("postgres", "valkey"):
        assert COMPOSE["services"][name]["healthcheck"]["test"]


def test_the_image_runs_as_an_ordinary_user_with_checked_packages_and_a_health_check():
    instructions = [line.split()[0] for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]

    assert re.search(r"^USER towpath$", DOCKERFILE, re.MULTILINE)
    assert instructions.index("USER") < instructions.index("CMD")
    assert "--require-hashes" in DOCKERFILE
    assert "HEALTHCHECK" in instructions


def test_everything_the_image_copies_is_there_and_nothing_private_goes_in():
    admitted = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)

    assert all((ROOT / name).exists() for name in admitted)
    assert not {"var", ".git", "tests", "emulator"} & set(admitted)
