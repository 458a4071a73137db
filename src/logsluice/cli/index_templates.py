"""The index templates of a configuration, for the commands that print them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from logsluice.cluster.templates import Cluster
    from logsluice.config.load import Configuration

_CLUSTER = re.compile(r"(opensearch|elasticsearch)(?::(\d+)(?:\.(\d+)[\d.]*)?)?")

cluster_option = click.option(
    "--cluster",
    "runs",
    default="opensearch",
    show_default=True,
    metavar="NAME[:VERSION]",
    help="The cluster that templates are printed for: opensearch, opensearch:2.5, elasticsearch.",
)


def templates_of(configuration: Configuration, runs: str) -> dict[str, dict[str, Any]]:
    """The templates that its outputs install, or would, by their names. Connects to nothing.

    Args:
        configuration: What would be run.
        runs: What the cluster runs, as `--cluster` takes it.

    Raises:
        BadParameter: No cluster is called so.
        ConfigError: The configuration can't be run.
        Misused: No output needs a template.
    """
    from logsluice.cli.messages import Misused
    from logsluice.config.assemble import assemble
    from logsluice.sinks.opensearch.sink import OpenSearchSink
    from logsluice.sinks.opensearch.templating import bodies

    cluster = _cluster(runs)
    sinks = [sender.output.sink for service in assemble(configuration) for sender in service.pipeline.senders]
    needed = [each for sink in sinks if isinstance(sink, OpenSearchSink) for each in sink.templates]
    if not needed:
        raise Misused(
            "no output of it needs an index template", "only `opensearch` does, without a `template` of yours"
        )
    return bodies(needed, cluster)


def _cluster(runs: str) -> Cluster:
    from logsluice.cluster.templates import Cluster

    known = _CLUSTER.fullmatch(runs)
    if known is None:
        raise click.BadParameter("write opensearch, opensearch:2.5 or elasticsearch", param_hint="--cluster")
    if known[2] is None:
        return Cluster(known[1])
    return Cluster(known[1], (int(known[2]), int(known[3] or 0)))
