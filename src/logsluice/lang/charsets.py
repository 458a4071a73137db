"""Names of charsets, as Python and as Ruby call them."""

from __future__ import annotations

import codecs
import re

_RUBY = {
    "ascii-8bit": "latin-1", "binary": "latin-1", "eucjp-ms": "euc-jp", "cp51932": "euc-jp", "windows-31j": "cp932",
    "cswindows31j": "cp932", "sjis": "cp932", "macjapanese": "shift_jis", "utf8-mac": "utf-8", "cp65001": "utf-8",
    "utf-8-mac": "utf-8", "utf-8-hfs": "utf-8", "cesu-8": "utf-8", "locale": "utf-8", "external": "utf-8",
    "filesystem": "utf-8", "ucs-2be": "utf-16-be", "ucs-4le": "utf-32-le", "ucs-4be": "utf-32-be",
}  # fmt: skip
"""Of Ruby's `Encoding.name_list`: what Python calls otherwise."""


def charset_name(name: str) -> str:
    """Python's own name of a charset, whichever way it is written.

    Raises:
        ValueError: There is none of that name.
    """
    wanted = name.lower()
    for known in (_RUBY.get(wanted, wanted), re.sub(r"^(windows|ibm)-?", "cp", wanted), wanted.replace("mac", "mac_")):
        try:
            return codecs.lookup(known).name
        except LookupError:
            continue
    raise ValueError(f"the charset {name!r} can't be read here")
