#!/usr/bin/env python3
"""A second verifier of pacspace-evidence/v1, in one file and Python's standard library alone.

It was written from docs/evidence-format.md and not from the Go code of package proof, so that
each can find the other's mistakes. "Section" means a section of that document. Read it from
verify() at the end of part 4; what comes before are the rules that it rests on.

    verify_evidence.py EVIDENCE [--expect expect.json] [--anchor anchor.json ...]
    verify_evidence.py --batch index.jsonl

The first form prints one JSON object, {"verdict", "first", "checks"}, and ends with 0 for
verified, 1 for does not match, 2 for input that is refused, 3 for incomplete or consistent.
The second reads an index of JSON Lines, {"file", "expect", "anchors"}, whose paths begin at
the index's folder and whose expect and anchors may also stand there as objects. It prints the
same object for each line, with "file" before it and, where the input is refused, "error"; it
ends with 0 unless the index itself cannot be read.

expect.json holds what section 7 calls expect, each member optional: customerId, resource,
unit, usageDays {first, last} or period, balance, variant, environment.
"""

import argparse
import calendar
import datetime
import decimal
import functools
import json
import os
import re
import sys
import unicodedata
from decimal import Decimal

FORMAT = "pacspace-evidence/v1"
ANCHOR_FORMAT = "pacspace-anchor/v1"
SCHEME = "pacspace-merkle-v1"
ZERO = "0x" + "0" * 64

# Limits, section 12.
MAX_LINE = 1048576
MAX_FILE = 17179869184
MAX_DELTAS = 10000000
MAX_KNOWN = 2000000
MAX_SAME_LOOK = 100
MAX_CARRIED = 1000
MAX_ITEM_HASHES = 10000
MAX_TEXT = 4096
MAX_DEPTH = 512
MAX_NUMBER = 4300
MAX_DIGITS = 128
MAX_PLACES = 400
MAX_ANCHOR_FILE = 67108864
MAX_ANCHORS = 1000

# Sums are exact: a sum that would have to be rounded stops the program.
decimal.setcontext(decimal.Context(prec=20000, Emax=10**6, Emin=-(10**6), traps=[
    decimal.Inexact, decimal.InvalidOperation, decimal.Overflow]))


class Refused(Exception):
    """The input breaks a rule of its format: there is no verdict."""


# ---------------------------------------------------------------------------------------
# 1. keccak-256, trees and canonical JSON (section 6)
# ---------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def keccak_constants():
    """Round constants and rotations, from their definitions in the Keccak reference."""
    rounds, state = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if state & 1:
                constant |= 1 << ((1 << j) - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        rounds.append(constant)
    plan, x, y = [(0, 0)] * 25, 1, 0  # for each lane: whence it comes, how far it turns
    for t in range(24):
        to = y, (2 * x + 3 * y) % 5
        plan[to[0] + 5 * to[1]] = (x + 5 * y, (t + 1) * (t + 2) // 2 % 64)
        x, y = to
    return rounds, plan


ROUNDS, PLAN = keccak_constants()


def permute(a):
    """keccak-f[1600] over 25 lanes of 64 bits, lane (x, y) at x + 5y."""
    for constant in ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ (c[x - 4] << 1 | c[x - 4] >> 63) & MASK for x in range(5)]
        b = []
        for source, turn in PLAN:
            lane = a[source] ^ d[source % 5]
            b.append((lane << turn | lane >> (64 - turn)) & MASK)
        a = []
        for y in (0, 5, 10, 15, 20):
            p, q, r, s, t = b[y:y + 5]
            a += (p ^ ~q & r, q ^ ~r & s, r ^ ~s & t, s ^ ~t & p, t ^ ~p & q)
        a[0] ^= constant
    return a


@functools.lru_cache(maxsize=1 << 18)
def keccak256(message):
    """The hash of bytes, with the original padding, as 0x and 64 hex digits."""
    rate = 136
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % rate)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            at = start + 8 * i
            state[i] ^= int.from_bytes(padded[at:at + 8], "little")
        state = permute(state)
    return "0x" + b"".join(lane.to_bytes(8, "little") for lane in state[:4]).hex()


COLON_LABELS = (b"pacspace:item:v1:", b"pacspace:node:v1:")
NUL_LABELS = (b"pacspace:item:v1\x00", b"pacspace:node:v1\x00")
CHILDREN = {
    "hex0x": lambda text: text.encode(),
    "hex": lambda text: text[2:].encode(),
    "raw": lambda text: bytes.fromhex(text[2:]),
}
VARIANTS = {}  # name: (item label, node label, child)
for _name, _child in CHILDREN.items():
    VARIANTS[_name] = COLON_LABELS + (_child,)
    VARIANTS[_name + "-nul"] = NUL_LABELS + (_child,)


def node(left, right, variant):
    _, label, child = VARIANTS[variant]
    return keccak256(label + child(left) + child(right))


def levels(leaves, variant):
    """The levels of a tree, the leaves first, the root's last (section 6.4)."""
    out = [list(leaves)]
    while len(out[-1]) > 1:
        level = out[-1] + out[-1][-1:] * (len(out[-1]) % 2)
        out.append([node(level[i], level[i + 1], variant) for i in range(0, len(level), 2)])
    return out


def root_over(leaves, variant):
    return levels(leaves, variant)[-1][0] if leaves else ZERO


def number_text(text):
    """The canonical form of a JSON number's text (section 6.1)."""
    if len(text) > MAX_NUMBER:
        raise Refused("a number of more than %d characters" % MAX_NUMBER)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Refused("a number beyond binary64")
    if value == 0:
        if re.search("[1-9]", re.split("[eE]", text)[0]):
            raise Refused("a number that binary64 takes for zero")
        return "0"
    out = shortest(value)
    if Decimal(out) != Decimal(text):
        raise Refused("a number that binary64 does not hold")
    return out


