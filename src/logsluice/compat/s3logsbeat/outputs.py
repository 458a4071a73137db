"""S3logsbeat's outputs in native words: a function for each, found by its name.

Facts: Beats Platform Reference 6.8, "Configure the output" and "Specify SSL settings".
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from logsluice.compat.s3logsbeat.format_strings import formatted
from logsluice.compat.s3logsbeat.hosts import hosts_of
from logsluice.compat.s3logsbeat.native import Native, seconds
from logsluice.compat.s3logsbeat.options import Root
from logsluice.compat.s3logsbeat.output_options import Codec, Console, Elasticsearch, File, Logstash, Network, Ssl
from logsluice.compat.s3logsbeat.selections import selection
from logsluice.components import names

NAME = "s3logsbeat"
VERSION = "6.0.2"
"""Of the beat, in names of indexes, `beat.version` and `@metadata.version`: S3logsbeat's own in its last release."""

DOCUMENT_TYPE = "doc"
"""What beats before 7 say to Logstash."""

SAID_OF_EVENTS = {"beat": NAME, "type": DOCUMENT_TYPE, "version": VERSION}
"""`@metadata` of every event, beside its `_id` and `format`, where there is JSON (libbeat's codec `json`)."""

DEFAULT_INDEX = "s3logsbeat-%{[beat.version]}-%{+yyyy.MM.dd}"
LUMBERJACK = "lumberjack"
MOST_EVENTS = 100_000

REFUSED = {
    "redis": "write to a cluster, a file or S3 instead, or let Logstash (output.logstash) pass events on to Redis",
    "kafka": "write to a cluster, a file or S3 instead, or let Logstash (output.logstash) pass events on to Kafka",
}
"""Outputs of beats that there are none of here, and what to do."""

_TRIED_AGAIN = ("max_retries", "backoff")
_UNTIL_DELIVERED = "events are tried again until they are delivered, and never dropped"


def beat(root: Root) -> dict[str, str]:
    """`beat` of every event: the name is the host's, unless the file says one."""
    host = socket.gethostname()
    return {"hostname": host, "name": root.name or host, "version": VERSION}


def translate(root: Root) -> tuple[str, Native]:
    """The output of a file, and its name there.

    Raises:
        ValueError: There is none, or there are several.
    """
    given = {name: getattr(root.output, name) for name in TRANSLATIONS}
    enabled = [name for name, output in given.items() if output is not None and output.enabled]
    if len(enabled) != 1:
        said = "no output is enabled" if not enabled else f"{' and '.join(enabled)} are enabled, and one may be"
        raise ValueError(f"{said}: name one of {', '.join(f'output.{name}' for name in TRANSLATIONS)}")
    return enabled[0], TRANSLATIONS[enabled[0]](given[enabled[0]], root)


def _elasticsearch(given: Elasticsearch, root: Root) -> Native:
    native = Native("opensearch")
    _cluster(native, given, root)
    _names(native, given, root)
    native.put("api_key", given.api_key)
    native.put("proxy", given.proxy_url, "proxy_url")
    native.put("headers", given.headers or None)
    if any(name.lower() == "authorization" for name in given.headers):
        native.refused.append(("headers", "write `username` and `password`, or `api_key`, instead of `Authorization`"))
    native.put("timeout", None if given.timeout is None else seconds(given.timeout))
    native.put(
        "compress", None if given.compression_level is None else given.compression_level > 0, "compression_level"
    )
    native.put("request_events", _most_events(given, root), "bulk_max_size")
    if given.ssl is not None and given.ssl.enabled:
        _ssl(native, given.ssl)
    native.ignore(given, *_TRIED_AGAIN, why=_UNTIL_DELIVERED)
    native.ignore(given, "loadbalance", "slow_start", "escape_html")
    native.ignore(given, "template", why="write setup.template")
    native.ignore(given, "ilm", why="make the policy in the cluster, and name its alias in output.elasticsearch.index")
    native.refuse(given, "kerberos", why="use a password, an api_key or a client certificate")
    _template(native, root)
    return native


def _cluster(native: Native, given: Elasticsearch, root: Root) -> None:
    """Where it is, and who we are."""
    user, password = given.username, given.password
    if root.cloud.id is not None:
        native.put("cloud_id", root.cloud.id, "cloud.id")
    else:
        try:
            hosts = hosts_of(given)
        except ValueError as error:
            native.refused.append(("hosts", str(error)))
            return
        native.put("hosts", [host.url for host in hosts])
        if hosts:
            user, password = hosts[0].user, hosts[0].password
    cloud_user, _, cloud_password = (root.cloud.auth or "").partition(":")
    native.put("user", cloud_user or user, "cloud.auth" if cloud_user else "username")
    native.put("password", cloud_password or password, "cloud.auth" if cloud_password else "password")


def _most_events(given: Network, root: Root) -> int | None:
    """Events of one request; None where neither the output nor the queue says so.

    A queue that waits for `flush.min_events` hands them on in batches of so many (package `memqueue` of beats 6).
    """
    said = [most for most in (given.bulk_max_size, root.queue.mem.flush.min_events) if most is not None and most > 0]
    return min(*said, root.queue.mem.events, MOST_EVENTS) if said else None


