"""See it work: AWS emulated on this machine, log objects of every format, made searchable."""

from __future__ import annotations

import itertools
import shlex
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logsluice.demo.aws import DemoAws
    from logsluice.demo.traffic import Traffic

MINUTES = 60
VISITS_A_MINUTE = 60
PAUSE_SECONDS = 5.0

EXAMPLES = """\b
Examples:
  logsluice demo --once
  logsluice demo --directory /tmp/demo
"""

PIPELINE = """\
pipelines:
  - name: demo
    source:
      type: s3_sqs
      queue: {queue}
      buckets: [{bucket}]
      aws: {{endpoint: "{endpoint}", region: {region}}}
    format: auto
    outputs:
      - store: {{path: store}}
"""


@click.command("demo", epilog=EXAMPLES, short_help=__doc__)
@click.option("--once", is_flag=True, help="End after the first load instead of writing on until Ctrl-C.")
@click.option(
    "--directory",
    default="logsluice-demo",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the store and the configuration go.",
)
def command(once: bool, directory: Path) -> int:
    """See it work: AWS emulated on this machine, log objects of every format, made searchable.

    Starts S3 and SQS on loopback, writes an hour of a made-up shop's logs into a bucket that announces them to a queue,
    and runs the same pipeline that would read them from AWS. No account, no credentials, no network.
    """
    from logsluice.cli.messages import program
    from logsluice.cli.progress import progress
    from logsluice.cli.shipping import Metered
    from logsluice.cli.summary import Times, plural, summary
    from logsluice.config.assemble import assemble
    from logsluice.config.load import load_text
    from logsluice.demo.aws import BUCKET, demo_aws
    from logsluice.demo.traffic import REGION, Traffic
    from logsluice.hosts.daemon import Daemon

    directory.mkdir(parents=True, exist_ok=True)
    with demo_aws() as aws:
        text = PIPELINE.format(queue=aws.queue, bucket=BUCKET, endpoint=aws.endpoint, region=REGION)
        (directory / "pipeline.yaml").write_text(text)
        [service] = assemble(load_text(text, str(directory / "pipeline.yaml"), directory))
        click.echo(f"S3 and SQS are emulated at {aws.endpoint}; the bucket {BUCKET} announces its objects to a queue")
        traffic = Traffic()
        count = _first_load(aws, traffic)
        click.echo(f"{plural(count, 'log object')} written; the pipeline is in {directory / 'pipeline.yaml'}\n")
        times = Times()
        counters = service.pipeline.counters
        service.pipeline.filters = (*service.pipeline.filters, times)
        meter = service.source = Metered(service.source)
        ended = threading.Event()
        if not once:
            click.echo("writing and reading on; Ctrl-C ends it\n")
            threading.Thread(target=_write_on, args=(aws, traffic, ended), daemon=True).start()
        began = time.monotonic()
        with progress(meter, counters) as tick:

            def watch() -> None:
                tick()
                if once and counters.total("payloads") + counters.total("source_faults") >= count:
                    daemon.stop()

            daemon = Daemon([service], tick=watch)
            daemon.run()
        ended.set()
    for line in summary(counters, times, meter.read, time.monotonic() - began, str(directory / "dead-letter")):
        click.echo(line)
    store = shlex.quote(str(directory / "store"))
    click.echo(f"\nnext:  {program()} search 'elb_status_code:>=500' --store {store} --count-by client_ip")
    click.echo(f"       {program()} search 'eventName:* AND NOT readOnly:true' --store {store}")
    return 0


def _first_load(aws: DemoAws, traffic: Traffic) -> int:
    """An hour of logs, up to the last full five minutes."""
    from datetime import UTC, datetime, timedelta

    from logsluice.demo.objects import log_objects, samples

    now = datetime.now(UTC)
    end = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    count = 0
    hour = log_objects(traffic, end - timedelta(minutes=MINUTES), MINUTES, VISITS_A_MINUTE)
    for item in itertools.chain(samples(end), hour):
        aws.put(item)
        count += 1
    return count


def _write_on(aws: DemoAws, traffic: Traffic, ended: threading.Event) -> None:
    """A minute of logs every few seconds, ending now."""
    from datetime import UTC, datetime, timedelta

    from logsluice.demo.objects import log_objects

    while not ended.wait(PAUSE_SECONDS):
        for item in log_objects(traffic, datetime.now(UTC) - timedelta(minutes=1), 1, VISITS_A_MINUTE):
            if ended.is_set():
                return
            aws.put(item)
