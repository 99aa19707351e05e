"""Command line: serve a seed, or print the credentials that clients are set up from."""

import argparse
import json
import signal
import sys

from emulator import seeds
from emulator.app import create_app
from emulator.credentials import describe
from emulator.server import serve


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--seed", default="demo", help=f"one of {', '.join(seeds.NAMES)}; load:N makes N packages")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster work goes; 0 stands still")
    parser.add_argument(
        "--fresh-ids",
        action="store_true",
        help="give new jobs and objects ids that no earlier run gave, for clients that remember longer",
    )
    parser.add_argument("--credentials", action="store_true", help="print the seed's credentials as JSON and end")
    chosen = parser.parse_args(arguments)
    base_url = f"http://{chosen.host}:{chosen.port}"
    try:
        if chosen.credentials:
            _say(json.dumps(describe(chosen.seed, base_url), indent=2))
            return 0
        app = create_app(seed=chosen.seed, speed=chosen.speed, is_repeatable=not chosen.fresh_ids)
    except ValueError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    greeting = f"Emulator of the remote platforms: {base_url} (seed {chosen.seed}, speed {chosen.speed:g})"
    try:
        serve(app, chosen.host, chosen.port, when_ready=lambda: _say(greeting))
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
