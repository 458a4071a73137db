"""The questions that every backend must answer alike, about the events of the demo (docs/query-semantics.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from logsluice.query.backend import Backend

START = datetime(2026, 1, 31, 10, tzinfo=UTC)
NOW = START + timedelta(hours=1)
PAGE, PAGES = 37, 3

FINDS = r"""
*
elb_status_code:200
elb_status_code:>=500
elb_status_code:<300
elb_status_code:[400 TO 499] AND NOT client_ip:10.0.0.0/8
elb_status_code:{200 TO 404}
elb_status_code:[200 TO 404}
elb_status_code:(502 OR 503 OR 504)
elb_status_code:404.0
elb_status_code:404.5
elb_status_code:>99999999999999999999
elb_status_code:*
NOT elb_status_code:*
elb_status_code:4*
elb_status_code:abc
target_processing_time:>0.1
target_processing_time:[0.01 TO 0.05]
target_processing_time:<=-1
request_processing_time:0.001
client_ip:203.0.113.2
client_ip:203.0.113.0/24
client_ip:203.0.113.0/28
client_ip:203.0.113.5/28
client_ip:0.0.0.0/0
client_ip:"::/0"
client_ip:"2001:db8::/32"
client_ip:[203.0.113.2 TO 203.0.113.9]
client_ip:{203.0.113.2 TO 203.0.113.9}
client_ip:>203.0.113.50
client_ip:<192.0.2.255
client_ip:*
-client_ip:*
client_ip:10.0.0.0/99
client_ip:nobody
client_ip:203.*
srcaddr:10.0.0.0/8 AND dstport:443
user_agent:mozilla
user_agent:MOZILLA
user_agent:"Mozilla 5"
user_agent:"windows nt 10"
user_agent:"5 mozilla"
user_agent:curl*
user_agent:*oo*
user_agent:?url
user_agent:*Moz*
user_agent:*\(iPhone*
user_agent:"-"
user_agent:>a
request_url:api
request_url:*api*
request_url:*\/api\/*
request_url:https\:\/\/shop*
request_url:"shop example com"
request_verb:GET
request_verb:get
request_verb:P*T
request_verb:(GET OR POST)
request_verb:>=P
request_verb:[A TO H]
elb:app*
elb:app\/shop\/50dc6c495c0c9188
elb:"app/shop/50dc6c495c0c9188"
format:alb
_format:alb
format:(alb OR elb)
format:a*
format:>=v
_exists_:format
NOT format:alb
eventName:ConsoleLogin
eventName:Put*
eventName:(ConsoleLogin OR PutObject) AND errorCode:*
userIdentity.userName:alice
userIdentity.userName:a*
userIdentity.arn:*alice
userIdentity:*
userIdentity:alice
readOnly:true
readOnly:FALSE
readOnly:yes
readOnly:*
errorMessage:authorized
errorMessage:"not authorized"
errorMessage:"authorized not"
_exists_:errorCode
requestParameters.service:shop
requestParameters.service:SHOP
requestParameters.service:sh*
requestParameters.service:>=s
requestParameters.service:*
requestParameters:shop
requestParameters:s?op
requestParameters:*
requestParameters:>a
requestParameters.nothing:x
ruleGroupList:*
httpRequest.headers.name:Host
httpRequest.headers:*
httpRequest.headers.value:*shop*
resources.type:*
@timestamp:2026-01-31
@timestamp:2026-01
@timestamp:"2026-01-31T10:05"
@timestamp:[2026-01-31T10:05 TO 2026-01-31T10:10]
@timestamp:{2026-01-31T10:05 TO 2026-01-31T10:10}
@timestamp:>now-50m
@timestamp:<=2026-01-31T10:03:30.5Z
@timestamp:soon
level:error
level:(error OR info) AND order.items:>2
order.items:5
order.items:>=3
order.items:[2 TO 4}
order.items:several
order.id:[20000 TO 30000]
order:*
order:5
service:checkout
service:CHECKOUT
service:check*
message:"took longer"
message:worker
message:stock*
message:order
status:200
status:*
status:>=400
protocol:6
protocol:UDP
protocol:*
action:ACCEPT
severity:*
Severity:*
tags:*
origin.uri:*alb*
origin.position:0
origin.position:<100
_id:*
alice
shop
error
failed
*payment*
"payment failed"
"windows nt"
203.0.113.2
203.0.113.0/24
200
5
"x y"
e*
*ü*
nonsense:1
elb_status_code:200 client_ip:203.0.113.0/28 -user_agent:mozilla
(level:error OR elb_status_code:>=500) AND NOT request_verb:GET
NOT (NOT level:error)
NOT (level:* OR elb_status_code:*)
+elb_status_code:404 -request_url:*api*
"unbalanced
elb_status_code:[1 TO
""".strip().split("\n")

SORTS = (
    "@timestamp:desc", "@timestamp:asc", "elb_status_code", "elb_status_code:desc", "client_ip", "client_ip:desc",
    "user_agent", "user_agent:desc", "status", "status:desc", "order.items", "order.items:desc", "_format",
    "_format:desc", "_id:desc", "level", "readOnly:desc", "target_processing_time:desc", "message", "protocol",
    "target_status_code_list:desc", "requestParameters", "nonsense", "status:down",
)  # fmt: skip

VALUES = (
    "elb_status_code", "client_ip", "user_agent", "status", "order.items", "level", "_format", "readOnly", "tags",
    "eventName", "protocol", "action", "target_processing_time", "message", "dstport", "target_status_code_list",
    "requestParameters", "order", "nonsense",
)  # fmt: skip

SERIES = ("elb_status_code", "client_ip", "level", "readOnly", "protocol", "_format", "order.items")


@dataclass(frozen=True)
class Question:
    """One question; `name` says it."""

    name: str
    ask: Callable[[Backend], Any]


def questions() -> list[Question]:
    """All of them."""
    return [
        *(Question(f"search {query}", _search(query)) for query in FINDS),
        *(Question(f"sorted by {sort}, in pages", _pages(sort)) for sort in SORTS),
        *(Question(f"top values of {name}", _top(name)) for name in VALUES),
        *(Question(f"stats of {name}", _stats(name)) for name in VALUES),
        *(Question(f"histogram by {name}", _histogram(name)) for name in SERIES),
        Question("histogram", lambda asked: asked.histogram("", timedelta(seconds=7), None, START, NOW)),
        Question("histogram by days", lambda asked: asked.histogram("", timedelta(days=1))),
        Question("histogram of too many bars", lambda asked: asked.histogram("", timedelta(milliseconds=1))),
        Question("histogram of nothing", lambda asked: asked.histogram("level:none", timedelta(minutes=1), "level")),
        Question("the newest", lambda asked: asked.newest(50)),
        Question("whole events of every format", lambda asked: asked.search("", sort="_id", size=6000).hits),
        Question("some fields", _some_fields),
        Question("a time range", lambda asked: asked.count("", START + timedelta(minutes=3), START + PAGE_OF_TIME)),
        Question("the declared fields", _fields),
        Question("how many events have a field", _coverage),
        Question("an event by its id", lambda asked: asked.get(asked.newest(1)[0].id)),
        Question("no event by its id", lambda asked: asked.get('no "such" id')),
    ]


PAGE_OF_TIME = timedelta(minutes=7, microseconds=1)


def _search(query: str) -> Callable[[Backend], Any]:
    def ask(asked: Backend) -> Any:
        found = asked.search(query, sort="_id", size=500, fields=["@timestamp"])
        return found.total, [hit.id for hit in found.hits]

    return ask


def _pages(sort: str) -> Callable[[Backend], Any]:
    def ask(asked: Backend) -> Any:
        pages, after = [], ""
        for _ in range(PAGES):
            found = asked.search("_format:(alb OR nlb OR json OR cloudtrail)", sort=sort, size=PAGE, after=after)
            pages.append([hit.id for hit in found.hits])
            after = found.after
        return pages

    return ask


def _top(name: str) -> Callable[[Backend], Any]:
    return lambda asked: [asked.top_values(query, name, size) for query, size in (("", 7), ("NOT _format:elb", 100))]


def _stats(name: str) -> Callable[[Backend], Any]:
    return lambda asked: asked.stats(name, percentiles=[25, 50, 99.9])


def _histogram(name: str) -> Callable[[Backend], Any]:
    return lambda asked: asked.histogram("", timedelta(minutes=1), name, START, NOW)


def _some_fields(asked: Backend) -> Any:
    names = ["userIdentity.userName", "requestParameters.service", "eventName", "origin"]
    return asked.search("_format:cloudtrail", fields=names, size=50).hits


def _fields(asked: Backend) -> Any:
    return [(info.name, info.kind, info.many, info.formats) for info in asked.fields() if info.declared]


def _coverage(asked: Backend) -> Any:
    plain = [info for info in asked.fields() if info.declared and not info.many and info.kind != "object"]
    return [(info.name, info.kind, info.coverage) for info in plain]
