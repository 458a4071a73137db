from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters import python
from logsluice.filters.ruby import Config, build
from logsluice.filters.ruby._offers import instead
from logsluice.model import Event, Filter
from tests.parts import wait_until
from tests.parts.ruby import need_ruby

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)
ID = "20260131.00112233445566778899.0"


@pytest.fixture(autouse=True)
def _ruby(request: pytest.FixtureRequest) -> None:
    if "without_ruby" not in request.fixturenames:
        need_ruby()


@pytest.fixture
def without_ruby(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)


def made(code: str | None = None, **options: Any) -> Filter:
    return build(Config(code=code, **options), Context())


def event(**fields: Any) -> Event:
    return {"@timestamp": MOMENT, **fields, "@metadata": {"_id": ID, "position": 0, "format": "json"}}


def run(code: str | None, *events: Event, **options: Any) -> list[Event]:
    return made(code, **options).apply(list(events), lambda *_: pytest.fail("rejected"))


def fields(code: str, start: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """The one event that comes of one, without time and metadata."""
    [after] = run(code, event(**(start or {})), **options)
    return {name: value for name, value in after.items() if name not in ("@timestamp", "@metadata")}


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ('event.set("b", event.get("a").upcase)', {"a": "x"}, {"a": "x", "b": "X"}),
        ('event.set("[p][q]", [1, nil, 2.5, true])', {}, {"p": {"q": [1, None, 2.5, True]}}),
        ('event.set("[l][3]", "x")', {"l": [0]}, {"l": [0, None, None, "x"]}),
        ('event.set("last", event.get("[l][-1]"))', {"l": [1, 2]}, {"l": [1, 2], "last": 2}),
        ('event.set("none", event.get("[a][b][c]"))', {"a": "text"}, {"a": "text", "none": None}),
        ('event.set("was", event.remove("[a][b]"))', {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}, "was": 1}),
        ('event.remove("[l][0]")', {"l": [1, 2]}, {"l": [2]}),
        ('event.remove("missing")', {"a": 1}, {"a": 1}),
        (
            'event.set("has", [event.include?("a"), event.include?("[a][b]")])',
            {"a": None},
            {"a": None, "has": [True, False]},
        ),
        ('event.tag("x"); event.tag("x")', {}, {"tags": ["x"]}),
        ('event.tag("x")', {"tags": "one"}, {"tags": ["one", "x"]}),
        ('event.set("h", {sym: :bol, 1 => {"d" => :e}})', {}, {"h": {"sym": "bol", "1": {"d": "e"}}}),
        ('event.set("big", 10**20)', {}, {"big": 10**20}),
        ('event.get("o")["lost"] = 1', {"o": {}}, {"o": {}}),
        ('o = event.get("o"); o["kept"] = 1; event.set("o", o)', {"o": {}}, {"o": {"kept": 1}}),
        (
            'event.get("text") << "!"; event.get("[o][t]").upcase!',
            {"text": "a", "o": {"t": "b"}},
            {"text": "a!", "o": {"t": "B"}},
        ),
        ('event.set("keys", event.to_hash.keys.sort)', {"b": 1}, {"b": 1, "keys": ["@timestamp", "b"]}),
        ('return if event.get("a"); event.set("b", 1)', {"a": 1}, {"a": 1}),
        (
            'event.set("x", "\\xE9t\\xC3\\xA9")',
            {},
            {"x": "\N{REPLACEMENT CHARACTER}t\N{LATIN SMALL LETTER E WITH ACUTE}"},
        ),
        (
            'event.set("s", event.sprintf("%{a}-%{[o][t]}-%{no}-%{+yyyy.MM}"))',
            {"a": 1, "o": {"t": 2}},
            {"a": 1, "o": {"t": 2}, "s": "1-2-%{no}-2026.01"},
        ),
        ('event.set("s", event.sprintf("%{[broken"))', {}, {"s": "%{[broken"}),
        ('event.append(LogStash::Event.new("l" => [2], "m" => 1))', {"l": [1]}, {"l": [1, 2], "m": 1, "@version": "1"}),
        (
            'event.set("j", LogStash::Json.load("[1]")); event.set("k", LogStash::Json.dump({"a" => 1}))',
            {},
            {"j": [1], "k": '{"a":1}'},
        ),
        (
            'event.timestamp.time.localtime("+09:00"); event.set("s", event.timestamp.to_s)',
            {},
            {"s": "2026-01-31T12:00:00.123Z"},
        ),
        (
            'event.set("c", [LogStash::Timestamp.coerce("no time"), LogStash::Timestamp.coerce(5)])',
            {},
            {"c": [None, None]},
        ),
        (
            't = event.timestamp; event.set("d", [t.year, (t + 1) - t, t == LogStash::Timestamp.new(t.to_s)])',
            {},
            {"d": [2026, 1.0, True]},
        ),
        (
            'event.set("b", Base64.decode64("YQ==") + Digest::MD5.hexdigest("")[0] + URI.parse("x:y").scheme)',
            {},
            {"b": "adx"},
        ),
        (
            'begin; event["a"]; rescue NoMethodError => e; event.set("e", e.message); end',
            {},
            {"e": 'an event has no []: write event.get("a")'},
        ),
        ('puts "{}"; $stdout.puts "[]"; print "x"; STDOUT.flush; event.set("a", 1)', {}, {"a": 1}),
        ('system("echo noise"); event.set("a", `echo x`.strip)', {}, {"a": "x"}),
    ],
)
def test_events_have_the_methods_that_logstash_gives_them(
    code: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert fields(code, before) == after


def test_the_idioms_that_everybody_copies_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    headers = 'event.get("[request][headers]").each { |kv| event.set(name = kv["name"], value = kv["value"]) }'
    request = {"headers": [{"name": "Host", "value": "example.com"}, {"name": "Accept", "value": "*/*"}]}
    assert fields(headers, {"request": request}) == {"request": request, "Host": "example.com", "Accept": "*/*"}
    day = "event.set('[@metadata][day]', event.get('[@timestamp]').time.localtime.strftime('%Y-%m-%d %H:%M'))"
    [after] = run(day, event() | {"@timestamp": datetime(2026, 1, 31, 16, 0, tzinfo=UTC)})
    assert after["@metadata"] == {"_id": ID, "position": 0, "format": "json", "day": "2026-02-01 01:00"}


@pytest.mark.parametrize(
    ("code", "field", "moment"),
    [
        ('event.set("t", event.get("@timestamp"))', "t", MOMENT),
        ('event.set("t", event.timestamp.time + 1.5)', "t", MOMENT.replace(second=1, microsecond=623000)),
        ('event.set("t", event.get("other"))', "t", datetime(2020, 1, 1, tzinfo=UTC)),
        ('event.set("t", event.get("list")[0])', "t", datetime(2021, 1, 1, tzinfo=UTC)),
        ("event.timestamp = LogStash::Timestamp.at(0)", "@timestamp", datetime(1970, 1, 1, tzinfo=UTC)),
        (
            'event.set("@timestamp", LogStash::Timestamp.new("2026-02-03T04:05:06.007+01:00"))',
            "@timestamp",
            datetime(2026, 2, 3, 3, 5, 6, 7000, tzinfo=UTC),
        ),
    ],
)
def test_times_cross_the_pipe_as_times(code: str, field: str, moment: datetime) -> None:
    [after] = run(code, event(other=datetime(2020, 1, 1, tzinfo=UTC), list=[datetime(2021, 1, 1, tzinfo=UTC)]))
    assert after[field] == moment
    assert after["other"] == datetime(2020, 1, 1, tzinfo=UTC)


def test_metadata_reaches_ruby_and_comes_back_but_for_what_is_internal() -> None:
    code = """
      event.set("seen", event.get("@metadata"))
      event.set("[@metadata][s3][key]", event.get("[@metadata][s3][key]").downcase)
      event.set("[@metadata][_id]", "forged")
    """
    start = event()
    start["@metadata"]["s3"] = {"key": "A/B"}
    [after] = run(code, start)
    assert after["seen"] == {"s3": {"key": "A/B"}}
    assert after["@metadata"] == {"_id": "forged", "position": 0, "format": "json", "s3": {"key": "a/b"}}


def test_what_the_code_prints_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert fields('puts "[null]"; $stdout.print "{}"; system("echo noise"); logger.warn("look", [1])') == {}
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "[null]\n{}noise\n[ruby filter] warn: look [1]\n")


