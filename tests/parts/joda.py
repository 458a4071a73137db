"""The real Joda-Time, which Logstash's dates come from: asked many questions in one run of Java."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.parts import cache_folder
from tests.parts.java_tools import JAVA_FOLDER, compile_java, download_jars, only_one

ARTIFACT = "joda-time:joda-time:2.14.0"


def answers(questions: Sequence[Sequence[str]]) -> list[str]:
    """`("write", layout, milliseconds)` or `("read", layout, zone, text)`; "refused" where Joda-Time raises.

    Raises:
        PartError: Java or the library can't be had.
    """
    folder = cache_folder("joda-time-2.14.0")
    with only_one(folder):
        download_jars(ARTIFACT, folder / "jars")
        source = (JAVA_FOLDER / "JodaTimes.java").read_text(encoding="utf-8")
        compile_java("JodaTimes", source, folder / "jars", folder / "classes")
    done = subprocess.run(
        ["java", "-cp", f"{folder / 'classes'}:{folder / 'jars'}/*", "JodaTimes"],
        input="".join("\t".join(question) + "\n" for question in questions),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.splitlines()
