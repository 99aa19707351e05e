"""`manage.py up`: Towpath on one machine."""

import http.client
import io
import json
import os
import socket
import sys
from argparse import ArgumentParser
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from accounts.models import User
from config import embedded, env, logs, metrics, programs, valkey
from config.env import Mode
from config.forks import call_apart
from config.programs import BROKER, EMULATOR
from config.supervisor import AlreadyRunningError, Program, StoppedError, Supervisor, hold, prefixed
from operations import backups, upgrade
from promotions.engine import claims

READY_WITHIN_S = 60.0
DEMO_SPEED = 20
PREFERRED_EMULATOR_PORT = 9400


class Command(BaseCommand):
    help = "Run web, workers, beat and, unless REDIS_URL names a server, a private Valkey; Ctrl-C ends them all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="also run the emulator and fill the database with demo data"
        )
        parser.add_argument(
            "--empty", action="store_true", help="with --demo: the emulator without demo data; you set Towpath up"
        )

    def handle(self, *_args: Any, demo: bool, empty: bool, **_options: Any) -> None:
        if demo != (settings.MODE is Mode.DEMO):
            raise CommandError("--demo and TOWPATH_MODE=demo belong together: give both or neither.")
        if empty and not demo:
            raise CommandError("--empty goes with --demo: without it nothing is filled in anyway.")
        port = env.integer("PORT", 8000, least=1, most=65_535)
        data_dir: Path = settings.DATA_DIR
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            host = _address(env.text("HOST", "127.0.0.1"))
            url = _url(host, port)
            with (
                hold(data_dir / "lock", holder={"pid": os.getpid(), "url": url}),
                Supervisor(
                    data_dir / "children.lock",
                    self.say,
                    self.environment(),
                    line_of=logs.as_json if settings.LOG_FORMAT == "json" else prefixed,
                ) as supervisor,
            ):
                with suppress(StoppedError):
                    _refuse_taken_port(host, port)
                    welcome = self.bring_up(supervisor, demo=demo, empty=empty, host=host, port=port)
                    if supervisor.wait_for(partial(_is_serving, url), timeout_s=READY_WITHIN_S):
                        self.say(f"\nTowpath is ready: {url}\n{welcome}")
                    else:
                        self.say(f"Nothing answers on {url} yet; the lines of web above say why.")
                    supervisor.run()
                self.say("Stopping.")
        except StoppedError:
            self.say("Stopping.")
        except AlreadyRunningError as exc:
            raise CommandError(_already_running(str(exc), data_dir)) from exc
        except embedded.EmbeddedError as exc:
            raise CommandError(str(exc)) from exc
        self.say("Stopped.")

    def say(self, line: str) -> None:
        """Say something, in the format of the log."""
        if settings.LOG_FORMAT == "json":
            for part in filter(str.strip, line.splitlines()):
                self.write_line(logs.as_json("up", part))
        else:
            self.write_line(line)

    def write_line(self, line: str) -> None:
        """Print at once; a reader that has gone away does not end the service."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def environment(self) -> dict[str, str]:
        """What the children inherit: settings as they stand, so that all of them agree."""
        return {
            **programs.environment(),
            "TOWPATH_MODE": settings.MODE,
            "DATA_DIR": str(settings.DATA_DIR),
        }

    def bring_up(self, supervisor: Supervisor, *, demo: bool, empty: bool, host: str, port: int) -> str:
        """Start what the others need, bring the data up to date, then start the rest; returns how to sign in."""
        if not os.environ.get("REDIS_URL"):
            self.start_valkey(supervisor)
        emulator_port = _emulator_port(settings.DATA_DIR) if demo else None
        if emulator_port is not None:
            supervisor.start(_emulator(emulator_port))
        metrics.clear()
        call_apart(partial(upgrade.migrate, folder=backups.default_folder(), write=self.say))
        if emulator_port is not None:
            url = f"http://127.0.0.1:{emulator_port}"
            if not supervisor.wait_for(partial(_is_serving, url), timeout_s=READY_WITHIN_S):
                raise embedded.EmbeddedError("The emulator does not answer; its lines above say why.")
        welcome = call_apart(partial(_prepare, emulator_port, empty=empty))
        programs.preload()
        for program in programs.programs(host, port):
            supervisor.start(program)
        return welcome

    def start_valkey(self, supervisor: Supervisor) -> None:
        """Start the private server and wait until it has read its data."""
        unix_socket = embedded.valkey_socket(settings.DATA_DIR)
        if unix_socket.parent != settings.DATA_DIR:
            valkey.prepare_socket_folder(unix_socket)
        directory = settings.DATA_DIR / "valkey"
        directory.mkdir(mode=0o700, exist_ok=True)
        command = valkey.command(valkey.find_server(), directory=directory, unix_socket=unix_socket)
        supervisor.start(Program("valkey", command, BROKER))
        if not supervisor.wait_for(partial(valkey.answers, unix_socket), timeout_s=READY_WITHIN_S):
            raise embedded.EmbeddedError("Valkey does not answer; its lines above say why.")


def _address(host: str) -> str:
    """The address of a host name, which granian does not look up; IPv4 where there is one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        raise embedded.EmbeddedError(f"HOST is {host!r}, which is no address of this machine.") from exc
    return str(min(found, key=lambda row: row[0] != socket.AF_INET)[4][0])