def shortest(value):
    """How ECMAScript prints a finite binary64."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digits))
    point = len(digits) + exponent  # the value is 0.digits * 10^point
    if digits == "0":
        return "0"
    if 0 < point <= 21:
        body = digits.ljust(point, "0")
        body = body[:point] + ("." + body[point:] if body[point:] else "")
    elif -6 < point <= 0:
        body = "0." + "0" * -point + digits
    else:
        body = digits[0] + ("." + digits[1:] if digits[1:] else "")
        body += "e%+d" % (point - 1)
    return ("-" if sign else "") + body


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string_text(text):
    def escape(match):
        char = match.group()
        return ESCAPES.get(char) or "\\u%04x" % ord(char)
    return '"' + re.sub('[\x00-\x1f"\\\\]', escape, text) + '"'


def canonical(value, depth=0):
    """RFC 8785, refusing what section 6.1 refuses and the parser has not refused yet."""
    if isinstance(value, Number):
        return number_text(value)
    if isinstance(value, str):
        return string_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if depth == MAX_DEPTH:
        raise Refused("more than %d arrays and objects open at once" % MAX_DEPTH)
    if isinstance(value, list):
        return "[" + ",".join(canonical(v, depth + 1) for v in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(string_text(n) + ":" + canonical(value[n], depth + 1) for n in names) + "}"


# ---------------------------------------------------------------------------------------
# 2. A strict reader of JSON, and the kinds of values (sections 1 and 2)
# ---------------------------------------------------------------------------------------

class Number(str):
    """A JSON number as it is written."""


class Escaped(str):
    """A text in which an escape stood."""


class Object(dict):
    """A JSON object, and whether one of its names was written with an escape."""
    escaped = False


SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
STRING = re.compile(r'"([^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"')
ESCAPE = re.compile(r"\\(?:u(....)|(.))")
WORDS = {"true": True, "false": False, "null": None}
NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Parser:
    """Parses one JSON value and nothing behind it."""

    def __init__(self, raw):
        if b"\x00" in raw:
            raise Refused("a NUL byte")
        try:
            self.text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("invalid UTF-8")
        self.at = 0

    def whole(self):
        value = self.value(1)
        self.space()
        if self.at != len(self.text):
            raise Refused("something behind the JSON value")
        return value

    def space(self):
        self.at = SPACE.match(self.text, self.at).end()

    def take(self, char):
        """Whether char is next, behind white space; if so it is read."""
        self.space()
        if self.text[self.at:self.at + 1] != char:
            return False
        self.at += 1
        return True

    def need(self, char):
        if not self.take(char):
            raise Refused("JSON without %r at character %d" % (char, self.at))

    def value(self, depth):
        # The item of a line or of an anchor is at most two levels down; canonical() is exact.
        if depth > MAX_DEPTH + 3:
            raise Refused("too many arrays and objects open at once")
        self.space()
        char = self.text[self.at:self.at + 1]
        if char == "{":
            return self.object(depth)
        if char == "[":
            return self.array(depth)
        if char == '"':
            return self.string()[0]
        number = NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Number(number.group())
        for word, value in WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        raise Refused("no JSON value at character %d" % self.at)

    def object(self, depth):
        self.need("{")
        out = Object()
        if self.take("}"):
            return out
        while True:
            self.space()
            name, escaped = self.string()
            if name in out:
                raise Refused("the name %r twice" % name)
            out.escaped = out.escaped or escaped
            self.need(":")
            out[name] = self.value(depth + 1)
            if not self.take(","):
                self.need("}")
                return out

    def array(self, depth):
        self.need("[")
        out = []
        if self.take("]"):
            return out
        while True:
            out.append(self.value(depth + 1))
            if not self.take(","):
                self.need("]")
                return out

    def string(self):
        """The string at hand, and whether an escape stands in it."""
        match = STRING.match(self.text, self.at)
        if not match:
            raise Refused("a malformed string at character %d" % self.at)
        self.at = match.end()
        raw = match.group(1)
        if "\\" not in raw:
            return raw, False
        units = ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else NAMED.get(m[2], m[2]), raw)
        try:  # joins surrogate pairs and refuses a lone surrogate
            return Escaped(units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")), True
        except UnicodeDecodeError:
            raise Refused("a lone surrogate")


def members(value, what, required, optional=()):
    """Holds an object to its names (section 1)."""
    if not isinstance(value, Object):
        raise Refused("%s is not an object" % what)
    if value.escaped:
        raise Refused("%s has a name that is written with an escape" % what)
    for name in value:
        if name not in required and name not in optional:
            raise Refused("%s has the name %r" % (what, name))
    for name in required:
        if name not in value:
            raise Refused("%s has no %s" % (what, name))
    return value


def each(value, name, kind, default=None):
    """The member of an object read as a kind, or the default where it is not there."""
    return kind(value[name], name) if name in value else default


def text(value, what):
    if not isinstance(value, str) or isinstance(value, Number):
        raise Refused("%s is not a text" % what)
    if len(value.encode()) > MAX_TEXT:
        raise Refused("%s has more than %d bytes" % (what, MAX_TEXT))
    return value


def shaped(pattern):
    """A kind: a text of which the whole matches a pattern."""
    compiled = re.compile(pattern)

    def kind(value, what):
        if not compiled.fullmatch(text(value, what)):
            raise Refused("%s is malformed" % what)
        return value
    return kind


filled = shaped(r"(?s:.+)")
plain_hash = shaped(r"0x[0-9a-f]{64}")
customer_id = shaped(r"(?!\.{1,2}\Z)[A-Za-z0-9_.:-]{1,128}")
_decimal = shaped(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_day = shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_month = shaped(r"[0-9]{4}-[0-9]{2}")
_instant = shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,8}[1-9])?Z")


def one_of(*words):
    def kind(value, what):
        if text(value, what) not in words:
            raise Refused("%s is none of %s" % (what, ", ".join(words)))
        return value
    return kind




def hash_text(value, what):
    if isinstance(value, Escaped):
        raise Refused("%s is written with an escape" % what)
    return plain_hash(value, what)


environment = one_of("live", "test")
variant_name = one_of(*VARIANTS)


def boolean(value, what):
    if not isinstance(value, bool):
        raise Refused("%s is not a boolean" % what)
    return value


def array_of(kind, least=0, most=None):
    def read(value, what):
        if not isinstance(value, list) or len(value) < least:
            raise Refused("%s is not an array of at least %d" % (what, least))
        if most is not None and len(value) > most:
            raise Refused("%s has more than %d entries" % (what, most))
        return [kind(v, what) for v in value]
    return read


def whole(value, what):
    if not isinstance(value, Number) or not re.fullmatch("0|[1-9][0-9]{0,15}", value):
        raise Refused("%s is not a whole number" % what)
    if int(value) > 2**53 - 1:
        raise Refused("%s is above 2^53-1" % what)
    return int(value)


def exact(value, what):
    """An exact decimal."""
    if _decimal(value, what) == "-0":
        raise Refused("%s is -0" % what)
    out = Decimal(value)
    _, digits, exponent = out.as_tuple()
    if out != 0:
        kept = len(digits)
        while digits[kept - 1] == 0:
            kept -= 1
            exponent += 1
        if kept > MAX_DIGITS or abs(exponent) > MAX_PLACES:
            raise Refused("%s has too many digits" % what)
    return out


def amount(value, what):
    if not isinstance(value, Number) or number_text(value) != value:
        raise Refused("%s is not a number in its canonical form" % what)
    return Decimal(value)


def day(value, what):
    try:
        return datetime.date.fromisoformat(_day(value, what))
    except ValueError:
        raise Refused("%s is not a day" % what)


def month(value, what):
    """The first and the last day of a month YYYY-MM."""
    first = day(_month(value, what) + "-01", what)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def instant(value, what):
    """A time as a text that compares as the time does."""
    _instant(value, what)
    day(value[:10], what)
    if value[11:13] > "23" or value[14:16] > "59" or value[17:19] > "59":
        raise Refused("%s is not a time" % what)
    return value[:19] + "." + value[20:-1].ljust(9, "0")


def begin(date):
    """The instant at which a day begins."""
    return date.isoformat() + "T00:00:00.000000000"


def window(value, what):
    members(value, what, ("start", "end"))
    start, end = instant(value["start"], what), instant(value["end"], what)
    if start >= end:
        raise Refused("%s does not start before it ends" % what)
    return start, end


def usage_days(value, what):
    members(value, what, ("first", "last"))
    first, last = day(value["first"], what), day(value["last"], what)
    if last < first:
        raise Refused("%s ends before it begins" % what)
    return first, last


# ---------------------------------------------------------------------------------------
# 3. Evidence, anchors and expectation (sections 3 to 5, 7 and 13)
# ---------------------------------------------------------------------------------------

class Thing:
    """Named values."""

    def __init__(self, **values):
        self.__dict__.update(values)


def account(value, what="account"):
    members(value, what, ("customerId",), ("resource", "unit"))
    return Thing(customer=customer_id(value["customerId"], "customerId"),
                 resource=each(value, "resource", filled), unit=each(value, "unit", filled))


def ids(value, what, required=(), exactly=False):
    """An object with referenceId or recordId or, unless exactly one is asked, both."""
    members(value, what, required, ("referenceId", "recordId"))
    out = each(value, "referenceId", filled), each(value, "recordId", filled)
    if out == (None, None) or exactly and None not in out:
        raise Refused("%s must name a referenceId or a recordId" % what)
    return out


def header(value):
    members(value, "header",
            ("format", "scheme", "variant", "environment", "account", "usageDays", "window",
             "startingBalance", "claimedBalance", "count"),
            ("period", "carried", "checkpoint"))
    one_of(FORMAT)(value["format"], "format")
    one_of(SCHEME)(value["scheme"], "scheme")
    h = Thing(variant=variant_name(value["variant"], "variant"),
              environment=environment(value["environment"], "environment"),
              account=account(value["account"]),
              days=usage_days(value["usageDays"], "usageDays"),
              window=window(value["window"], "window"),
              start=exact(value["startingBalance"], "startingBalance"),
              claimed=exact(value["claimedBalance"], "claimedBalance"),
              count=whole(value["count"], "count"), carried=[], target=ZERO)
    if "period" in value and month(value["period"], "period") != h.days:
        raise Refused("usageDays are not those of period")
    if h.window[1] <= begin(h.days[1]):
        raise Refused("window ends before the last usage day begins")

    def entry(item, what):
        out = ids(item, what, ("window",)), window(item["window"], what)
        if out[1][1] > h.window[0]:
            raise Refused("the window of a carried delta ends after the header's starts")
        return out
    if "carried" in value:
        h.carried = array_of(entry, 1, min(h.count, MAX_CARRIED))(value["carried"], "carried")
    if "checkpoint" in value:
        members(value["checkpoint"], "checkpoint", ("proofRoot",), ("id",))
        h.target = hash_text(value["checkpoint"]["proofRoot"], "proofRoot")
        each(value["checkpoint"], "id", filled)
    return h


ITEM = ("reason", "referenceId", "metadata", "adjusts")
RECORD = ("recordId", "receiptId", "index", "verifiedAt")
PROOF = ("contentHash", "itemHashes", "proofHash", "previousProofHash")
GROUPS = {"item": ITEM, "record": RECORD, "proof": PROOF}
source = one_of("submitted", "emitted", "status", "webhook", "derived", "checkpoint", "receipt", "unknown")


def metadata_object(value, what):
    if not isinstance(value, Object):
        raise Refused("%s is not an object" % what)
    return value


def item_members(value, required):
    """Reads an item. What must be there differs between evidence and anchors."""
    members(value, "item", required, ("customerId", "delta") + ITEM)
    return Thing(customer=each(value, "customerId", text),
                 amount=amount(value["delta"], "delta"),
                 reason=each(value, "reason", text),
                 reference=each(value, "referenceId", filled),
                 metadata=each(value, "metadata", metadata_object, {}),
                 adjusts=each(value, "adjusts", lambda v, what: ids(v, what, exactly=True)),
                 canonical=canonical(value).encode())


def delta_line(value, place):
    members(value, "delta", ("sequence", "item", "sources"),
            RECORD + PROOF + ("carried",))
    d = item_members(value["item"], ("customerId", "delta"))
    d.line = place + 1
    d.sequence = whole(value["sequence"], "sequence")
    if not 1 <= d.sequence <= MAX_DELTAS:
        raise Refused("sequence is 0 or above %d" % MAX_DELTAS)
    d.record = each(value, "recordId", filled)
    d.receipt = each(value, "receiptId", filled)
    d.content = each(value, "contentHash", hash_text)
    d.batch = each(value, "itemHashes", array_of(hash_text, 1, MAX_ITEM_HASHES))
    d.proof = each(value, "proofHash", hash_text)
    d.previous = each(value, "previousProofHash", hash_text)
    d.index = each(value, "index", whole)
    each(value, "verifiedAt", instant)
    d.carried = each(value, "carried", window)
    if d.content == ZERO:
        raise Refused("contentHash is the zero hash")
    if d.reference is None and d.record is None:
        raise Refused("a delta without referenceId and recordId")
    d.unknown = sources(value)
    if d.reason is None and "reason" not in d.unknown:
        raise Refused("an item without a reason that is not unknown")
    if d.unknown and d.content is None:
        raise Refused("a delta without contentHash of whose item something is unknown")
    return d


def sources(line):
    """Holds the sources to the members of the line; gives the members that are unknown."""
    given = members(line["sources"], "sources", ("item",),
                    ("record", "proof") + ITEM + RECORD + PROOF)
    for name, word in given.items():
        if source(word, name) == "unknown" and name not in ITEM:
            raise Refused("%s cannot be unknown" % name)
    unknown = {name for name in ITEM if given.get(name) == "unknown"}
    for group, names in GROUPS.items():
        holder = line["item"] if group == "item" else line
        for name in names:
            there = name in holder and not (name == "reason" and holder[name] == "")
            if there and group not in given and name not in given:
                raise Refused("%s has no source" % name)
            if name in holder and name in unknown:
                raise Refused("%s is there and unknown" % name)
            if not there and given.get(name, "unknown") != "unknown":
                raise Refused("%s has a source and is not there" % name)
    return unknown


def trailer(value):
    members(value, "trailer", ("end", "count", "sum", "root"))
    one_of(FORMAT)(value["end"], "end")
    return Thing(count=whole(value["count"], "count"), sum=exact(value["sum"], "sum"),
                 root=hash_text(value["root"], "root"))


def read_evidence(path):
    """The header, the deltas and the trailer of a file."""
    if os.path.getsize(path) > MAX_FILE:
        raise Refused("a file of more than %d bytes" % MAX_FILE)
    head, deltas, end = None, [], None
    with open(path, "rb") as file:
        while True:
            line = file.readline(MAX_LINE + 3)
            if not line:
                break
            if end:
                raise Refused("something behind the trailer")
            line = line[:-1] if line.endswith(b"\n") else line
            line = line[:-1] if line.endswith(b"\r") else line
            if len(line) > MAX_LINE:
                raise Refused("a line of more than %d bytes" % MAX_LINE)
            value = Parser(line).whole()
            if head is None:
                head = header(value)
            elif isinstance(value, dict) and {"end", "count", "sum", "root"} & set(value):
                end = trailer(value)
            else:
                if len(deltas) == min(head.count, MAX_DELTAS):
                    raise Refused("more deltas than the header's count, or than may be")
                deltas.append(delta_line(value, len(deltas) + 1))
    if not end:
        raise Refused("no trailer")
    return head, deltas, end


def confirmed(value, what):
    members(value, what, ("item", "batch", "checkpoint"))
    return {level: set(array_of(variant_name)(names, level)) for level, names in value.items()}


def own_delta(value, what):
    d = item_members(value, ("referenceId", "delta"))
    return d.reference, d.customer or None, d.amount


def read_anchor(value):
    members(value, "anchor", ("format", "kind"), value if isinstance(value, dict) else ())
    one_of(ANCHOR_FORMAT)(value["format"], "format")
    kind = one_of("public-record", "invoice-root", "own-deltas", "earlier", "probe")(value["kind"], "kind")
    a = Thing(kind=kind)
    base = ("format", "kind")
    if kind == "public-record":
        members(value, kind, base + ("root", "verified", "environment"),
                ("recordCount", "netChange", "source", "fetchedAt"))
        if not boolean(value["verified"], "verified"):
            raise Refused("a public record that is not verified")
        a.root = hash_text(value["root"], "root")
        if a.root == ZERO:
            raise Refused("a public record for the zero hash")
        a.environment = environment(value["environment"], "environment")
        a.count = each(value, "recordCount", whole)
        a.net = each(value, "netChange", exact)
        each(value, "source", filled)
        each(value, "fetchedAt", instant)
    elif kind == "invoice-root":
        members(value, kind, base + ("root",))
        a.root = hash_text(value["root"], "root")
    elif kind == "own-deltas":
        members(value, kind, base + ("deltas", "partial"))
        a.deltas = array_of(own_delta, 0, MAX_KNOWN)(value["deltas"], "deltas")
        a.partial = boolean(value["partial"], "partial")
    elif kind == "earlier":
        members(value, kind, base + ("verdict", "account", "environment", "usageDays", "window",
                                     "balance", "count", "confirmed", "billed"), ("root", "lastIndex"))
        a.verified = one_of("verified", "consistent")(value["verdict"], "verdict") == "verified"
        a.account = account(value["account"])
        a.environment = environment(value["environment"], "environment")
        a.days = usage_days(value["usageDays"], "usageDays")
        a.window = window(value["window"], "window")
        if a.window[1] <= begin(a.days[1]):
            raise Refused("window ends before the last usage day begins")
        a.balance = exact(value["balance"], "balance")
        whole(value["count"], "count")
        a.confirmed = confirmed(value["confirmed"], "confirmed")
        a.billed = array_of(ids)(value["billed"], "billed")
        each(value, "root", hash_text)
        a.last_index = each(value, "lastIndex", whole)
    else:
        members(value, kind, base + ("environment", "confirmed", "chainPerAccount", "indexPerAccount"),
                ("firstIndex", "source", "at"))
        a.environment = environment(value["environment"], "environment")
        a.confirmed = confirmed(value["confirmed"], "confirmed")
        a.chain = boolean(value["chainPerAccount"], "chainPerAccount")
        a.index = boolean(value["indexPerAccount"], "indexPerAccount")
        each(value, "firstIndex", whole)
        each(value, "source", filled)
        each(value, "at", instant)
    return a


def read_expect(value):
    members(value, "expect", (), ("customerId", "resource", "unit", "usageDays", "period",
                                  "balance", "variant", "environment"))
    e = Thing(customer=each(value, "customerId", customer_id),
              resource=each(value, "resource", filled), unit=each(value, "unit", filled),
              days=each(value, "usageDays", usage_days, each(value, "period", month)),
              balance=each(value, "balance", exact),
              environment=each(value, "environment", environment, "live"))
    e.tried = [value["variant"]] if each(value, "variant", variant_name) else list(VARIANTS)
    if {"usageDays", "period"} <= set(value) and month(value["period"], "period") != e.days:
        raise Refused("usageDays are not those of period")
    return e


def check_call(expect, anchors):
    """What section 7 calls an error of the call."""
    if len(anchors) > MAX_ANCHORS:
        raise Refused("more than %d anchors" % MAX_ANCHORS)
    own = [a for a in anchors if a.kind == "own-deltas"]
    if len(own) > 1:
        raise Refused("own deltas are given twice")
    for a in own:
        if len({reference for reference, _, _ in a.deltas}) < len(a.deltas):
            raise Refused("own deltas name a reference twice")
        if expect.customer and {c for _, c, _ in a.deltas} - {None, expect.customer}:
            raise Refused("own deltas name another customer than is expected")
    for a in anchors:
        if a.kind == "earlier" and (
                expect.customer not in (None, a.account.customer)
                or expect.resource not in (None, a.account.resource)
                or expect.environment != a.environment):
            raise Refused("earlier evidence is not of the account that is expected")


# ---------------------------------------------------------------------------------------
# 4. The checks (sections 8 to 10)
# ---------------------------------------------------------------------------------------

USAGE = re.compile(r"usage:(?P<customer>(?s:.*)):(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
                   r"(?::late-(?P<late>[1-9][0-9]{0,8}))?"
                   r"(?::part-(?P<part>[2-9]|[1-9][0-9]{1,8}))?"
                   r"(?P<again>:again-[1-9][0-9]{0,8})?")


@functools.lru_cache(maxsize=1 << 16)
def usage_reference(reference):
    """(customer id, day, base) of a usage day's reference, or None (section 8.4)."""
    match = USAGE.fullmatch(reference)
    if not match:
        return None
    try:
        date = day(match["day"], "day")
        customer = customer_id(match["customer"], "customer id")
    except Refused:
        return None
    return customer, date, reference[:len(reference) - len(match["again"] or "")]


