"""Run the pipelines of a configuration until told to stop."""

from __future__ import annotations

import click

EXAMPLES = """\b
Examples:
  logsluice run pipeline.yaml
  QUEUE=https://sqs.eu-central-1.amazonaws.com/123456789012/logs logsluice run examples/s3-sqs.yaml
  logsluice run -e 'pipelines: [{source: {type: files, paths: ["-"]}, outputs: [stdout]}]' < app.log
"""


@click.command("run", epilog=EXAMPLES, short_help=__doc__)
@click.argument("file", required=False, metavar="CONFIG")
@click.option("-e", "text", metavar="TEXT", help="The configuration itself instead of a file.")
def command(file: str | None, text: str | None) -> int:
    """Run the pipelines of a configuration until told to stop.

    SIGTERM or Ctrl-C stops receiving, finishes what is in hand within `shutdown_timeout` and exits with 0; a second one
    ends at once. Either way nothing that was acknowledged is lost.
    """
    from logsluice.config.assemble import assemble
    from logsluice.config.check import refusals
    from logsluice.config.load import load_file, load_text
    from logsluice.errors import ConfigError
    from logsluice.hosts.daemon import Daemon

    if (file is None) == (text is None):
        raise click.UsageError("give a CONFIG file, or -e TEXT")
    configuration = load_file(file) if file is not None else load_text(text or "")
    if refused := list(refusals(configuration)):
        raise ConfigError(refused)
    services = assemble(configuration)
    timeout = max(pipeline.shutdown_timeout for pipeline in configuration.model.pipelines)
    Daemon(services, shutdown_timeout=timeout).run()
    return 0