def _url(host: str, port: int) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  (compared, not bound)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _prepare(emulator_port: int | None, *, empty: bool) -> str:
    """Fill what has to be filled; returns how to sign in."""
    if connection.vendor == "sqlite":  # nobody but this installation's workers, who have ended, can hold a claim
        claims.release_all()
    welcome = io.StringIO()
    if emulator_port is not None and empty:
        what = f"python -m emulator --credentials --port {emulator_port}"
        welcome.write(f"The emulator answers on http://127.0.0.1:{emulator_port}. Its organizations and credentials: ")
        welcome.write(f"{what}\n")
    elif emulator_port is not None:
        call_command("load_demo", emulator_url=f"http://127.0.0.1:{emulator_port}", stdout=welcome)
    if not User.objects.exists():
        welcome.write("Open it and become the first administrator with this one-time code: ")
        call_command("setup_code", stdout=welcome)
    connections.close_all()  # where this is no fork, the supervisor needs no database from here on
    return welcome.getvalue()


def _emulator(port: int) -> Program:
    where = ("--host", "127.0.0.1", "--port", str(port))
    # Our database remembers the jobs of earlier runs; the emulator must not give their ids to new ones.
    what = ("--seed", "demo", "--speed", str(DEMO_SPEED), "--fresh-ids")
    return Program("emulator", [sys.executable, "-m", "emulator", *where, *what], EMULATOR)


def _emulator_port(data_dir: Path) -> int:
    """The port of the emulator, the same at every start if it is free: organizations remember its address."""
    kept = data_dir / "emulator-port"
    wanted = int(kept.read_text(encoding="utf-8")) if kept.exists() else PREFERRED_EMULATOR_PORT
    named = env.integer("EMULATOR_PORT", 0, least=0, most=65_535)
    if named and not _is_free("127.0.0.1", named):
        raise embedded.EmbeddedError(f"EMULATOR_PORT is {named}, which another program uses. Name another, or none.")
    port = named or (wanted if _is_free("127.0.0.1", wanted) else _free_port())
    kept.write_text(str(port), encoding="utf-8")
    return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError as exc:
            raise embedded.EmbeddedError(f"This user may not open port {port}. Set PORT to one above 1023.") from exc
        except OSError:
            return False
        return True


def _refuse_taken_port(host: str, port: int) -> None:
    if not _is_free(host, port):
        raise embedded.EmbeddedError(
            f"{host}:{port} cannot be opened: another program uses it, or it is no address of this machine. "
            f"Stop that program, or set PORT (and HOST) to something else."
        )


def _is_serving(url: str) -> bool:
    """Whether something speaks HTTP there; what it says does not matter."""
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        client.request("GET", "/healthz")
        client.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        client.close()


def _already_running(holder: str, data_dir: Path) -> str:
    try:
        first = json.loads(holder)
        who = f"process {first['pid']}, {first['url']}"
    except (ValueError, KeyError, TypeError):
        who = "its processes are still ending"
    return (
        f"Towpath already runs on the data in {data_dir} ({who}). "
        f"Stop it first, or set DATA_DIR and PORT to run another one beside it."
    )