@functools.lru_cache(maxsize=1 << 16)
def look(reference):
    """What a reference is taken for at a glance (section 8.4)."""
    def seen(string):
        return "".join(c for c in string if unicodedata.category(c) not in ("Zs", "Zl", "Zp", "Cc", "Cf"))
    out = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", seen(reference)).casefold())
    done, marks = [], []
    for char in seen(out):
        if unicodedata.category(char)[0] == "M":
            marks.append(char)
        else:
            done += sorted(marks) + [char]
            marks = []
    out = "".join(done + sorted(marks))
    usage = usage_reference(out)
    return usage[2] if usage else out


def day_before(date):
    return date - datetime.timedelta(1) if date > datetime.date.min else None


class Case:
    """Evidence, expectation and anchors, with what section 8 makes of them."""

    def __init__(self, evidence, expect, anchors):
        self.header, self.deltas, self.trailer = evidence
        self.expect = expect
        self.records = [a for a in anchors if a.kind == "public-record"]
        self.invoices = [a.root for a in anchors if a.kind == "invoice-root"]
        self.own = next((a for a in anchors if a.kind == "own-deltas"), None)
        self.own_by_reference = {r: (c, n) for r, c, n in self.own.deltas} if self.own else {}
        self.probes = [a for a in anchors if a.kind == "probe" and a.environment == self.header.environment]
        self.all_earlier = sorted((a for a in anchors if a.kind == "earlier"), key=lambda a: a.days[0])
        self.earlier = [a for a in self.all_earlier if a.account.customer == self.header.account.customer]
        self.billed = [pair for a in self.earlier for pair in a.billed]
        before = [a for a in self.earlier if a.days[1] == day_before(self.header.days[0])]
        self.before = next((a for a in before if a.verified), before[0] if before else None)
        self.reach = self.reached_back()
        self.under = [d for d in self.deltas if d.carried is None]
        self.target = self.find_target()
        self.target_records = [r for r in self.records if r.root == self.target]
        self.leaves = {}
        for d in self.deltas:
            self.set_content(d)
        self.set_levels(anchors)
        self.differing = [d for d in self.deltas if d.state == "differing"]
        self.suspect = self.differing[0].line if len(self.differing) == 1 else 0  # the rules marked †
        self.bound = {id(d): [r for r in self.records if self.binds(r, d)]
                      for d in self.deltas if d.carried is not None}
        self.wanted = {name: self.find_wanted(name) for name in ("resource", "unit")}
        self.sum = sum((d.amount for d in self.deltas), Decimal(0))

    def find_wanted(self, name):
        """The resource or unit that every delta has to name (the check unit)."""
        named = [getattr(self.header.account, name), getattr(self.expect, name)]
        named += [d.metadata.get(name) for d in self.deltas]
        return next((value for value in named if is_name(value)), None)

    def find_target(self):
        if self.header.target != ZERO:
            return self.header.target
        roots = {r.root for r in self.records} | set(self.invoices)
        return roots.pop() if len(roots) == 1 else ZERO

    def reached_back(self):
        """The earliest day that earlier evidence reaches."""
        reached, todo = self.header.days[0], [self.header.days[0]]
        seen = set(todo)
        while todo:
            eve = day_before(todo.pop())
            for a in self.earlier:
                if a.verified and a.days[1] == eve and a.days[0] not in seen:
                    seen.add(a.days[0])
                    todo.append(a.days[0])
                    reached = min(reached, a.days[0])
        return reached

    def leaf(self, d, variant):
        """The leaf of a delta in a tree (section 8.2)."""
        return d.content or self.item_leaf(d, VARIANTS[variant][0])

    def item_leaf(self, d, label):
        return keccak256(label + d.canonical)

    def set_content(self, d):
        """Sections 8.1 and 8.4."""
        d.usage = usage_reference(d.reference) if d.reference is not None else None
        d.dated = d.usage is not None and d.usage[0] == self.header.account.customer
        labels = {VARIANTS[v][0] for v in self.expect.tried}
        if d.content is None:
            d.state = "unstated"
        elif d.content in [self.item_leaf(d, label) for label in labels]:
            d.state = "reproduced"
        else:
            d.state = "partly known" if d.unknown else "differing"
        d.batch_root = None  # whether the root over itemHashes is proofHash
        if d.batch and d.proof:
            d.batch_by = {v for v in self.expect.tried if root_over(d.batch, v) == d.proof}
            d.batch_root = bool(d.batch_by)

    def set_levels(self, anchors):
        """Section 8.3."""
        item = any(d.state == "reproduced" for d in self.deltas)
        batch = any(d.batch_root and len(d.batch) > 1 for d in self.deltas)
        self.reproduced = self.target != ZERO and any(
            root_over([self.leaf(d, v) for d in self.under], v) == self.target for v in self.expect.tried)
        self.shown = {"item": item, "batch": batch, "checkpoint": self.reproduced and len(self.under) > 1}
        tried = set(self.expect.tried)
        for a in anchors:
            if a.kind in ("earlier", "probe") and a.environment == self.header.environment:
                for level, names in a.confirmed.items():
                    self.shown[level] = self.shown[level] or bool(names & tried)

    def own_has(self, d):
        """Section 8.5."""
        return d.reference in self.own_by_reference and self.own_by_reference[d.reference][1] == d.amount

    def binds(self, record, d):
        return (record.environment == self.expect.environment and record.root == d.proof
                and bool(d.batch_root) and d.content in d.batch and d.state == "reproduced")


PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not checked"


def failed(line=0):
    return FAILED, line


def passed(rests=False):
    return PASSED, rests


NOT = NOT_CHECKED, None


def check_format(c):
    return passed()


def check_environment(c):
    if c.header.environment != c.expect.environment:
        return failed()
    if any(r.environment != c.expect.environment for r in c.target_records):
        return failed()
    return passed(not c.target_records)


def check_account(c):
    if c.expect.customer not in (None, c.header.account.customer):
        return failed()
    for d in c.deltas:
        if d.customer != c.header.account.customer:
            return failed(d.line)
    return passed(c.expect.customer is None)


def is_name(value):
    return isinstance(value, str) and not isinstance(value, Number) and value != ""


def check_unit(c):
    for name in c.wanted:
        ours, theirs = getattr(c.expect, name), getattr(c.header.account, name)
        if ours and theirs and ours != theirs:
            return failed()
    rests = c.expect.resource is None
    for d in c.deltas:
        for name, wanted in c.wanted.items():
            if name in d.metadata:
                if not is_name(d.metadata[name]) or d.metadata[name] != wanted:
                    return failed(d.line)
            elif name == "resource" or wanted:
                rests = True
    return passed(rests)


def check_order(c):
    seen = {record for _, record in c.billed if record is not None}
    carried = 0
    for place, d in enumerate(c.deltas, 1):
        if d.sequence != place:
            return failed(d.line)
        if d.record is not None:
            if d.record in seen:
                return failed(d.line)
            seen.add(d.record)
        if d.carried is not None:
            if carried == len(c.header.carried):
                return failed(d.line)
            (reference, record), when = c.header.carried[carried]
            if reference not in (None, d.reference) or record not in (None, d.record) or when != d.carried:
                return failed(d.line)
            carried += 1
    return failed() if carried < len(c.header.carried) else passed()


