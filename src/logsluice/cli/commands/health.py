"""Say whether what runs here is well, by an exit code: for containers without ports."""

from __future__ import annotations

import click

EXAMPLES = """\b
Examples:
  logsluice health
  logsluice health --ready --config pipeline.yaml
  logsluice health http://127.0.0.1:8686
"""

SECONDS = 5.0


@click.command("health", epilog=EXAMPLES, short_help=__doc__)
@click.argument("url", required=False, metavar="[URL]")
@click.option("--config", "file", metavar="FILE", help="Only what runs this configuration.")
@click.option("--ready", is_flag=True, help="Ask whether it receives and delivers, not only whether it lives.")
def command(url: str | None, file: str | None, ready: bool) -> int:
    """Say whether what runs here is well, by an exit code: for containers without ports.

    Exit code 0 when it is, 1 when it is not or when nothing runs. Without a URL it reads the status file that
    `logsluice run` of the same user on the same machine (in the same container) keeps; with one it asks over HTTP.
    Use it without --ready where a bad answer restarts something: an outage of an output is not cured by that.
    """
    from logsluice.cli.messages import printable

    if url is not None and file is not None:
        raise click.UsageError("give a URL or --config, not both")
    question = "ready" if ready else "live"
    good, sentence = _asked(url, question) if url is not None else _read(file, question)
    click.echo(printable(sentence))
    return 0 if good else 1


def _asked(url: str, question: str) -> tuple[bool, str]:
    import orjson
    import urllib3

    address = f"{url.rstrip('/')}/health/{question}"
    try:
        answer = urllib3.request("GET", address, timeout=SECONDS, retries=False)
        told = orjson.loads(answer.data)
        reasons = [str(reason["reason"]) for reason in told["reasons"]]
    except urllib3.exceptions.HTTPError as error:
        return False, f"{address} can't be asked: {error}"
    except (ValueError, KeyError, TypeError):
        return False, f"{address} does not answer as logsluice does (status {answer.status})"
    return answer.status == 200, _sentence(question, reasons)


def _read(file: str | None, question: str) -> tuple[bool, str]:
    from logsluice.hosts.status import together
    from logsluice.hosts.status_file import running

    found = list(running(file))
    if not found:
        return False, f"nothing runs {file}" if file else "no `logsluice run` is running here"
    whole = together({str(number): status for number, status in enumerate(found, 1)}) if len(found) > 1 else found[0]
    good, _ = whole.answer(question)
    reasons = [*whole.dead, *(whole.unready if question == "ready" else ())]
    return good, _sentence(question, list(map(str, reasons)))


def _sentence(question: str, reasons: list[str]) -> str:
    return f"not {question}: {'; '.join(reasons)}" if reasons else question