def test_a_cancelled_event_goes_no_further() -> None:
    kept = run('event.cancel if event.get("n").odd?', *(event(n=n) for n in range(6)))
    assert [one["n"] for one in kept] == [0, 2, 4]


@pytest.mark.parametrize(
    "code",
    [
        'event.get("no").each { }',
        "exit",
        "raise Exception",
        "def deep; deep; end; deep",
        "throw :x",
        "event.set('tags', 5)",
    ],
)
def test_an_exception_is_that_events_alone(code: str) -> None:
    [before, bad, after] = run(
        f"if event.get('bad') then {code} end", event(n=0), event(bad=1), event(n=1), add_tag="ok"
    )
    assert [before["tags"], bad["tags"], after["tags"]] == [["ok"], ["_rubyexception"], ["ok"]]


def test_what_was_set_before_an_exception_stays_and_its_message_can_be_a_tag() -> None:
    options: dict[str, Any] = {"tag_on_exception": "bad", "tag_with_exception_message": True, "add_field": {"x": "y"}}
    assert fields('event.set("a", 1); raise "no luck"', **options) == {"a": 1, "tags": ["bad: no luck", "bad"]}


def test_new_events_follow_theirs_with_ids_of_their_own() -> None:
    code = """
      other = event.clone
      other.set("copy", true)
      new_event_block.call(other)
      new_event_block.call(LogStash::Event.new("n" => 7, "@metadata" => {"k" => "v"}))
    """
    [first, clone, fresh] = run(code, event(a=1), add_tag="done")
    about = {"position": 0, "format": "json"}
    assert first == event(a=1) | {"tags": ["done"], "@metadata": {"_id": ID, **about, "_children": 2}}
    assert clone == event(a=1, copy=True) | {"@metadata": {"_id": f"{ID}.1", **about}}
    assert fresh.pop("@timestamp") > MOMENT
    assert fresh == {"n": 7, "@version": "1", "@metadata": {"_id": f"{ID}.2", **about, "k": "v"}}