def check_references(c):
    alike = False
    before = {}
    for reference, _ in c.billed:
        if reference is not None:
            add_look(before, reference)
    result = None
    for d in c.deltas:
        if d.reference is None:
            continue
        same_look = add_look(before, d.reference)
        usage = usage_reference(d.reference)
        for other in same_look:
            if other == d.reference or usage and (usage_reference(other) or [None])[-1] == usage[2]:
                result = result or failed(d.line)
        alike = alike or bool(same_look)
    if len(before) > MAX_KNOWN:
        raise Refused("more than %d references" % MAX_KNOWN)
    return result or (NOT if alike else passed())


def add_look(before, reference):
    """Adds a reference to those before, by look; gives those of its look that were there."""
    there = before.setdefault(look(reference), [])
    same = list(there)
    if reference not in there:
        there.append(reference)
        if len(there) > MAX_SAME_LOOK + 1:
            raise Refused("more than %d references look like another one" % MAX_SAME_LOOK)
    return same


def check_usage_days(c):
    if c.expect.days not in (None, c.header.days):
        return failed()
    rests = c.expect.days is None
    for d in c.deltas:
        if not d.dated:
            rests = rests or not c.own_has(d)
            continue
        if d.usage[1] > c.header.days[1]:
            return failed(d.line)
        if d.carried is not None and begin(d.usage[1]) >= d.carried[1]:
            return failed(d.line)
        if d.carried is None and d.usage[1] < c.reach:
            rests = True
    return passed(rests)


