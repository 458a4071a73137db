"""Real Elasticsearch nodes: 7.10 (open source), and the cores of 8.19 and 9.5 as they are published for Maven.

For tests only: versions 8 and 9 are under the AGPL, the SSPL or Elastic's own licence, and nothing of them is shipped.
Version 7.10 is without Elastic's own modules: no data streams, no `flattened` fields. The cores are without any module:
no security, no ingest processors, no Painless, no delete by query. Elasticsearch 9 needs Java 21, the others 17; the
jars come from Maven once.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.parts import cache_folder
from tests.parts.java_tools import JAVA_FOLDER, compile_java, download_jars, only_one
from tests.parts.search_node import SearchNode


class Elasticsearch7(SearchNode):
    """The last one under the Apache licence."""

    name = "Elasticsearch 7"
    version = "7.10.2"
    roles = "[master,data,ingest]"
    has_data_streams = False

    def prepare(self) -> None:
        self.library = cache_folder(f"elasticsearch-{self.version}")
        with only_one(self.library):
            jars = self.library / "jars"
            download_jars(f"org.codelibs:elasticsearch-cluster-runner:{self.version}.0", jars)
            source = under_old_names((JAVA_FOLDER / "TestNode.java").read_text())
            compile_java("TestNode", source, jars, self.library / "classes")

    def arguments(self) -> Sequence[str | Path]:
        return ["-cp", f"{self.library / 'classes'}:{self.library / 'jars'}/*", "TestNode", self.folder]


class Elasticsearch8(SearchNode):
    """The core of version 8, with two modules: HTTP by Netty, and what the tests need of the others."""

    name = "Elasticsearch 8"
    version = "8.19.21"
    roles = "[master,data,ingest]"
    has_ingest_processors = False

    def prepare(self) -> None:
        self.library = cache_folder(f"elasticsearch-{self.version}")
        with only_one(self.library):
            jars, modules = self.library / "jars", self.library / "modules"
            netty, own = modules / "transport-netty4", modules / "for-tests"
            download_jars(f"org.elasticsearch:elasticsearch:{self.version}", jars)
            download_jars(f"org.elasticsearch.plugin:transport-netty4:{self.version}", self.library / "netty")
            self._module(netty, "org.elasticsearch.transport.netty4.Netty4Plugin")
            self._module(own, "TestModule")
            for jar in (self.library / "netty").glob("*.jar"):
                if not (jars / jar.name).exists():
                    shutil.copy(jar, netty)
            compile_java("TestModule", self.test_module(), jars, self.library / "own", self.oldest_java)
            with zipfile.ZipFile(own / "for-tests.jar", "w") as packed:
                for compiled in (self.library / "own").glob("*.class"):
                    packed.write(compiled, compiled.name)
            source = (JAVA_FOLDER / "TestElasticsearch.java").read_text()
            compile_java("TestElasticsearch", source, jars, self.library / "classes", self.oldest_java)

    def arguments(self) -> Sequence[str | Path]:
        classes = f"{self.library / 'classes'}:{self.library / 'jars'}/*"
        return ["-cp", classes, "TestElasticsearch", self.folder, self.library / "modules"]

    def test_module(self) -> str:
        """The source of the second module."""
        return (JAVA_FOLDER / "TestModule.java").read_text()

    def clean(self) -> None:
        self.settings_now(action__destructive_requires_name="false")
        super().clean()

    def _module(self, folder: Path, plugin: str) -> None:
        """A module's folder with its descriptor; its jars are put beside that."""
        folder.mkdir(parents=True, exist_ok=True)
        described = {
            "name": folder.name,
            "description": folder.name,
            "version": self.version,
            "classname": plugin,
            "java.version": self.oldest_java,
            "elasticsearch.version": self.version,
            "has.native.controller": "false",
        }
        lines = [f"{key}={value}" for key, value in described.items()]
        (folder / "plugin-descriptor.properties").write_text("\n".join(lines))


class Elasticsearch9(Elasticsearch8):
    """The core of version 9, whose classes are for Java 21."""

    name = "Elasticsearch 9"
    version = "9.5.3"
    oldest_java = 21

    def test_module(self) -> str:
        parameters = "RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features"
        return re.sub(r"(?s)getRestHandlers\(.*?\)", f"getRestHandlers({parameters})", super().test_module())


def under_old_names(launcher: str) -> str:
    """OpenSearch's runner is that of Elasticsearch 7 under new names."""
    return (
        launcher.replace("OpenSearchRunner", "ElasticsearchClusterRunner")
        .replace("org.codelibs.opensearch", "org.codelibs.elasticsearch")
        .replace("org.opensearch", "org.elasticsearch")
    )