def test_init_runs_once_and_its_variables_stay() -> None:
    code = '@n += 1; event.set("n", @n); event.set("name", @names[event.get("k")])'
    after = run(code, *(event(k=k) for k in "aba"), init='@n = 0; @names = {"a" => "first"}')
    assert [(one["n"], one["name"]) for one in after] == [(1, "first"), (2, None), (3, "first")]


SCRIPT = """
def register(params)
  @factor = params["factor"]
end

def filter(event)
  return [] if event.get("n").nil?
  event.set("n", event.get("n") * @factor)
  other = LogStash::Event.new("extra" => 1)
  event.get("n") > 10 ? [event, other] : [event]
end

test "it multiplies" do
  parameters { { "factor" => 3 } }
  in_event { { "n" => 2 } }
  expect("a product") { |events| events.first.get("n") == %d }
end
"""


def test_a_script_gets_its_parameters_and_returns_events(tmp_path: Path) -> None:
    (tmp_path / "s.rb").write_text(SCRIPT % 6)
    made = build(Config(path="s.rb", script_params={"factor": 4}), Context(base=tmp_path))
    out = made.apply([event(n=2), event(), event(n=3), event(n=[])], lambda *_: None)
    assert [one.get("n", one.get("extra")) for one in out] == [8, 12, 1, []]
    assert out[-1]["tags"] == ["_rubyexception"]


def test_a_script_whose_own_test_fails_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.rb").write_text(SCRIPT % 7)
    with pytest.raises(UsageError, match='test "it multiplies" failed: a product'):
        build(Config(path="s.rb"), Context(base=tmp_path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code": "event.set('a' 1"}, "SyntaxError.*code"),
        ({"code": "1", "init": "raise 'not today'"}, "RuntimeError: not today"),
        ({"code": "1", "init": "exit!(3)"}, "ended with 3"),
        ({"path": "missing.rb"}, "missing.rb"),
    ],
)
def test_code_that_ruby_refuses_is_known_before_the_first_event(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){message}"):
        build(Config(**options), Context())


@pytest.mark.parametrize("options", [{}, {"code": "1", "path": "a.rb"}, {"code": "1", "processes": 0}])
def test_options_that_contradict_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config(**options)


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("exit!(7)", "the Ruby process ended with 7"),
        ("Process.kill(9, Process.pid); sleep", "the Ruby process ended, by signal 9"),
        ('loop { event.sprintf("%{n}") }', "the Ruby process did not answer within 0.5 s"),
        ("sleep", "the Ruby process did not answer within 0.5 s"),
    ],
)
def test_a_child_that_dies_or_hangs_is_started_anew_and_its_events_tried_one_by_one(crash: str, reason: str) -> None:
    code = f"event.set('done', true); if event.get('bad') then {crash} end"
    filter_ = made(code, timeout=0.5, tag_with_exception_message=True)
    [first, bad, last] = filter_.apply([event(n=0), event(bad=1), event(n=1)], lambda *_: None)
    assert [first, last] == [event(n=0, done=True), event(n=1, done=True)]
    assert bad == event(bad=1) | {"tags": [f"_rubyexception: {reason}", "_rubyexception"]}
    assert filter_.apply([event(n=2)], lambda *_: None) == [event(n=2, done=True)]


