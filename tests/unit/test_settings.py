import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config import embedded, env, sign_in
from config.env import Mode
from tests.processes import ROOT

STRONG = "k3Jx9-vQzL0rT8yWbN4mHsE7uAfC2dGpXo6iRwVtYqB1nMjKlZ5hDgSeUaFcPO"
PRODUCTION = {
    "TOWPATH_MODE": "production",
    "SECRET_KEY": STRONG,
    "AUDIT_KEY": STRONG[::-1],
    "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
    "ALLOWED_HOSTS": "towpath.example.com",
    "DATABASE_URL": "postgresql://towpath@localhost/towpath",
    "REDIS_URL": "redis://localhost:6379/0",
}


def load_settings(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings as a fresh process does that has this environment and nothing else of ours."""
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", "from django.conf import settings; settings.MODE"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_starts_with_every_value_given():
    done = load_settings(**PRODUCTION)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"TOWPATH_MODE"}))
def test_production_refuses_to_start_without_a_value(name):
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    done = load_settings(**environment)

    assert done.returncode != 0
    assert f"Towpath cannot start: {name} is not set." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY is too weak"),
        ("SECRET_KEY", "a" * 64, "SECRET_KEY is too weak"),
        ("SECRET_KEY", f"django-insecure-{STRONG}", "SECRET_KEY is too weak"),
        ("AUDIT_KEY", f"change-me-{STRONG}", "AUDIT_KEY is too weak"),
        ("AUDIT_KEY", STRONG, "AUDIT_KEY is the same as SECRET_KEY"),
        ("CREDENTIAL_KEYS", "not-a-key", "Key 1 in CREDENTIAL_KEYS is not a Fernet key"),
        ("CREDENTIAL_KEYS", "A" * 43 + "=", "Key 1 in CREDENTIAL_KEYS is not a Fernet key"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS is '*'"),
        ("ALLOWED_HOSTS", " , ", "which names nothing"),
        ("PUBLIC_URL", "http://towpath.example.com", "PUBLIC_URL must start with one of: https://"),
        ("PUBLIC_URL", "https://towpath.example.com/below", "must be scheme and host"),
        ("PUBLIC_URL", "https://me:secret@towpath.example.com", "must be scheme and host"),
        ("DATABASE_URL", "oracle://somewhere", "DATABASE_URL must start with one of: postgres://"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL must start with one of: redis://"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL is 'LOUD'. Set it to one of: DEBUG"),
        ("METRICS_TOKEN", "prometheus", "METRICS_TOKEN is too weak: it needs at least 24 random characters."),
        ("METRICS_TOKEN", "a" * 40, "METRICS_TOKEN is too weak"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT is 'XML'. Set it to one of: LINE, JSON."),
        ("EMAIL_PORT", "smtp", "EMAIL_PORT must be a whole number, not 'smtp'."),
        ("EMAIL_PORT", "70000", "EMAIL_PORT is 70000; it must lie between 1 and 65535."),
        ("BEHIND_PROXY", "maybe", "BEHIND_PROXY must be true or false, not 'maybe'."),
        ("SECRET_KEY_FILE", "/nowhere/secret", "SECRET_KEY_FILE points to /nowhere/secret, which cannot be read"),
        ("SECOND_FACTOR", "sometimes", "SECOND_FACTOR is 'SOMETIMES'. Set it to one of: OFF, OPTIONAL, REQUIRED."),
        ("OIDC_ISSUER", "https://idp.example", "OIDC_CLIENT_ID, OIDC_CLIENT_SECRET missing"),
        ("OIDC_CLIENT_SECRET", "canary", "OIDC_ISSUER, OIDC_CLIENT_ID missing"),
        ("OIDC_NAME", "Acme", "OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET missing"),
        ("OIDC_ONLY", "true", "OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET missing"),
        ("TOWPATH_MODE", "staging", "TOWPATH_MODE is 'staging'. Set it to one of: production"),
    ],
)
def test_production_refuses_to_start_on_a_weak_or_odd_value(name, value, sentence):
    done = load_settings(**{**PRODUCTION, name: value})

    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


OIDC: dict[str, Any] = {
    "issuer": "https://idp.example/realms/acme",
    "client_id": "towpath",
    "client_secret": "canary-client-secret",
    "name": "",
    "scopes": ["openid", "email"],
    "is_only": False,
}


def test_a_provider_is_taken_whole_and_does_not_print_its_secret():
    found = sign_in.oidc(Mode.PRODUCTION, **OIDC)

    assert found is not None
    assert (found.name, found.scopes, found.is_loopback_allowed) == ("your organization", ("openid", "email"), False)
    assert "canary-client-secret" not in repr(found)


@pytest.mark.parametrize(
    ("mode", "changed", "sentence"),
    [
        (Mode.PRODUCTION, {"issuer": "http://idp.example"}, "OIDC_ISSUER is 'http://idp.example'. Set it to the https"),
        (Mode.PRODUCTION, {"issuer": "http://127.0.0.1:9"}, "http:// only for loopback in demo mode"),
        (Mode.EMBEDDED, {"issuer": "http://127.0.0.1:9"}, "http:// only for loopback in demo mode"),
        (Mode.DEMO, {"issuer": "http://idp.example"}, "http:// only for loopback in demo mode"),
        (Mode.PRODUCTION, {"issuer": "idp.example"}, "Set it to the https:// address"),
        (Mode.PRODUCTION, {"issuer": "https://a:b@idp.example"}, "Set it to the https:// address"),
        (Mode.PRODUCTION, {"issuer": "https://idp.example?tenant=1"}, "without a query"),
        (Mode.PRODUCTION, {"issuer": f"https://idp.example/{'a' * 200}"}, "longer than 200 characters"),
        (Mode.PRODUCTION, {"scopes": ["openid"]}, "OIDC_SCOPES must hold openid and email"),
        (Mode.PRODUCTION, {"scopes": ["email"]}, "OIDC_SCOPES must hold openid and email"),
        (Mode.PRODUCTION, {"client_secret": ""}, "OpenID Connect is set in part: OIDC_CLIENT_SECRET missing"),
    ],
)
def test_a_provider_that_is_unsafe_or_incomplete_stops_the_start(mode, changed, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        sign_in.oidc(mode, **{**OIDC, **changed})

    assert sentence in str(refusal.value)
    assert "canary-client-secret" not in str(refusal.value)


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.DEVELOPMENT])
def test_a_provider_on_this_machine_needs_no_tls_where_nothing_is_in_earnest(mode):
    found = sign_in.oidc(mode, **{**OIDC, "issuer": "http://localhost:8080"})

    assert found is not None
    assert found.is_loopback_allowed


def test_without_any_variable_there_is_no_provider():
    nothing = {**OIDC, "issuer": "", "client_id": "", "client_secret": ""}

    assert sign_in.oidc(Mode.PRODUCTION, **nothing) is None


def test_without_a_mode_production_is_meant():
    done = load_settings()

    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


def test_a_value_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text(f"{STRONG}\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))

    value = env.secret("SECRET_KEY", Mode.PRODUCTION)

    assert value == STRONG


@pytest.mark.parametrize(("raw", "expected"), [("true", True), ("ON", True), ("0", False), ("no", False), ("", True)])
def test_a_flag_reads_the_usual_spellings_and_empty_as_not_set(monkeypatch, raw, expected):
    monkeypatch.setenv("SOME_FLAG", raw)

    assert env.flag("SOME_FLAG", True) is expected


def test_words_are_trimmed_and_empty_ones_dropped(monkeypatch):
    monkeypatch.setenv("SOME_WORDS", " a.example , ,b.example,")

    assert env.words("SOME_WORDS") == ["a.example", "b.example"]


def test_a_refused_url_does_not_repeat_its_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://towpath:hunter2@db/towpath")

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.url("DATABASE_URL", None, ["postgresql"])

    assert "hunter2" not in str(refusal.value)


@pytest.fixture
def no_keys(monkeypatch):
    """An environment without keys; what the test puts there is taken out again."""
    for name in embedded.KEY_NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_keys_are_made_once_and_kept_for_their_owner_alone(no_keys, monkeypatch, tmp_path):
    embedded.use_kept_keys(tmp_path / "data")
    first = {name: os.environ[name] for name in embedded.KEY_NAMES}
    for name in embedded.KEY_NAMES:
        monkeypatch.setenv(name, "")

    embedded.use_kept_keys(tmp_path / "data")

    assert {name: os.environ[name] for name in embedded.KEY_NAMES} == first
    assert len(set(first.values())) == 3
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["keys.env"]
    assert (tmp_path / "data/keys.env").stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_environment_wins_over_the_kept_one(no_keys, monkeypatch, tmp_path):
    embedded.use_kept_keys(tmp_path)
    monkeypatch.setenv("SECRET_KEY", STRONG)

    embedded.use_kept_keys(tmp_path)

    assert os.environ["SECRET_KEY"] == STRONG


def test_keys_that_others_can_read_are_refused(no_keys, tmp_path):
    embedded.use_kept_keys(tmp_path)
    (tmp_path / "keys.env").chmod(0o644)
    os.environ["AUDIT_KEY"] = ""

    with pytest.raises(embedded.EmbeddedError, match="others can read it"):
        embedded.use_kept_keys(tmp_path)


def test_lost_keys_are_not_replaced_beside_an_existing_database(no_keys, tmp_path):
    (tmp_path / "towpath.sqlite3").touch()

    with pytest.raises(embedded.EmbeddedError, match=r"Restore keys\.env from a backup"):
        embedded.use_kept_keys(tmp_path)

    assert not (tmp_path / "keys.env").exists()


def test_a_deep_data_folder_gets_a_short_socket_path(tmp_path):
    deep = tmp_path / ("deep" * 30)

    assert embedded.valkey_socket(tmp_path) == tmp_path / "valkey.sock"
    assert len(os.fsencode(embedded.valkey_socket(deep))) <= embedded.LONGEST_SOCKET_PATH
    assert embedded.valkey_socket(deep) == embedded.valkey_socket(deep)
    assert embedded.valkey_socket(deep) != embedded.valkey_socket(tmp_path / ("deep" * 31))


READERS = {
    f"env.{name}" for name in ("text", "words", "choice", "url", "integer", "flag", "secret", "token", "fernet_keys")
}


def variables_read(path: Path) -> set[str]:
    """The names that a module gives to the readers of config.env."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {
        argument.value
        for call in calls
        if ast.unparse(call.func) in READERS
        and call.args
        and isinstance(argument := call.args[0], ast.Constant)
        and isinstance(argument.value, str)
    }


def test_every_variable_is_documented_and_every_documented_variable_is_read():
    read = {"TOWPATH_MODE"}
    for module in [ROOT / "config/settings.py", *ROOT.glob("*/management/commands/*.py")]:
        read |= variables_read(module)
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))

    assert documented == read


def test_production_keeps_cookies_and_pages_to_https_and_to_itself():
    names = (
        "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY CSRF_COOKIE_HTTPONLY SECURE_SSL_REDIRECT "
        "SECURE_HSTS_INCLUDE_SUBDOMAINS SECURE_CONTENT_TYPE_NOSNIFF"
    )
    look = f"from django.conf import settings as s; assert all(getattr(s, n) is True for n in {names.split()!r}); "
    look += "assert s.SECURE_HSTS_SECONDS >= 31536000 and not s.DEBUG and not s.IS_LOOPBACK_REMOTE_ALLOWED; "
    look += "assert {s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE} == {'Lax'}"

    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", look],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **PRODUCTION},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
