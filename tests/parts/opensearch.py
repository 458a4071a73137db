"""A real OpenSearch 2.19 node, plain or with its security plugin (https, users, roles).

Needs Java 17 and, the first time, Maven: the jars are copied once into the cache folder.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import ssl
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from tests.parts import PartError, Server, cache_folder, free_port, run_tool

VERSION = "2.19.1"
JAVA_FOLDER = Path(__file__).parent / "java"
# C1 alone and the serial collector halve the time to start on two cores
JAVA_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class OpenSearch(Server):
    """One node, single-node discovery, ingest role, on 127.0.0.1 only.

    Args:
        folder: Its data and logs.
        settings: What would stand in opensearch.yml; a list as `[a,b]`.
    """

    name = "OpenSearch"

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self.transport_port = free_port()
        self.settings = dict(settings or {})
        self.http = urllib3.PoolManager(retries=False, timeout=30.0)

    def prepare(self) -> None:
        self.library = node_library()

    def command(self) -> Sequence[str | Path]:
        settings = {
            "network.host": "127.0.0.1",
            "http.port": str(self.port),
            "transport.port": str(self.transport_port),
            "node.roles": "[cluster_manager,data,ingest]",
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self.settings,
        }
        pairs = [f"{name}={value}" for name, value in settings.items()]
        classes = f"{self.library / 'classes'}:{self.library / 'jars'}/*"
        return ["java", *JAVA_OPTIONS, "-cp", classes, "TestNode", self.folder, *pairs]

    def healthy(self) -> bool:
        try:
            return bool(self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")[0] == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request with a JSON body, past all that is tested: the status, and the answer (text if not JSON)."""
        data = None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, self.url + path, body=data, headers=self.headers())
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.data) if is_json else answer.data.decode()

    def headers(self) -> dict[str, str]:
        """Sent with every `call`."""
        return {"content-type": "application/json"}

    def clean(self) -> None:
        """As if freshly started, in milliseconds: no index, template or setting of a test before."""
        none = {"transient": {"*": None}, "persistent": {"*": None}}
        self.call("PUT", "/_cluster/settings", none)
        indices = self.call("GET", "/_cat/indices?format=json&h=index&expand_wildcards=all")[1]
        names = [row["index"] for row in indices if not row["index"].startswith(".")]
        for name in names:
            # a blocked index can't be deleted before its block is lifted
            blocks = dict.fromkeys(("read_only", "read_only_allow_delete", "write", "metadata"))
            self.call("PUT", f"/{name}/_settings", {f"index.blocks.{block}": None for block in blocks})
            self.call("DELETE", f"/{name}")
        self.call("DELETE", "/_index_template/*")

    def settings_now(self, **transient: Any) -> None:
        """Change cluster settings while it runs; `__` in a name stands for the dot. None takes a setting back."""
        named = {name.replace("__", "."): value for name, value in transient.items()}
        status, answer = self.call("PUT", "/_cluster/settings", {"transient": named})
        assert status == 200, answer

    def documents(self, index: str) -> dict[str, dict[str, Any]]:
        """All documents of an index (or pattern) by `_id`, freshly refreshed; none when there is no such index."""
        self.call("POST", f"/{index}/_refresh?ignore_unavailable=true")
        query = {"size": 10000, "sort": [{"_doc": "asc"}]}
        status, answer = self.call("POST", f"/{index}/_search?ignore_unavailable=true", query)
        assert status == 200, answer
        assert answer["hits"]["total"]["value"] <= 10000, "too many documents for one page"
        return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


class SecureOpenSearch(OpenSearch):
    """With the security plugin: https by a CA of its own, user `admin` with password `admin`, others by `add_user`."""

    name = "OpenSearch with its security plugin"
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


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Several test runs share the cache: one of them fills a folder, the others wait for it."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def maven(goal: str, **properties: str | Path) -> None:
    """One goal of Maven's dependency plugin. Raises PartError."""
    defined = [f"-D{name}={value}" for name, value in properties.items()]
    plugin = "org.apache.maven.plugins:maven-dependency-plugin"
    run_tool("mvn", "-q", "-B", "-f", JAVA_FOLDER / "pom.xml", f"{plugin}:{goal}", *defined)


def node_library() -> Path:
    """The folder with the node's jars and the compiled launcher; downloaded the first time. Raises PartError."""
    folder = cache_folder(f"opensearch-{VERSION}")
    with only_one(folder):
        jars, classes = folder / "jars", folder / "classes"
        if not (folder / "jars.done").exists():
            maven("copy-dependencies", outputDirectory=jars, includeScope="runtime")
            (folder / "jars.done").touch()
        source, compiled = JAVA_FOLDER / "TestNode.java", classes / "TestNode.class"
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            run_tool("javac", "-cp", f"{jars}/*", "-d", classes, source)
    return folder


def security_plugin(library: Path) -> Path:
    """The unpacked security plugin, without the jars that are on the node's class path already ("jar hell")."""
    folder = cache_folder(f"opensearch-security-{VERSION}")
    with only_one(folder):
        plugin = folder / "plugin"
        if not (folder / "plugin.done").exists():
            maven("copy", artifact=f"org.opensearch.plugin:opensearch-security:{VERSION}.0:zip", outputDirectory=folder)
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


def artifact_name(jar: Path) -> str:
    """`guava` of `guava-32.1.3-jre.jar`."""
    words = jar.stem.split("-")
    version = next((i for i, word in enumerate(words) if word[:1].isdigit()), len(words))
    return "-".join(words[:version])


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