def test_a_child_that_is_killed_between_batches_is_replaced() -> None:
    filter_ = made('event.set("pid", Process.pid)')
    [first] = filter_.apply([event()], lambda *_: None)
    os.kill(first["pid"], signal.SIGKILL)
    [second] = filter_.apply([event()], lambda *_: None)
    assert second["pid"] != first["pid"]


def test_threads_have_children_of_their_own_up_to_the_limit() -> None:
    filter_ = made('sleep 0.2; event.set("pid", Process.pid)', processes=2)
    together = threading.Barrier(4)

    def work(number: int) -> tuple[int, int]:
        together.wait()
        [after] = filter_.apply([event(n=number)], lambda *_: None)
        return after["n"], after["pid"]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert [number for number, _ in done] == [0, 1, 2, 3]
    assert len({pid for _, pid in done}) == 2


def test_children_end_with_their_filter() -> None:
    filter_ = made('event.set("pid", Process.pid)')
    [after] = filter_.apply([event()], lambda *_: None)
    del filter_
    with pytest.raises(ProcessLookupError):
        os.kill(after["pid"], 0)


def test_a_signal_to_all_processes_is_not_an_events_failure() -> None:
    code = """
      Process.kill("TERM", Process.pid)
      Process.kill("INT", Process.pid)
      event.set("done", true)
    """
    assert run(code, event()) == [event(done=True)]


def test_a_child_ends_when_its_host_is_killed_even_within_endless_code(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"File.write({str(told)!r}, Process.pid.to_s); loop {{ 1 + 1 }}"
    program = f"""
from logsluice.components import Context
from logsluice.filters.ruby import Config, build
build(Config(code={code!r}), Context()).apply([{{}}], lambda *_: None)
"""
    with subprocess.Popen([sys.executable, "-c", program]) as host:
        assert wait_until(lambda: told.exists() and bool(told.read_text()))
        child = int(told.read_text())
        host.kill()
    assert wait_until(lambda: _has_ended(child))


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_an_event_that_cannot_cross_the_pipe_costs_no_process() -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    filter_ = made('event.set("pid", Process.pid)')
    [first, bad, last] = filter_.apply([event(), event(deep=deep), event()], lambda *_: None)
    assert bad["tags"] == ["_rubyexception"]
    assert first["pid"] == last["pid"]


def test_what_ruby_nests_too_deep_is_its_events_failure() -> None:
    code = 'deep = []; 5000.times { deep = [deep] }; event.set("deep", deep) if event.get("bad")'
    [first, bad] = run(code, event(), event(bad=1))
    assert (first, bad["tags"]) == (event(), ["_rubyexception"])


def test_large_integers_are_integers() -> None:
    assert fields('event.set("m", event.get("n") + 1)', {"n": 2**70}) == {"n": 2**70, "m": 2**70 + 1}


def test_large_batches_and_odd_texts_cross_the_pipe() -> None:
    texts = ["x" * 300_000, "\ud800", "\x00\n", "\N{SNOWMAN}", '{"a":1}']
    events = [event(n=number, text=texts[number % 5]) for number in range(600)]
    before = copy.deepcopy(events)
    after = run('event.set("size", event.get("text").size)', *events)
    assert after == [{**one, "size": len(one["text"])} for one in before]


@pytest.mark.parametrize(
    ("code", "python"),
    [
        (
            'event.get("[r][headers]").each { |kv| \n event.set(name = kv["name"], value = kv["value"])}',
            "for item in get('[r][headers]') or []:\n    put(item['name'], item.get('value'))",
        ),
        (
            "event.set('[@metadata][day]',event.get('[@timestamp]').time.localtime.strftime('%Y-%m-%d'))",
            "put('[@metadata][day]', get('[@timestamp]').astimezone().strftime('%Y-%m-%d'))",
        ),
        ("event.set('a', 1)", "with the same work in Python"),
    ],
)
@pytest.mark.usefixtures("without_ruby")
def test_without_ruby_the_python_filter_is_offered(code: str, python: str) -> None:
    with pytest.raises(UsageError, match="Ruby is not installed") as error:
        made(code)
    assert python in str(error.value)


@pytest.mark.parametrize(
    "code",
    [
        'event.get("[r][headers]").each { |kv| event.set(kv["name"], kv["value"]) }',
        "event.set('[@metadata][day]', event.timestamp.time.localtime.strftime('%Y-%m-%d'))",
    ],
)
def test_the_python_that_is_offered_does_the_same(code: str) -> None:
    offered = instead(code).partition("which takes:\n")[2]
    start = event(r={"headers": [{"name": "Host", "value": "h"}, {"name": "Accept", "value": None}]})
    in_python = python.build(python.Config(code=offered), Context())
    assert in_python.apply([copy.deepcopy(start)], lambda *_: None) == run(code, start)
