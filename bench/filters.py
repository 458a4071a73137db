"""Events a second through one filter, against the bare library that does its work, on the same lines.

    python -m bench.filters [grok dissect json+date+geoip ruby] [--events 20000] [--rounds 7]

Both sides run in this process, in turn, in CPU time (`ruby`, which works in another process, by the clock); the ratio
is the median of the rounds' ratios of our time to the bare one's. A batch has as many events as a piece of the
decoder's.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import maxminddb
import orjson

from bench import data
from logsluice.branches import Chain
from logsluice.components import Context
from logsluice.filters import date, dissect, geoip, grok, json, python, ruby
from logsluice.filters.grok.expand import compile_grok
from logsluice.filters.grok.library import builtin
from logsluice.hosts import memory
from logsluice.model import Event, Filter
from tests import mmdb

BATCH = 1000

ALB = (
    r"%{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IP:clientip}:%{INT:clientport:int} "
    r"(?:(%{IP:backendip}:?:%{INT:backendport:int})|-) %{NUMBER:request_processing_time:float} "
    r"%{NUMBER:backend_processing_time:float} %{NUMBER:response_processing_time:float} "
    r"(?:-|%{INT:elb_status_code:int}) (?:-|%{INT:backend_status_code:int}) %{INT:received_bytes:int} "
    r"%{INT:sent_bytes:int} \"%{ELB_REQUEST_LINE}\" \"(?:-|%{DATA:user_agent})\" (?:-|%{NOTSPACE:ssl_cipher}) "
    r"(?:-|%{NOTSPACE:ssl_protocol})"
)
"""A pattern as people write it for load balancers."""

FLOW = (
    *("account-id", "action", "bytes", "dstaddr", "dstport", "end", "instance-id", "interface-id", "log-status"),
    *("packets", "pkt-dstaddr", "pkt-srcaddr", "protocol", "srcaddr", "srcport", "start", "subnet-id", "tcp-flags"),
    *("type2", "version", "vpc-id"),
)
"""All the fields of a flow log, as people name them for `dissect`."""


@dataclass(frozen=True, slots=True)
class Case:
    """A filter, what it is compared with, and the lines for both."""

    filter: Filter
    bare: Callable[[str], object]
    line: Callable[[random.Random], str]
    clock: Callable[[], float] = time.process_time


def grok_case() -> Case:
    made = grok.build(grok.Config(match={"message": (ALB,)}), Context())
    return Case(made, compile_grok(ALB, builtin()).pattern.search, data.alb)


def dissect_case() -> Case:
    """Against `re` with a group for each field; `regex` takes three times as long."""
    pattern = " ".join(f"%{{{name}}}" for name in FLOW)
    made = dissect.build(dissect.Config(mapping={"message": pattern}, semantics="logstash"), Context())
    groups = " ".join(f"(?P<{name.replace('-', '_')}>[^ ]*)" for name in FLOW[:-1])
    match = re.compile(rf"{groups} (?P<rest>.*)", re.DOTALL).match
    return Case(made, lambda line: match(line).groupdict(), flow_line)  # type: ignore[union-attr]


def flow_line(r: random.Random) -> str:
    """One with a value for each of FLOW."""
    values = data.vpc_flow(r).split()
    return " ".join([*values, *values][: len(FLOW)]) + "\n"


def waf_case() -> Case:
    """Against orjson, `datetime` and the database's reader; every address is known."""
    with tempfile.TemporaryDirectory() as folder:
        path = mmdb.write(
            Path(folder, "city.mmdb"), "GeoLite2-City", {"0.0.0.0/1": mmdb.LONDON, "128.0.0.0/1": mmdb.LONDON}
        )
        made = Chain(
            [
                json.build(json.Config(source="message"), Context()),
                date.build(date.Config(match=["timestamp", "UNIX_MS"]), Context()),
                geoip.build(geoip.Config(source="[httpRequest][clientIp]", database=str(path)), Context()),
            ]
        )
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)

    def bare(line: str) -> object:
        fields = orjson.loads(line)
        moment = datetime.fromtimestamp(fields["timestamp"] / 1000, UTC)
        return fields, moment, reader.get(fields["httpRequest"]["clientIp"])

    return Case(made, bare, data.waf)


def ruby_case() -> Case:
    """Headers become fields, after `json`; against the same work by the filter `python`."""
    read = json.build(json.Config(source="message"), Context())
    headers = 'event.get("[httpRequest][headers]").each { |kv| event.set(kv["name"], kv["value"]) }'
    made = Chain([read, ruby.build(ruby.Config(code=headers), Context())])
    code = "for item in get('[httpRequest][headers]'):\n    put(item['name'], item['value'])"
    ours = Chain([read, python.build(python.Config(code=code), Context())])
    return Case(
        made, lambda line: ours.apply([{"message": line, "@metadata": {}}], print), data.waf, clock=time.perf_counter
    )


CASES: dict[str, Callable[[], Case]] = {
    "grok": grok_case,
    "dissect": dissect_case,
    "json+date+geoip": waf_case,
    "ruby": ruby_case,
}


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    before = clock()
    work()
    return clock() - before


def apply(made: Filter, batches: Iterator[list[Event]]) -> None:
    for batch in batches:
        made.apply(batch, lambda _, reason: print(reason))


def batches(lines: Sequence[str]) -> Iterator[list[Event]]:
    for at in range(0, len(lines), BATCH):
        yield [{"message": line, "@metadata": {}} for line in lines[at : at + BATCH]]


def compare(name: str, events: int, rounds: int) -> str:
    """One row of the table."""
    case = CASES[name]()
    r = random.Random(name)
    lines = [case.line(r) for _ in range(events)]
    ours, bare = [], []
    for _ in range(rounds + 1):
        bare.append(seconds(lambda: [case.bare(line) for line in lines], case.clock))
        ours.append(seconds(lambda: apply(case.filter, batches(lines)), case.clock))
    ratios = [own / theirs for own, theirs in zip(ours[1:], bare[1:], strict=True)]  # the first one warms up
    speed, theirs = (events / statistics.median(side[1:]) for side in (ours, bare))
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    return f"| {name} | {speed:,.0f} | {theirs:,.0f} | {spread} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filters", nargs="*", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    memory.settle()
    print("| filter | events/s | bare library | time against it (min-max) |\n|---|---|---|---|")
    for name in options.filters or CASES:
        print(compare(name, options.events, options.rounds), flush=True)


if __name__ == "__main__":
    main()
