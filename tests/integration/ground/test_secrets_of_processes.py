"""What a running installation was given in confidence is seen by the processes that need it, and written nowhere."""

from pathlib import Path

import httpx
from cryptography.fernet import Fernet

CANARIES = {
    "SECRET_KEY": "canary-1827-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz-and-more",
    "AUDIT_KEY": "canary-2938-audit-key-0123456789-abcdefghijklmnopqrstuvwxyz-and-more",
    "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
    "METRICS_TOKEN": "canary-4049-metrics-token-0123456789-abcdefghijklmnop",
    "EMAIL_HOST_PASSWORD": "canary-5150-mail-password",
    "OIDC_CLIENT_SECRET": "canary-6261-oidc-secret",
}
OTHERS = {
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_PORT": "1",
    "OIDC_ISSUER": "https://127.0.0.1:1",
    "OIDC_CLIENT_ID": "towpath",
}


def test_arguments_files_and_answers_hold_no_secret_and_the_broker_is_given_none(installation):
    installation.environment |= CANARIES | OTHERS
    installation.up()
    bearer = {"Authorization": f"Bearer {CANARIES['METRICS_TOKEN']}"}

    seen = {
        path: httpx.get(f"{installation.url}{path}", headers=bearer, timeout=20).text
        for path in ("/healthz", "/readyz", "/metrics", "/accounts/login/", "/accounts/oidc/login/", "/nowhere/")
    }

    seen |= {f"arguments of {pid}": read(pid, "cmdline") for pid in installation.family()}
    seen["environment of the broker"] = read(installation.children()["valkey"], "environ")
    seen["the output"] = installation.output
    seen |= {
        str(path): path.read_bytes().decode("latin-1")
        for path in installation.data_dir.rglob("*")
        if path.is_file() and not path.is_socket()
    }
    assert len(seen) > 20
    assert "towpath_" in seen["/metrics"]
    assert [(name, where) for name, value in CANARIES.items() for where, text in seen.items() if value in text] == []
    # The search itself works: those who need it have it.
    assert CANARIES["SECRET_KEY"] in read(installation.children()["web"], "environ") + read(
        installation.process.pid, "environ"
    )


def read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode("latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has ended since it was listed
