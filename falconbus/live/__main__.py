"""`python -m falconbus.live`: the live process, on LIVE_HOST and LIVE_PORT (8001)."""

import os
import sys

from config import SettingError, Settings
from falconbus.live.server import serve


def main() -> int:
    """Serve until told to end; 1 with a line that says why when it cannot begin."""
    # A host that gives a port has a proxy in front and wants every interface; without one we are on somebody's desk.
    port = os.environ.get("LIVE_PORT") or ""
    host = os.environ.get("LIVE_HOST") or ("0.0.0.0" if port else "127.0.0.1")  # noqa: S104
    try:
        serve(Settings.from_environment(), host, int(port or 8001))
    except (SettingError, OSError, ValueError) as fault:
        print(f"live: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