def check_start(c):
    for a in c.all_earlier:
        if a.account.customer != c.header.account.customer:
            return failed()
        if a.window[0] < c.header.window[1] and c.header.window[0] < a.window[1]:
            return failed()
    before, start = c.before, c.header.start
    if before is None:
        return passed(start != 0)
    if start != 0 and start != before.balance:
        return failed()
    rests = before.window[1] != c.header.window[0] or start == 0 and before.balance > 0
    if start != 0 and not before.verified:
        rests = True
    for name, wanted in c.wanted.items():
        theirs = getattr(before.account, name)
        if start != 0 and theirs != wanted:
            if before.verified and theirs and wanted:
                return failed()
            rests = rests or not theirs or not wanted
    return passed(rests)


def check_content(c):
    if c.differing and c.shown["item"]:
        return failed(c.differing[0].line)
    for d in c.deltas:
        if d.state in ("differing", "partly known"):
            return NOT
        if d.state == "unstated" and d.carried is None and not c.reproduced:
            return NOT
    return passed()


def check_balance(c):
    if c.expect.balance not in (None, c.header.claimed):
        return failed()
    if c.trailer.sum != c.sum:
        return failed(c.suspect)
    if c.header.claimed == c.header.start + c.sum:
        return passed()
    running = float(c.header.start)
    apart = 0.0
    for d in c.deltas:
        running += float(d.amount)
        apart += float(d.amount)
    for value in (running, float(c.header.start) + apart):
        if abs(value) != float("inf") and value == value and Decimal(shortest(value)) == c.header.claimed:
            return passed(True)
    return failed(c.suspect)