def _names(native: Native, given: Elasticsearch, root: Root) -> None:
    """The index and the pipeline, which may depend on the event."""
    constants = {f"{name}.{part}": value for name in ("beat", "agent") for part, value in beat(root).items()}
    pipeline = given.pipeline or given.parameters.get("pipeline")
    for option, value in (("index", given.index or DEFAULT_INDEX), ("pipeline", pipeline)):
        try:
            native.put(option, None if value is None else formatted(value, constants))
        except ValueError as error:
            native.refused.append((option, str(error)))
    for option, name, rules in (("index", "indices", given.indices), ("pipeline", "pipelines", given.pipelines)):
        try:
            if rules:
                native.selections[option] = selection(rules, option, lambda text: formatted(text, constants))
        except ValueError as error:
            native.refused.append((name, str(error)))
    native.warnings += [
        (f"parameters.{name}", "requests have no parameters here") for name in given.parameters if name != "pipeline"
    ]


def _ssl(native: Native, given: Ssl) -> None:
    mode = given.verification_mode
    native.put("verify_certificates", False if mode == "none" else None, "ssl.verification_mode")
    if mode == "certificate":
        native.warnings.append(("ssl.verification_mode", "the host's name is checked as well"))
    if len(given.certificate_authorities) > 1:
        native.refused.append(("ssl.certificate_authorities", "put all authorities into one file, in PEM form"))
    elif given.certificate_authorities:
        native.put("ca_file", given.certificate_authorities[0], "ssl.certificate_authorities")
    native.put("ca_fingerprint", given.ca_trusted_fingerprint, "ssl.ca_trusted_fingerprint")
    native.put("client_certificate", given.certificate, "ssl.certificate")
    native.put("client_key", given.key, "ssl.key")
    native.put("client_key_password", given.key_passphrase, "ssl.key_passphrase")
    native.refuse(given, "ca_sha256", why="name the authority in ssl.certificate_authorities", under="ssl.")
    native.ignore(given, "supported_protocols", "cipher_suites", "curve_types", "renegotiation", under="ssl.")


def _template(native: Native, root: Root) -> None:
    template = root.setup.template
    if not template.enabled:
        native.put("manage_template", False, "setup.template.enabled")
    elif template.json_.enabled:
        native.put("template", template.json_.path, "setup.template.json.path")
        native.put("template_name", template.json_.name, "setup.template.json.name")
        native.put("template_overwrite", template.overwrite or None, "setup.template.overwrite")


def _console(given: Console, root: Root) -> Native:
    native = Native("stdout")
    _codec(native, given.codec, given.pretty, root)
    native.ignore(given, "bulk_max_size")
    return native


def _file(given: File, root: Root) -> Native:
    native = Native("file")
    native.put("path", f"{given.path.rstrip('/')}/{given.filename}")
    native.put("rotate_size", f"{given.rotate_every_kb}KiB", "rotate_every_kb")
    native.put("mode", given.permissions.zfill(4), "permissions")
    _codec(native, given.codec, False, root)
    native.ignore(given, "number_of_files", why="old files are never removed here: let logrotate do it")
    return native


def _codec(native: Native, codec: Codec | None, pretty: bool, root: Root) -> None:
    if codec is not None and codec.json_ is not None:
        pretty = pretty or codec.json_.pretty
        native.ignore(codec.json_, "escape_html", under="codec.json.")
    if codec is None or codec.format is None:
        native.put("codec", "pretty" if pretty else {"ndjson": {"metadata": SAID_OF_EVENTS}})
        return
    constants = {f"beat.{part}": value for part, value in beat(root).items()}
    try:
        native.put("codec", {"line": formatted(codec.format.string, constants)}, "codec.format.string")
    except ValueError as error:
        native.refused.append(("codec.format.string", str(error)))


def _logstash(given: Logstash, root: Root) -> Native:
    native = Native(LUMBERJACK)
    if LUMBERJACK not in names("sinks"):
        native.refused.append(("", "there is no output that speaks to Logstash in this installation"))
        return native
    native.put("hosts", list(given.hosts))
    native.put("loadbalance", given.loadbalance)
    native.put("compression_level", given.compression_level)
    native.put("beat", given.index or NAME, "index")
    native.options |= {"beat_version": VERSION, "document_type": DOCUMENT_TYPE}
    native.put("timeout", None if given.timeout is None else seconds(given.timeout))
    native.put("window", _most_events(given, root), "bulk_max_size")
    if given.ssl is not None and given.ssl.enabled:
        native.put("ssl", True)
        _ssl(native, given.ssl)
        if given.ssl.ca_trusted_fingerprint is not None:
            native.refused.append(("ssl.ca_trusted_fingerprint", "name the authority in ssl.certificate_authorities"))
    native.ignore(given, *_TRIED_AGAIN, why=_UNTIL_DELIVERED)
    native.ignore(given, "ttl", "pipelining", "slow_start", "escape_html", "proxy_use_local_resolver")
    native.refuse(given, "port", why="write it behind each host: hosts: [host:5044]")
    native.refuse(given, "proxy_url", why="there are no SOCKS proxies here: Logstash must be within reach")
    return native


TRANSLATIONS: dict[str, Callable[[Any, Root], Native]] = {
    "elasticsearch": _elasticsearch,
    "logstash": _logstash,
    "console": _console,
    "file": _file,
}
