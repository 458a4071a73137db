"""What an s3logsbeat.yml may say around its inputs and output that means nothing here, and why."""

from __future__ import annotations

from collections.abc import Iterator

from logsluice.compat.s3logsbeat.native import NO_EFFECT
from logsluice.compat.s3logsbeat.options import Root
from logsluice.compat.s3logsbeat.values import is_off
from logsluice.config.document import Path

_OF_OURS = "write the `http` of a configuration of ours: see /health and /metrics"
_AT_ROOT = {
    "max_procs": NO_EFFECT,
    "monitoring": _OF_OURS,
    "xpack": _OF_OURS,
    "http": _OF_OURS,
    "keystore": "there is no keystore: put secrets into environment variables, and ${NAME} into the file",
    "seccomp": NO_EFFECT,
    "migration": NO_EFFECT,
    "timestamp": NO_EFFECT,
}
_QUEUE = {"spool": "nothing is kept on the disk: what is not delivered stays in SQS"}
_FLUSH = {"timeout": "requests are sent as soon as there is something to send"}
_LOGGING = dict.fromkeys(
    ("selectors", "to_files", "to_syslog", "to_eventlog", "files", "metrics", "ecs"), "the log goes to standard error"
)
_SETUP = dict.fromkeys(("kibana", "dashboards"), "there are no dashboards") | {
    "ilm": "make the policy in the cluster, and name its alias in output.elasticsearch.index"
}
_TEMPLATE = dict.fromkeys(
    ("name", "pattern", "fields", "settings", "append_fields", "type", "order"),
    "index templates are made from the format's fields, or taken from setup.template.json",
)
_PATH = {"logs": "the log goes to standard error"}


def ignored(root: Root) -> Iterator[tuple[Path, str]]:
    """The options that are given and not off, each with a sentence."""
    held = (
        (root, _AT_ROOT, ()),
        (root.queue, _QUEUE, ("queue",)),
        (root.queue.mem.flush, _FLUSH, ("queue", "mem", "flush")),
        (root.logging, _LOGGING, ("logging",)),
        (root.path, _PATH, ("path",)),
        (root.setup, _SETUP, ("setup",)),
        (root.setup.template, _TEMPLATE, ("setup", "template")),
    )
    for given, names, place in held:
        for name, why in names.items():
            if name in given.model_fields_set and not is_off(getattr(given, name)):
                yield (*place, name), why