def check_checkpoint_root(c):
    if any(root != c.target for root in c.invoices):
        return failed()
    bound = {id(r) for records in c.bound.values() for r in records}
    if not c.target_records and any(id(r) not in bound for r in c.records):
        return failed()
    if c.trailer.root != root_over([c.leaf(d, c.header.variant) for d in c.under], c.header.variant):
        return failed()
    unstated = any(d.state == "unstated" for d in c.under)
    if c.target != ZERO and not c.reproduced and c.shown["checkpoint"] and (not unstated or c.shown["item"]):
        return failed(c.suspect)
    if not c.reproduced and not (c.target == ZERO and not c.under):
        return NOT
    return passed(not c.target_records)


def ambiguous(c):
    """Whether another list of deltas has the same root (section 9, "Ambiguous")."""
    n = len(c.under)
    for level in levels([c.leaf(d, c.header.variant) for d in c.under], c.header.variant):
        if len(level) > 2 and len(level) % 2 == 0 and level[-1] == level[-2]:
            return True
    tail = n & -n
    if n in (0, tail):
        return False
    return not any(d.reference is not None and d.state in ("reproduced", "unstated") for d in c.under[n - tail:])


def check_count(c):
    if c.header.count != len(c.deltas) or c.trailer.count != len(c.deltas):
        return failed()
    counts = [r.count for r in c.target_records if r.count is not None]
    if any(count != len(c.under) for count in counts):
        return failed()
    if not counts and ambiguous(c):
        return NOT
    return passed(not counts)


def check_net_change(c):
    total = sum((d.amount for d in c.under), Decimal(0))
    room = (len(c.under) + 2) * sum((abs(d.amount) for d in c.under), Decimal(0))
    nets = [r.net for r in c.target_records if r.net is not None]
    if any(abs(net - total) * 2**53 > room for net in nets):
        return failed(c.suspect)
    return passed(not nets)


def check_carried(c):
    rests = False
    for d in c.deltas:
        if d.carried is not None:
            rests = rests or not (c.own_has(d) or c.bound[id(d)])
            rests = rests or not d.dated or d.usage[1] < c.reach
    return passed(rests)


def check_membership(c):
    both = [d for d in c.deltas if d.content and d.batch]
    for d in both:
        if d.content not in d.batch:
            return failed(d.line)
    return passed() if both else NOT


def check_batch_roots(c):
    both = [d for d in c.deltas if d.batch_root is not None]
    wrong = [d for d in both if not d.batch_root]
    if wrong and c.shown["batch"]:
        return failed(wrong[0].line)
    receipts = [d for d in both if d.receipt and re.fullmatch("0x[0-9a-fA-F]{64}", d.receipt)]
    if any(d.receipt.lower() == d.proof for d in receipts):
        for d in receipts:
            if d.receipt.lower() != d.proof:
                return failed(d.line)
    return NOT if wrong or not both else passed()


