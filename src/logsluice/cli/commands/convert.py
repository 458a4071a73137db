"""Print Logstash's and S3logsbeat's configurations as YAML."""

from __future__ import annotations

import os
import sys

import click

from logsluice.cli.messages import report

EXAMPLES = """\b
Examples:
  logsluice convert pipeline/waf.conf > waf.yaml
  logsluice convert /etc/logstash > pipelines.yaml
  logsluice convert --fix alb.conf > alb.yaml
  logsluice convert s3logsbeat.yml > logsluice.yaml
"""


@click.command("convert", epilog=EXAMPLES, short_help=__doc__)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--fix", is_flag=True, help="Mend what `check` warns of, where there is one way only to do it.")
def command(files: tuple[str, ...], fix: bool) -> int:
    """Print Logstash's and S3logsbeat's configurations as YAML, which does the same when it is run.

    A FILE is a file, a folder or a pattern; several are joined to one pipeline. A folder with pipelines.yml gives all
    its pipelines. ${NAME} stays as it is. Relative paths start from the folder of a YAML file, and from the folder
    where it is started for Logstash. Comments at the head name what has no counterpart.
    """
    from logsluice.compat.logstash.convert import converted
    from logsluice.compat.s3logsbeat.convert import converted as converted_beat
    from logsluice.compat.s3logsbeat.load import is_file_of_beat

    if len(files) == 1 and is_file_of_beat(files[0]):
        sys.stdout.write(converted_beat(files, os.environ))
        return 0
    text, mended = converted(files, os.environ, fix=fix)
    for sentence in mended:
        report(sentence, label="mended")
    sys.stdout.write(text)
    return 0
