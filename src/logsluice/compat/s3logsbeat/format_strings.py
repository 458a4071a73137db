"""Format strings of beats, `s3logsbeat-%{[beat.version]}-%{+yyyy.MM.dd}`, in our language.

Facts: Beats Platform Reference 6.8, "Config file format: Format string".
"""

from __future__ import annotations

import re

from logsluice.compat.s3logsbeat.processors import reference

_FORMATTED = re.compile(r"%\{([^}]*)\}")


def formatted(text: str, constants: dict[str, str]) -> str:
    """A format string of beats in our language: `%{[a.b]}` is `%{[a][b]}`, `%{+yyyy}` stays.

    Args:
        text: The format string.
        constants: What does not differ between events, by its name.

    Raises:
        ValueError: It has a default, `%{[a]:b}`, or a brace is missing.
    """
    if "%{" in _FORMATTED.sub("", text):
        raise ValueError(f"the }} of a %{{ is missing in {text!r}")

    def replace(found: re.Match[str]) -> str:
        inner = found[1]
        if inner.startswith("+"):
            return found[0]
        if not inner.startswith("[") or not inner.endswith("]"):
            raise ValueError(f"{found[0]} can't be translated: write %{{[field]}} or %{{+yyyy.MM.dd}}")
        name = inner[1:-1].replace("][", ".")
        return constants[name] if name in constants else f"%{{{reference(name)}}}"

    return _FORMATTED.sub(replace, text)