def check_chain(c):
    pairs = [(a, b) for a, b in zip(c.under, c.under[1:])
             if a.proof and b.proof and a.proof != b.proof and b.previous]
    broken = [b for a, b in pairs if b.previous != a.proof]
    if broken:
        return failed(broken[0].line) if any(p.chain for p in c.probes) else NOT
    return passed() if pairs else NOT


def check_gaps(c):
    if not any(p.index for p in c.probes) or not c.under or any(d.index is None for d in c.under):
        return NOT
    for a, b in zip(c.under, c.under[1:]):
        if b.index != a.index + 1:
            return failed(b.line)
    a = c.before
    if a and a.verified and a.last_index is not None and a.window[1] == c.header.window[0]:
        if c.under[0].index != a.last_index + 1:
            return failed()
    return passed()


def check_adjustments(c):
    held = {("reference", r) for r, _ in c.billed if r} | {("record", r) for _, r in c.billed if r}
    adjusted_by = {}  # by what nothing before the adjusting delta had
    any_adjusts = open_end = False
    for d in c.deltas:
        names = {("reference", d.reference), ("record", d.record)} - {("reference", None), ("record", None)} - held
        lines = [adjusted_by[name] for name in names if name in adjusted_by]
        if lines:
            return failed(min(lines))
        if d.adjusts:
            any_adjusts = True
            reference, record = d.adjusts
            name = ("reference", reference) if reference else ("record", record)
            if name in names:
                return failed(d.line)
            if name not in held:
                usage = usage_reference(reference) if reference else None
                if usage and usage[0] == c.header.account.customer and usage[1] >= c.reach:
                    return failed(d.line)
                open_end = True
                adjusted_by.setdefault(name, d.line)
        held |= names
    return passed() if any_adjusts and not open_end else NOT


def check_own_deltas(c):
    if not c.own:
        return NOT
    for d in c.deltas:
        if d.reference not in c.own_by_reference:
            if not c.own.partial:
                return failed(d.line)
            continue
        customer, number = c.own_by_reference[d.reference]
        if customer not in (None, d.customer) or number != d.amount:
            return failed(d.line)
    if set(c.own_by_reference) - {d.reference for d in c.deltas}:
        return failed()
    return passed()


CHECKS = (  # name, whether it is needed for verified, function
    ("format", True, check_format), ("environment", True, check_environment),
    ("account", True, check_account), ("unit", True, check_unit), ("order", True, check_order),
    ("references", True, check_references), ("usage days", True, check_usage_days),
    ("start", True, check_start), ("content hashes", True, check_content),
    ("balance", True, check_balance), ("checkpoint root", True, check_checkpoint_root),
    ("count", True, check_count), ("net change", True, check_net_change),
    ("carried deltas", True, check_carried), ("membership", False, check_membership),
    ("batch roots", False, check_batch_roots), ("chain", False, check_chain),
    ("gaps", False, check_gaps), ("adjustments", False, check_adjustments),
    ("own deltas", False, check_own_deltas))


def verify(evidence, expect, anchors):
    """The report of section 10 over what was read."""
    check_call(expect, anchors)
    case = Case(evidence, expect, anchors)
    checks, first, missing, rests = [], None, False, False
    for name, needed, check in CHECKS:
        outcome, detail = check(case)
        checks.append({"name": name, "outcome": outcome})
        if outcome == FAILED and first is None:
            first = {"check": name, "line": detail}
        if needed:
            missing = missing or outcome == NOT_CHECKED
            rests = rests or outcome == PASSED and detail
    verdict = ("does not match" if first else "incomplete" if missing
               else "consistent" if rests else "verified")
    return {"verdict": verdict, "first": first, "checks": checks}


# ---------------------------------------------------------------------------------------
# 5. The command
# ---------------------------------------------------------------------------------------

def load(path, limit):
    with open(path, "rb") as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise Refused("%s has more than %d bytes" % (path, limit))
    return Parser(raw).whole()


def run(path, expect, anchors, folder=""):
    """Verifies one file; expect and anchors are paths or JSON objects."""
    def read(given):
        return load(os.path.join(folder, given), MAX_ANCHOR_FILE) if isinstance(given, str) else given
    if len(anchors) > MAX_ANCHORS:
        raise Refused("more than %d anchors" % MAX_ANCHORS)
    wanted = read_expect(read(expect) if expect is not None else Object())
    held = [read_anchor(read(anchor)) for anchor in anchors]
    return verify(read_evidence(os.path.join(folder, path)), wanted, held)


def batch(index):
    folder = os.path.dirname(index)
    with open(index, "rb") as file:
        for line in file:
            entry = Parser(line).whole()
            out = {"file": entry["file"]}
            try:
                out.update(run(entry["file"], entry.get("expect"), entry.get("anchors", []), folder))
            except (Refused, OSError) as why:
                out.update(verdict="refused", first=None, checks=[], error=str(why))
            print(json.dumps(out))
    return 0


def main():
    sys.setrecursionlimit(10000)
    arguments = argparse.ArgumentParser(description="Verifies pacspace-evidence/v1.")
    arguments.add_argument("evidence", nargs="?")
    arguments.add_argument("--expect")
    arguments.add_argument("--anchor", action="append", default=[])
    arguments.add_argument("--batch", metavar="INDEX")
    given = arguments.parse_args()
    if bool(given.batch) == bool(given.evidence):
        arguments.error("give either EVIDENCE or --batch INDEX")
    try:
        if given.batch:
            return batch(given.batch)
        report = run(given.evidence, given.expect, given.anchor)
    except (Refused, OSError) as why:
        print("verify_evidence: %s" % why, file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2))
    return {"verified": 0, "does not match": 1}.get(report["verdict"], 3)


if __name__ == "__main__":
    sys.exit(main())
