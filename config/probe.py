"""Health probe of the web container: exit status 0 if the process answers. Standard library only, so it is quick."""

import http.client
import os
import sys


def main() -> int:
    """Ask as the first allowed host; Django refuses a host it does not know."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().removeprefix(".")
    client = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
    try:
        client.request("GET", "/healthz", headers={"Host": host})
        return 0 if client.getresponse().status == http.client.OK else 1
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
