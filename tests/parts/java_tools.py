"""Servers in Java: which Java runs them, jars from Maven, launchers compiled against them; all kept in the cache."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts import PartError, run_tool

JAVA_FOLDER = Path(__file__).parent / "java"
INSTALLED = Path("/usr/lib/jvm")
# C1 alone and the serial collector halve the time to start on two cores
JAVA_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def java_tool(name: str, oldest: int) -> Path:
    """`java` or `javac` of the oldest JDK installed that is new enough; that on the PATH where 17 will do.

    Raises:
        PartError: None is installed.
    """
    if oldest <= 17:
        return Path(name)
    found = {}
    for release in INSTALLED.glob("*/release"):
        version = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
        if version and int(version[1]) >= oldest and (release.parent / "bin" / name).exists():
            found[int(version[1])] = release.parent / "bin" / name
    if not found:
        raise PartError(f"no JDK {oldest} or newer is installed in {INSTALLED}")
    return found[min(found)]


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Several test runs share the cache: one of them fills a folder, the others wait for it."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def maven(goal: str, artifact: str, **properties: str | Path) -> None:
    """One goal of Maven's dependency plugin, about `group:name:version[:type]`. Raises PartError."""
    group, name, version = artifact.split(":")[:3]
    known = {"artifact": artifact, "node.group": group, "node.name": name, "node.version": version}
    defined = [f"-D{key}={value}" for key, value in {**known, **properties}.items()]
    plugin = "org.apache.maven.plugins:maven-dependency-plugin"
    run_tool("mvn", "-q", "-B", "-f", JAVA_FOLDER / "pom.xml", f"{plugin}:{goal}", *defined)


def download_jars(artifact: str, folder: Path) -> None:
    """An artifact with all that it needs to run, once. Raises PartError."""
    done = folder.parent / f"{folder.name}.done"
    if not done.exists():
        maven("copy-dependencies", artifact, outputDirectory=folder, includeScope="runtime")
        done.touch()


def compile_java(name: str, source: str, jars: Path, classes: Path, oldest_java: int = 17) -> None:
    """A class from its source, unless it was compiled from just that before. Raises PartError."""
    classes.mkdir(exist_ok=True)
    kept = classes / f"{name}.java"
    if not ((classes / f"{name}.class").exists() and kept.exists() and kept.read_text() == source):
        kept.write_text(source)
        (classes / f"{name}.class").unlink(missing_ok=True)
        run_tool(java_tool("javac", oldest_java), "-cp", f"{jars}/*", "-d", classes, kept)


def artifact_name(jar: Path) -> str:
    """`guava` of `guava-32.1.3-jre.jar`."""
    words = jar.stem.split("-")
    version = next((i for i, word in enumerate(words) if word[:1].isdigit()), len(words))
    return "-".join(words[:version])
