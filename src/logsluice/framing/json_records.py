"""JSON records: lines, concatenated documents, arrays, or an array inside an object, found by a scanner over bytes.

No document is ever held, neither as bytes nor as Python objects: the scanner hops from bracket to bracket over
complete strings, and what it remembers is the stack of open brackets. Nothing has to be configured but the path of the
array, for AWS services write all of these and Amazon Data Firehose joins documents without line ends.

Broken JSON: a line feed within a string, brackets that don't match or are nested too deep, and an object that starts in
a new line's first column where no value can be, end a record as `Broken`; reading goes on at the next line. Within an
array nothing tells where the next record starts, so there they make the stream `Corrupt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from logsluice.errors import Corrupt
from logsluice.framing import _bulk
from logsluice.framing.byte_order_mark import without_mark
from logsluice.model import EXCERPT_BYTES, Broken, Records

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits

_IN_STRING = rb'[^"\\\n]*+(?:(?>\\[^\n][^"\\\n]*+))*+'


def _to_next(stops: bytes) -> re.Pattern[bytes]:
    """Over everything, complete strings included, to a bracket, a stop, or a string that is not complete."""
    plain = rb'[^"{}\[\]\\%s]*+' % stops
    outside = plain + rb"(?:(?>\\(?:[^\n]|(?=\n))" + plain + rb"))*+"
    return re.compile(outside + rb'(?:(?>"' + _IN_STRING + rb'"' + outside + rb"))*+")


_TO_BRACKET = _to_next(b"")
_TO_END_OF_SCALAR = _to_next(b",")
_OPEN_STRING = re.compile(rb'"' + _IN_STRING)
_GAP = re.compile(rb"[ \t\r\n]*+")
_GAP_IN_ARRAY = re.compile(rb"[ \t\r\n,]*+")
_LOOK_BACK = 128
_LONG = 4096
_ARRAY_START = re.compile(rb"\[[ \t\r\n]{0,%d}+" % _LONG)
_KEY = re.compile(rb'(?<=[{,\s])"([^"\\]{1,64})"\s*:\s*\Z')
_VALUE_FOLLOWS = re.compile(rb"(?:[:,\[]|\A)\s*\Z")

_QUOTE, _BACKSLASH, _LINE_FEED = b'"\\\n'
_OPEN_OBJECT, _OPEN_ARRAY, _CLOSE_OBJECT, _CLOSE_ARRAY = b"{[}]"
_CLOSES = {_CLOSE_OBJECT: _OPEN_OBJECT, _CLOSE_ARRAY: _OPEN_ARRAY}


class JsonRecords:
    """Each JSON object is a record, wherever it lies; its position is the byte offset of its first byte.

    Args:
        paths: Dotted paths of arrays whose elements are the records, such as `Records`. An object without such an array
            is a record itself; so are the elements of an array at the top level.
    """

    def __init__(self, *paths: str) -> None:
        self._paths = frozenset(tuple(part.encode() for part in path.split(".")) for path in paths)

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`."""
        offset, chunks = without_mark(chunks)
        scan = _Scan(self._paths, offset, limits)
        for chunk in chunks:
            for at in range(0, len(chunk), limits.batch):
                yield from scan.feed(chunk[at : at + limits.batch] if len(chunk) > limits.batch else chunk)
        yield from scan.feed(b"", final=True)


