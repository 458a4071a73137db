"""Ruby, for the filter that runs it: a Debian package, no server."""

from __future__ import annotations

import shutil

from tests.parts import unavailable


def need_ruby() -> None:
    """End the test where there is no Ruby."""
    if shutil.which("ruby") is None:
        unavailable("Ruby is not installed: apt-get install ruby")
