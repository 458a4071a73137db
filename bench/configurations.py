"""Events a second through whole Logstash configurations, of the kinds that people wrote for AWS logs.

    python -m bench.configurations [alb waf vpc_flow] [--events 20000] [--rounds 5]

The lines of one object become bulk requests: decoding, every filter, encoding; nothing is sent. Beside each stands the
native format for the same lines, in the same run: the ratio is the median of the rounds' ratios of our time to its.
By the clock, for `ruby` works in another process (the one of `waf`).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bench import data
from bench.filters import ALB, FLOW
from bench.run import payload_of
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.hosts import memory
from logsluice.pipeline import Pipeline
from tests import mmdb

OUTPUT = 'output { elasticsearch { hosts => ["127.0.0.1:9"] index => "%s-%%{+YYYY.MM.dd}" } }'
FILTERS = {
    "alb": """
        if [type] == "alb" {
          grok { match => [ "message", '[a-z0-9]+ %(alb)s' ] }
          date { match => [ "timestamp", "ISO8601" ] }
          geoip { source => "clientip" database => "%(city)s" }
        }""",
    "waf": """
        if [type] == "waf" {
          json { source => "message" }
          date { match => [ "[timestamp]", "UNIX_MS" ] }
          geoip { source => [ "[httpRequest][clientIp]" ] target => geoip database => "%(city)s" }
          ruby { code => 'event.get("[httpRequest][headers]").each { |kv| event.set(kv["name"], kv["value"]) }' }
        }""",
    "vpc_flow": """
        if "OK" in [message] {
          dissect { mapping => { "message" => "%(flow)s" } }
          date { match => [ "start", "UNIX" ] }
          geoip { source => "srcaddr" target => "src_geoip" database => "%(city)s" }
          fingerprint { source => "message" target => "[@metadata][fingerprint]" method => "MURMUR3" }
        }""",
}


def pipeline(name: str, database: Path) -> Pipeline:
    """The pipeline of a configuration; not opened."""
    # a native flow log line has as many columns as its version: the last names are left out
    flow = " ".join(f"%{{{field}}}" for field in FLOW[:14])
    filters = FILTERS[name] % {"alb": ALB, "city": database, "flow": flow}
    text = f"input {{ stdin {{ type => {name} }} }} filter {{ {filters} }} {OUTPUT % name.replace('_', '-')}"
    (service,) = assemble(load_text(text))
    return service.pipeline


def native(name: str) -> Pipeline:
    """The native format into the same output."""
    (service,) = assemble(
        load_text(
            f"pipelines: [{{source: {{type: files, paths: ['-']}}, format: {name},"
            " outputs: [{opensearch: {hosts: ['http://127.0.0.1:9']}}]}]"
        )
    )
    return service.pipeline


def seconds(chosen: Pipeline, path: Path) -> float:
    """For one object, from its bytes to bulk lines."""
    before = time.perf_counter()
    for piece in chosen.decoder.decode(payload_of(path)):
        events = piece.events
        for each in chosen.filters:
            events = each.apply(events, lambda _, reason: print(reason))
        for sender in chosen.senders:
            sender.output.sink.encode(events, lambda _, reason: print(reason))
    return time.perf_counter() - before


def compare(name: str, events: int, rounds: int, database: Path) -> str:
    """One row of the table."""
    path = data.path_of(name, events)
    translated, plain = pipeline(name, database), native(name)
    ours, beside = [], []
    for _ in range(rounds + 1):
        ours.append(seconds(translated, path))
        beside.append(seconds(plain, path))
    ratios = [own / other for own, other in zip(ours[1:], beside[1:], strict=True)]  # the first one warms up
    speeds = (f"{events / statistics.median(side[1:]):,.0f}" for side in (ours, beside))
    return f"| {name} | {' | '.join(speeds)} | {statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f}) |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configurations", nargs="*", help=f"of {', '.join(FILTERS)}; all by default")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    memory.settle()
    print("| configuration | events/s | native format | time against it (min-max) |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        networks = {"0.0.0.0/1": mmdb.LONDON, "128.0.0.0/1": mmdb.LONDON}
        database = mmdb.write(Path(folder, "city.mmdb"), "GeoLite2-City", networks)
        for name in options.configurations or FILTERS:
            print(compare(name, options.events, options.rounds, database), flush=True)


if __name__ == "__main__":
    main()