class _Scan:
    """The state of one stream. Offsets named `at` count from the start of `data`, positions from the stream's.

    Attributes:
        data: What has been read and is still needed.
        offset: The position of its first byte.
        at: Everything before is understood.
        value: The position of the value that is open, -1 between values.
        excerpt: The first bytes of an open value that got too long to be held; None while it is in `data`.
        stack: The open brackets.
        base: How many of them are open around a value: 0 at the top level.
        found: Whether the open top-level object has shown an array of records, and so is none itself.
        reason: Set while the rest of a broken line is skipped.
    """

    def __init__(self, paths: frozenset[tuple[bytes, ...]], offset: int, limits: Limits) -> None:
        self.paths = paths
        self.depth = max(map(len, paths), default=0)
        self.limits = limits
        self.data = b""
        self.offset = offset
        self.at = 0
        self.value = -1
        self.excerpt: bytes | None = None
        self.stack = bytearray()
        self.base = 0
        self.found = False
        self.reason = ""
        self.scalar = False
        self.keys: list[bytes] = []
        self.separator: _bulk.Separator | None = None
        self.guess = False
        self.out = Records([], [])
        self.terminators: list[bytes] = []
        self.told = 0

    def feed(self, chunk: bytes, *, final: bool = False) -> Iterator[Records]:
        """What can be said after another chunk; what precedes damage is handed on before it is raised."""
        self.data = self.data + chunk if self.data else chunk
        self.guess = True
        damage: Corrupt | None = None
        try:
            while self._step(final):
                pass
        except Corrupt as error:
            damage = error
        self._let_go()
        out = self._take()
        if out.size or out.records or out.broken:
            yield out
        if damage:
            raise damage

    def _step(self, final: bool) -> bool:
        """One value, or one piece of what lies between; False when it takes more data."""
        if self.value < 0:
            return self._between(final)
        if self.reason:
            return self._rest_of_line(final)
        if self.scalar:
            return self._within_scalar(final)
        return self._within(final)

    # ------------------------------------------------------------------------------------------ between values

    def _between(self, final: bool) -> bool:
        at = self.at = _end(_GAP_IN_ARRAY if self.base else _GAP, self.data, self.at)
        if at == len(self.data):
            if final and self.base:
                raise self._corrupt("the document ends within its array", at)
            return False
        byte = self.data[at]
        if byte == _OPEN_OBJECT:
            return self._many(at) or self._begin(at)
        if self.base:
            return self._between_elements(byte, at)
        if byte == _OPEN_ARRAY:
            end = _end(_ARRAY_START, self.data, at)
            if end == len(self.data) and end - at < _LONG and not final:
                return False
            if self.data[end : end + 1] in (b"{", b"]"):
                self._enter(at)
                return True
        self.reason = "the line holds no JSON object"
        return self._begin(at)

    def _between_elements(self, byte: int, at: int) -> bool:
        if byte == _CLOSE_ARRAY:
            self.stack.pop()
            self.base = 0
            self.separator = None
            self.at = at + 1
            if self.stack:
                self.value = self.offset + at  # back in the object around the array, of which only the end matters
            return True
        if byte in b"}:":
            raise self._corrupt("a value of the array is missing", at)
        self.scalar = byte != _OPEN_ARRAY
        return self._begin(at)

    def _begin(self, at: int) -> bool:
        self.value = self.offset + at
        self.excerpt = None
        return True

    def _enter(self, at: int) -> None:
        """Go into the array that opens here: its elements are values."""
        self.stack.append(_OPEN_ARRAY)
        self.base = len(self.stack)
        self.value = -1
        self.at = at + 1

    def _many(self, at: int) -> bool:
        """Try, once a chunk, whether all records from here to the last separator lie in the ordinary way."""
        separator = self.separator if self.base else _bulk.JSON_LINES
        if separator is None or not self.guess:
            return False
        self.guess = False
        end = self.data.rfind(separator.whole, at)
        if end < 0 or end - at >= self.limits.record:
            return False
        block = self.data[at : end + 1]
        if not self.base and any(b'"%b"' % path[-1] in block for path in self.paths):
            return False
        records = _bulk.split(block, separator)
        if records is None:
            return False
        step = len(separator.between)
        positions = list(accumulate((len(record) + step for record in records), initial=self.offset + at))
        positions.pop()
        self.out.records += records
        self.out.positions += positions
        self.terminators += [b"" if self.base else b"\n"] * len(records)
        self.at = end + 1
        return True

    # ------------------------------------------------------------------------------------------- within a value

    def _within(self, final: bool) -> bool:
        data, stack, at = self.data, self.stack, self.at
        while True:
            at = _end(_TO_BRACKET, data, at)
            byte = data[at] if at < len(data) else _BACKSLASH
            if byte in b'"\\':
                return self._unfinished(at, final)
            if byte in b"{[":
                if byte == _OPEN_OBJECT and len(stack) > self.base and not self._may_start(at):
                    return self._broken("an object starts where none can be", at - 1)
                if not self.base and len(stack) <= self.depth and self._is_array_of_records(byte, at):
                    self.found = True
                    self._enter(at)
                    return True
                if len(stack) - self.base == _bulk.MAX_DEPTH:
                    self.at = at
                    return self._skip_line(f"nested more than {_bulk.MAX_DEPTH} deep")
                stack.append(byte)
            elif stack[-1] != _CLOSES[byte]:
                self.at = at
                return self._skip_line("brackets that don't match")
            elif len(stack) == self.base + 1:
                self.at = at
                if not self.base and not final and at + 3 > len(data):
                    return False  # the terminator is still to come
                stack.pop()
                self._complete(at + 1)
                return True
            else:
                stack.pop()
            at += 1

    def _may_start(self, at: int) -> bool:
        """Only looks at a line's first column: there a new record may follow one that was cut off."""
        return (
            self.data[at - 1] != _LINE_FEED
            or _VALUE_FOLLOWS.search(self.data[max(at - _LOOK_BACK, 0) : at]) is not None
        )

    def _is_array_of_records(self, byte: int, at: int) -> bool:
        """Keep the keys that lead here; whether they are the path of an array that is wanted."""
        level = len(self.stack) - 1
        del self.keys[max(level, 0) :]
        if level < 0:
            return False
        key = _KEY.search(self.data, max(at - _LOOK_BACK, 0), at)
        self.keys.append(key[1] if key and self.stack[-1] == _OPEN_OBJECT else b"")
        return byte == _OPEN_ARRAY and tuple(self.keys) in self.paths

    def _within_scalar(self, final: bool) -> bool:
        at = _end(_TO_END_OF_SCALAR, self.data, self.at)
        byte = self.data[at] if at < len(self.data) else _BACKSLASH
        if byte in b'"\\':
            return self._unfinished(at, final)
        if byte not in b",]":
            raise self._corrupt("a bracket where a value of the array should end", at)
        self.scalar = False
        self._complete(at)
        return True

    def _rest_of_line(self, final: bool) -> bool:
        end = self.data.find(b"\n", self.at)
        if end < 0 and not final:
            self.at = len(self.data)
            return False
        reason, self.reason = self.reason, ""
        return self._broken(reason, end if end >= 0 else len(self.data))

    def _unfinished(self, at: int, final: bool) -> bool:
        """The data ends, perhaps within a string; or the string that starts here is broken by a line feed."""
        self.at = at
        if self.data[at : at + 1] == b'"':
            end = _end(_OPEN_STRING, self.data, at)
            if b"\n" in self.data[end : end + 2]:
                return self._broken("a string holds a line feed", self.data.index(b"\n", end))
        if final:
            return self._broken("the data ends within a JSON value", len(self.data))
        return False

    # ------------------------------------------------------------------------------------------ the end of a value

    def _complete(self, end: int) -> None:
        length = self.offset + end - self.value
        if not self.base and self.found:
            self.found = False
        elif length > self.limits.record:
            self._add_broken(f"a record of {length} bytes is over the limit of {self.limits.record}", length)
        else:
            self.out.records.append(self.data[self.value - self.offset : end].rstrip())
            self.out.positions.append(self.value)
            self.terminators.append(b"" if self.base else self._terminator(end))
        self.value = -1
        self.at = end
        if self.base and self.separator is None:
            self.separator = _bulk.learn(self.data, end - 1)

    def _terminator(self, end: int) -> bytes:
        following = self.data[end : end + 2]
        return b"\n" if following[:1] == b"\n" else following if following == b"\r\n" else b""

    def _skip_line(self, reason: str) -> bool:
        if self.base or self.found:
            raise self._corrupt(reason, self.at)
        self.reason = reason
        return True

    def _broken(self, reason: str, end: int) -> bool:
        if self.base or self.found:
            raise self._corrupt(reason, end)
        self._add_broken(reason, self.offset + end - self.value)
        self.stack.clear()
        self.value = -1
        self.at = end
        return True

    def _add_broken(self, reason: str, length: int) -> None:
        start = self.value - self.offset
        excerpt = self.data[start : start + EXCERPT_BYTES] if self.excerpt is None else self.excerpt
        self.out.broken.append(Broken(self.value, excerpt[:length], length, reason))

    def _corrupt(self, reason: str, at: int) -> Corrupt:
        return Corrupt(f"{reason} (byte {self.offset + at} of the JSON data)")

    # --------------------------------------------------------------------------------------------- bounded memory

    def _take(self) -> Records:
        out, self.out = self.out, Records([], [])
        out.terminators = None if self.terminators.count(b"\n") == len(self.terminators) else self.terminators
        self.terminators = []
        out.size = self.offset + self.at - self.told
        self.told += out.size
        return out

    def _let_go(self) -> None:
        """Forget what is understood, and of a value that is too long or not wanted all but its first bytes."""
        keep = max(self.at - _LOOK_BACK, 0)
        wanted = self.value >= 0 and self.excerpt is None and (self.base > 0 or not self.found)
        if wanted:
            start = self.value - self.offset
            wanted = len(self.data) - start <= max(self.limits.record, EXCERPT_BYTES)
            if wanted:
                keep = start
            else:
                self.excerpt = self.data[start : start + EXCERPT_BYTES]
        self.data = self.data[keep:]
        self.offset += keep
        self.at -= keep
        if not wanted and len(self.data) - self.at > _LONG and self.data[self.at] == _QUOTE:
            self._shorten_string()

    def _shorten_string(self) -> None:
        """Of an unfinished string of a value that is let go, only keep that it is one and how its escapes stand."""
        string = self.data[self.at :]
        escapes = len(string) - len(string.rstrip(b"\\"))
        end = self.offset + len(self.data)
        self.data = self.data[: self.at] + b'x"' + b"\\" * (escapes % 2)
        self.at += 1
        self.offset = end - len(self.data)


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Where a pattern that matches everywhere, if only nothing, ends."""
    found = pattern.match(data, at)
    return found.end() if found else at
