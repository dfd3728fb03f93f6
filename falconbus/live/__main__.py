"""`python -m falconbus.live`: run the live process on LIVE_HOST and LIVE_PORT (8001)."""

import os
import sys

from config import SettingError, Settings
from falconbus.live.server import serve


def main() -> int:
    """Run the live process until it is terminated; return 1 after a line on stderr when it cannot start."""
    # With LIVE_PORT set there is a proxy in front, which needs every interface; otherwise it is a developer's machine.
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
