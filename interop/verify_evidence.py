#!/usr/bin/env python3
"""A second verifier of pacspace-evidence/v1, in one file and Python's standard library alone.

It was written from docs/evidence-format.md and not from the Go code of package proof, so that
each can find the other's mistakes. "Section" means a section of that document. It stays one
file of five parts, so that an auditor can copy it, read it through beside the document, and
run it with nothing else. Begin at verify() at the end of part 4; what comes before are the
rules that it rests on.

    verify_evidence.py EVIDENCE [--expect expect.json] [--anchor anchor.json ...]
    verify_evidence.py --batch index.jsonl

The first form prints one JSON object, {"verdict", "first", "checks"}, and ends with 0 for
verified, 1 for does not match, 2 for input that is refused, 3 for incomplete or consistent.
The second reads an index of JSON Lines, {"file", "expect", "anchors"}, whose paths begin at
the index's folder and whose expect and anchors may also stand there as objects. It prints the
same object for each line, with "file" in it and, where the input is refused, "error".

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
MAX_KNOWN = 10000000
MAX_REMEMBERED = 1073741824
MAX_OWN = 2000000
MAX_ALIKE = 100
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


def refuse_if(condition, why):
    if condition:
        raise Refused(why)


class Thing:
    """Named values."""

    def __init__(self, **values):
        self.__dict__.update(values)


# ---------------------------------------------------------------------------------------
# 1. keccak-256, trees and canonical JSON (section 6)
# ---------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def keccak_tables():
    """Round constants, and for each lane whence it comes and how far it turns (rho and pi)."""
    rounds, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        rounds.append(constant)
    plan, x, y = [(0, 0)] * 25, 1, 0
    for t in range(24):
        to = y, (2 * x + 3 * y) % 5
        plan[to[0] + 5 * to[1]] = x + 5 * y, (t + 1) * (t + 2) // 2 % 64
        x, y = to
    return rounds, plan


ROUNDS, PLAN = keccak_tables()


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
            state[i] ^= int.from_bytes(padded[start + 8 * i:start + 8 * i + 8], "little")
        state = permute(state)
    return "0x" + b"".join(lane.to_bytes(8, "little") for lane in state[:4]).hex()


VARIANTS = {}  # name: (item label, node label, how a child is written)
for _end, _separator in ("", b":"), ("-nul", b"\x00"):
    for _name, _child in (("hex0x", str.encode), ("hex", lambda text: text[2:].encode()),
                          ("raw", lambda text: bytes.fromhex(text[2:]))):
        VARIANTS[_name + _end] = b"pacspace:item:v1" + _separator, b"pacspace:node:v1" + _separator, _child


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
    refuse_if(len(text) > MAX_NUMBER, "a number of more than %d characters" % MAX_NUMBER)
    value = float(text)
    refuse_if(abs(value) == float("inf"), "a number beyond binary64")
    if value == 0:
        refuse_if(re.search("[1-9]", re.split("[eE]", text)[0]), "a number that binary64 takes for zero")
        return "0"
    out = shortest(value)
    refuse_if(Decimal(out) != Decimal(text), "a number that binary64 does not hold")
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
        body = digits[0] + ("." + digits[1:] if digits[1:] else "") + "e%+d" % (point - 1)
    return ("-" if sign else "") + body


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string_text(text):
    return '"' + re.sub('[\x00-\x1f"\\\\]', lambda m: ESCAPES.get(m[0]) or "\\u%04x" % ord(m[0]), text) + '"'


def canonical(value, depth=0):
    """RFC 8785, refusing what section 6.1 refuses and the parser has not refused yet."""
    if isinstance(value, Number):
        return number_text(value)
    if isinstance(value, str):
        return string_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    refuse_if(depth == MAX_DEPTH, "more than %d arrays and objects open at once" % MAX_DEPTH)
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
    """A text that is written with an escape."""


class Object(dict):
    """A JSON object."""


SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
STRING = re.compile(r'"([^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"')
ESCAPE = re.compile(r"\\(?:u(....)|(.))")
WORDS = {"true": True, "false": False, "null": None}
NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Parser:
    """Parses one JSON value and nothing behind it."""

    def __init__(self, raw):
        refuse_if(b"\x00" in raw, "a NUL byte")
        try:
            self.text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("invalid UTF-8")
        self.at = 0

    def whole(self):
        value = self.value(1)
        self.space()
        refuse_if(self.at != len(self.text), "something behind the JSON value")
        return value

    def space(self):
        self.at = SPACE.match(self.text, self.at).end()

    def take(self, char):
        """Whether char is next, behind white space; if so it is read."""
        self.space()
        found = self.text.startswith(char, self.at)
        self.at += found
        return found

    def value(self, depth):
        # An item is a few levels down in what is read; canonical() counts exactly.
        refuse_if(depth > MAX_DEPTH + 8, "too many arrays and objects open at once")
        if self.take("{"):
            return self.members(depth)
        if self.take("["):
            return self.elements(depth)
        if self.text.startswith('"', self.at):
            return self.string()
        number = NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Number(number[0])
        for word, value in WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        raise Refused("no JSON value at character %d" % self.at)

    def members(self, depth):
        out = Object()
        while not (self.take("}") if not out else self.end("}")):
            self.space()
            name = self.string()
            refuse_if(name in out, "the name %r twice" % name)
            refuse_if(not self.take(":"), "no colon behind a name")
            out[name] = self.value(depth + 1)
        return out

    def elements(self, depth):
        out = []
        while not (self.take("]") if not out else self.end("]")):
            out.append(self.value(depth + 1))
        return out

    def end(self, bracket):
        """Behind a member or an element: whether the bracket is next, and not a comma."""
        comma = self.take(",")
        refuse_if(not comma and not self.take(bracket), "neither comma nor %s" % bracket)
        return not comma

    def string(self):
        match = STRING.match(self.text, self.at)
        refuse_if(not match, "a malformed string at character %d" % self.at)
        self.at = match.end()
        if "\\" not in match[1]:
            return match[1]
        units = ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else NAMED.get(m[2], m[2]), match[1])
        try:  # joins surrogate pairs and refuses a lone surrogate
            return Escaped(units.encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
        except UnicodeDecodeError:
            raise Refused("a lone surrogate")


# A kind takes a value and its name, and gives what is made of the value or refuses it.

def members(required, optional=None):
    """A kind: an object with these names and kinds and no others, as a Thing (section 1)."""
    optional = optional or {}

    def kind(value, what):
        refuse_if(not isinstance(value, Object), "%s is not an object" % what)
        for name in value:
            refuse_if(isinstance(name, Escaped), "%s has a name that is written with an escape" % what)
            refuse_if(name not in required and name not in optional, "%s has the name %r" % (what, name))
        for name in required:
            refuse_if(name not in value, "%s has no %s" % (what, name))
        read = dict.fromkeys(optional)
        read.update((name, (required.get(name) or optional[name])(value[name], name)) for name in value)
        return Thing(**read)
    return kind


def array_of(kind, least=0, most=MAX_KNOWN):
    def read(value, what):
        refuse_if(not isinstance(value, list) or not least <= len(value) <= most,
                  "%s is not an array of %d to %d" % (what, least, most))
        return [kind(v, what) for v in value]
    return read


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def text(value, what):
    refuse_if(not is_text(value), "%s is not a text" % what)
    refuse_if(len(value.encode()) > MAX_TEXT, "%s has more than %d bytes" % (what, MAX_TEXT))
    return value


def shaped(pattern):
    """A kind: a text of which the whole matches a pattern."""
    compiled = re.compile(pattern)

    def kind(value, what):
        refuse_if(not compiled.fullmatch(text(value, what)), "%s is malformed" % what)
        return value
    return kind


filled = shaped(r"(?s:.+)")
customer_id = shaped(r"(?!\.{1,2}\Z)[A-Za-z0-9_.:-]{1,128}")
plain_hash = shaped(r"0x[0-9a-f]{64}")
plain_decimal = shaped(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
plain_day = shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
plain_month = shaped(r"[0-9]{4}-[0-9]{2}")
plain_instant = shaped(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,8}[1-9])?Z")


def one_of(*words):
    def kind(value, what):
        refuse_if(text(value, what) not in words, "%s is none of %s" % (what, ", ".join(words)))
        return value
    return kind


environment = one_of("live", "test")
variant_name = one_of(*VARIANTS)


def boolean(value, what):
    refuse_if(not isinstance(value, bool), "%s is not a boolean" % what)
    return value


def hash_text(value, what):
    refuse_if(isinstance(value, Escaped), "%s is written with an escape" % what)
    return plain_hash(value, what)


def whole(value, what, most=2**53 - 1):
    refuse_if(not isinstance(value, Number) or not re.fullmatch("0|[1-9][0-9]{0,15}", value) or int(value) > most,
              "%s is not a whole number of at most %d" % (what, most))
    return int(value)


def count_of_deltas(value, what):
    return whole(value, what, MAX_DELTAS)


def exact(value, what):
    """An exact decimal."""
    refuse_if(plain_decimal(value, what) == "-0", "%s is -0" % what)
    out = Decimal(value)
    kept = value.replace("-", "").replace(".", "").strip("0")
    last = out.normalize().as_tuple().exponent
    refuse_if(len(kept) > MAX_DIGITS or abs(last) > MAX_PLACES, "%s has too many digits" % what)
    return out


def amount(value, what):
    refuse_if(not isinstance(value, Number) or number_text(value) != value,
              "%s is not a number in its canonical form" % what)
    return Decimal(value)


def day(value, what):
    try:
        return datetime.date.fromisoformat(plain_day(value, what))
    except ValueError:
        raise Refused("%s is not a day" % what)


def month(value, what):
    """The first and the last day of a month YYYY-MM."""
    first = day(plain_month(value, what) + "-01", what)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def instant(value, what):
    """A time, as a text that compares as the time does."""
    date = plain_instant(value, what)[:10]
    day("2000" + date[4:] if date.startswith("0000") else date, what)  # a date has no year 0, a leap year
    refuse_if(value[11:13] > "23" or value[14:16] > "59" or value[17:19] > "59", "%s is not a time" % what)
    return value[:19] + "." + value[20:-1].ljust(9, "0")


def begin(date):
    """The instant at which a day begins."""
    return date.isoformat() + "T00:00:00.000000000"


def window(value, what):
    read = members({"start": instant, "end": instant})(value, what)
    refuse_if(read.start >= read.end, "%s does not start before it ends" % what)
    return read.start, read.end


def usage_days(value, what):
    read = members({"first": day, "last": day})(value, what)
    refuse_if(read.last < read.first, "%s ends before it begins" % what)
    return read.first, read.last


def metadata(value, what):
    refuse_if(not isinstance(value, Object), "%s is not an object" % what)
    return value


# ---------------------------------------------------------------------------------------
# 3. Evidence, anchors and expectation (sections 3 to 5, 7 and 13)
# ---------------------------------------------------------------------------------------

account = members({"customerId": customer_id}, {"resource": filled, "unit": filled})
IDS = {"referenceId": filled, "recordId": filled}


def named(kind):
    """A kind whose object names a delta by referenceId, by recordId or by both."""
    def read(value, what):
        out = kind(value, what)
        refuse_if(out.referenceId is None and out.recordId is None, "%s names no delta" % what)
        return out
    return read


def adjusts(value, what):
    out = members({}, IDS)(value, what)
    refuse_if((out.referenceId is None) == (out.recordId is None), "adjusts does not name exactly one id")
    return out


ITEM = {"reason": text, "referenceId": filled, "metadata": metadata, "adjusts": adjusts}
RECORD = {"recordId": filled, "receiptId": filled, "index": whole, "verifiedAt": instant}
PROOF = {"contentHash": hash_text, "itemHashes": array_of(hash_text, 1, MAX_ITEM_HASHES),
         "proofHash": hash_text, "previousProofHash": hash_text}
GROUPS = {"item": ITEM, "record": RECORD, "proof": PROOF}
source = one_of("submitted", "emitted", "status", "webhook", "derived", "checkpoint", "receipt", "unknown")

HEADER = members(
    {"format": one_of(FORMAT), "scheme": one_of(SCHEME), "variant": variant_name, "environment": environment,
     "account": account, "usageDays": usage_days, "window": window, "startingBalance": exact,
     "claimedBalance": exact, "count": count_of_deltas},
    {"period": month, "checkpoint": members({"proofRoot": hash_text}, {"id": filled}),
     "carried": array_of(named(members({"window": window}, IDS)), 1, MAX_CARRIED)})
DELTA = members(
    {"sequence": count_of_deltas, "item": members({"customerId": text, "delta": amount}, ITEM),
     "sources": members({"item": source}, {name: source for name in ("record", "proof", *ITEM, *RECORD, *PROOF)})},
    {"carried": window, **RECORD, **PROOF})
TRAILER = members({"end": one_of(FORMAT), "count": count_of_deltas, "sum": exact, "root": hash_text})


def read_header(value):
    h = HEADER(value, "header")
    refuse_if(h.period not in (None, h.usageDays), "usageDays are not those of period")
    refuse_if(h.window[1] <= begin(h.usageDays[1]), "window ends before the last usage day begins")
    h.carried = h.carried or []
    refuse_if(len(h.carried) > h.count, "more carried deltas than deltas")
    for entry in h.carried:
        refuse_if(entry.window[1] > h.window[0], "the window of a carried delta ends after the header's starts")
    return h


def read_delta(value, place):
    d = DELTA(value, "delta")
    d.line = place + 1
    d.unknown = check_sources(value)
    d.canonical = canonical(value["item"]).encode()
    refuse_if(d.sequence == 0, "sequence is 0")
    refuse_if(d.contentHash == ZERO, "contentHash is the zero hash")
    refuse_if(d.item.referenceId is None and d.recordId is None, "a delta without referenceId and recordId")
    refuse_if(d.item.reason is None and "reason" not in d.unknown, "an item without a reason that is not unknown")
    refuse_if(d.unknown and d.contentHash is None, "a delta without contentHash with something unknown")
    d.item.metadata = d.item.metadata or {}
    return d


def check_sources(line):
    """Holds the sources to the members of a line; gives the members that are unknown."""
    given = line["sources"]
    unknown = {name for name in given if given[name] == "unknown"}
    for group, names in GROUPS.items():
        holder = line["item"] if group == "item" else line
        for name in names:
            there = name in holder and not (name == "reason" and holder[name] == "")
            refuse_if(there and group not in given and name not in given, "%s has no source" % name)
            refuse_if(name in holder and name in unknown, "%s is there and unknown" % name)
            refuse_if(not there and given.get(name, "unknown") != "unknown", "%s has a source and is not there" % name)
    refuse_if(unknown - set(ITEM), "something is unknown that cannot be")
    return unknown


def read_evidence(path):
    """The header, the deltas and the trailer of a file."""
    refuse_if(os.path.getsize(path) > MAX_FILE, "a file of more than %d bytes" % MAX_FILE)
    header, deltas, trailer = None, [], None
    with open(path, "rb") as file:
        while True:
            line = file.readline(MAX_LINE + 3)
            if not line:
                break
            refuse_if(trailer, "something behind the trailer")
            line = line[:-1] if line.endswith(b"\n") else line
            line = line[:-1] if line.endswith(b"\r") else line
            refuse_if(len(line) > MAX_LINE, "a line of more than %d bytes" % MAX_LINE)
            value = Parser(line).whole()
            if header is None:
                header = read_header(value)
            elif isinstance(value, dict) and {"end", "count", "sum", "root"} & set(value):
                trailer = TRAILER(value, "trailer")
            else:
                refuse_if(len(deltas) == header.count, "more deltas than the header's count")
                deltas.append(read_delta(value, len(deltas) + 1))
    refuse_if(not trailer, "no trailer")
    return header, deltas, trailer


CONFIRMED = members({level: array_of(variant_name) for level in ("item", "batch", "checkpoint")})
EARLIER_HEAD = {"verdict": one_of("verified", "consistent"), "account": account, "environment": environment,
                "usageDays": usage_days, "window": window, "balance": exact, "count": count_of_deltas}
ANCHORS = {  # kind: required and optional members
    "public-record": ({"root": hash_text, "verified": boolean, "environment": environment},
                      {"recordCount": whole, "netChange": exact, "source": filled, "fetchedAt": instant}),
    "invoice-root": ({"root": hash_text}, {}),
    "own-deltas": ({"deltas": array_of(members({"referenceId": filled, "delta": amount}, {"customerId": text, **ITEM}),
                                       0, MAX_OWN),
                    "partial": boolean}, {}),
    "earlier": ({"confirmed": CONFIRMED, "billed": array_of(named(members({}, IDS))), **EARLIER_HEAD},
                {"root": hash_text, "lastIndex": whole}),
    "probe": ({"environment": environment, "confirmed": CONFIRMED, "chainPerAccount": boolean,
               "indexPerAccount": boolean}, {"firstIndex": whole, "source": filled, "at": instant}),
}


def read_anchor(value):
    kind = one_of(*ANCHORS)(metadata(value, "anchor").get("kind"), "kind")
    required, optional = ANCHORS[kind]
    a = members({"format": one_of(ANCHOR_FORMAT), "kind": text, **required}, optional)(value, kind)
    if kind == "public-record":
        refuse_if(not a.verified, "a public record that is not verified")
        refuse_if(a.root == ZERO, "a public record for the zero hash")
    elif kind == "own-deltas":
        for item in value["deltas"]:
            canonical(item)
    elif kind == "earlier":
        refuse_if(a.window[1] <= begin(a.usageDays[1]), "window ends before the last usage day begins")
        a.verified = a.verdict == "verified"
    return a


def read_expect(value):
    e = members({}, {"customerId": customer_id, "resource": filled, "unit": filled, "usageDays": usage_days,
                     "period": month, "balance": exact, "variant": variant_name,
                     "environment": environment})(value, "expect")
    refuse_if(e.usageDays and e.period not in (None, e.usageDays), "usageDays are not those of period")
    e.usageDays = e.usageDays or e.period
    e.environment = e.environment or "live"
    e.tried = [e.variant] if e.variant else list(VARIANTS)
    return e


def check_call(expect, anchors):
    """What section 7 calls an error of the call."""
    own = [a for a in anchors if a.kind == "own-deltas"]
    refuse_if(len(own) > 1, "own deltas are given twice")
    for a in own:
        refuse_if(len({d.referenceId for d in a.deltas}) < len(a.deltas), "own deltas name a reference twice")
        others = {d.customerId or None for d in a.deltas} - {None, expect.customerId}
        refuse_if(expect.customerId and others, "own deltas name another customer than is expected")
    for a in anchors:
        refuse_if(a.kind == "earlier" and (expect.customerId not in (None, a.account.customerId)
                                           or expect.resource not in (None, a.account.resource)
                                           or expect.environment != a.environment),
                  "earlier evidence is not of the account that is expected")


# ---------------------------------------------------------------------------------------
# 4. The checks (sections 8 to 10)
# ---------------------------------------------------------------------------------------

USAGE = re.compile(r"usage:([A-Za-z0-9_.:-]{1,128}):([0-9]{4}-[0-9]{2}-[0-9]{2})(?::late-[1-9][0-9]{0,8})?"
                   r"(?::part-(?:[2-9]|[1-9][0-9]{1,8}))?(:again-[1-9][0-9]{0,8})?")


@functools.lru_cache(maxsize=1 << 16)
def usage_reference(reference):
    """(customer id, day, base) of a usage day's reference, or None (section 8.4)."""
    match = USAGE.fullmatch(reference or "")
    try:
        return match and (customer_id(match[1], "customer id"), day(match[2], "day"),
                          reference[:len(reference) - len(match[3] or "")])
    except Refused:
        return None


@functools.lru_cache(maxsize=1 << 16)
def look(reference):
    """What a reference is taken for at a glance (section 8.4)."""
    def seen(string):
        return [c for c in string if unicodedata.category(c) not in ("Zs", "Zl", "Zp", "Cc", "Cf")]

    def fold(char):
        return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    done, marks = [], []
    for char in seen("".join(map(fold, seen(reference)))):
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


class Failed(Exception):
    """A check failed, at a line."""


class NotChecked(Exception):
    """A check was not made."""


class Case:
    """Evidence, expectation and anchors, with what section 8 makes of them."""

    def __init__(self, evidence, expect, anchors):
        self.header, self.deltas, self.trailer = evidence
        self.expect, self.rests = expect, False
        self.under = [d for d in self.deltas if d.carried is None]
        self.customer = self.header.account.customerId
        self.first_day, self.last_day = self.header.usageDays
        self.records = [a for a in anchors if a.kind == "public-record"]
        self.invoices = [a.root for a in anchors if a.kind == "invoice-root"]
        self.own = next((a for a in anchors if a.kind == "own-deltas"), None)
        self.own_deltas = {d.referenceId: d for d in self.own.deltas} if self.own else {}
        self.probes = [a for a in anchors if a.kind == "probe" and a.environment == self.header.environment]
        self.all_earlier = sorted((a for a in anchors if a.kind == "earlier"), key=lambda a: a.usageDays[0])
        self.earlier = [a for a in self.all_earlier if a.account.customerId == self.customer]
        self.billed = [d for a in self.earlier for d in a.billed]
        before = [a for a in self.earlier if a.usageDays[1] == day_before(self.first_day)]
        self.before = ([a for a in before if a.verified] or before or [None])[-1]
        self.contested = len({self.end_of(a) for a in before if a.verified == self.before.verified}) > 1
        self.reach = self.reached_back()
        self.wanted = {name: self.find_wanted(name) for name in ("resource", "unit")}
        self.target = self.find_target()
        self.target_records = [r for r in self.records if r.root == self.target]
        for d in self.deltas:
            self.set_content(d)
        self.set_levels(anchors)
        self.differing = [d for d in self.deltas if d.state == "differing"]
        self.suspect = self.differing[0].line if len(self.differing) == 1 else 0  # the rules marked †
        self.sum = sum((d.item.delta for d in self.deltas), Decimal(0))

    # What a check says, in the terms of the table's columns.

    def fail_if(self, condition, line=0):
        if condition:
            raise Failed(line)

    def open_if(self, condition):
        if condition:
            raise NotChecked()

    def rest_if(self, condition):
        self.rests = self.rests or bool(condition)

    def end_of(self, a):
        """What two earlier evidences of the same last day must agree on (section 7)."""
        return a.account.resource, a.account.unit, a.balance, a.window[1], a.lastIndex

    def reached_back(self):
        """The earliest day that earlier evidence reaches (section 7)."""
        reached = todo = {self.first_day}
        while todo:
            eves = {day_before(first) for first in todo}
            todo = {a.usageDays[0] for a in self.earlier if a.verified and a.usageDays[1] in eves} - reached
            reached = reached | todo
        return min(reached)

    def find_wanted(self, name):
        """The resource or unit that every delta has to name (the check unit)."""
        given = [getattr(self.header.account, name), getattr(self.expect, name)]
        given += [d.item.metadata.get(name) for d in self.deltas]
        return next((value for value in given if is_text(value) and value), None)

    def find_target(self):
        """Section 7."""
        stated = self.header.checkpoint.proofRoot if self.header.checkpoint else ZERO
        roots = {r.root for r in self.records} | set(self.invoices)
        return roots.pop() if stated == ZERO and len(roots) == 1 else stated

    def leaves(self, variant):
        """The leaves of all deltas but the carried ones (section 8.2)."""
        label = VARIANTS[variant][0]
        return [d.contentHash or keccak256(label + d.canonical) for d in self.under]

    def set_content(self, d):
        """Sections 8.1 and 8.4, and by which variants the root over itemHashes is proofHash."""
        d.usage = usage_reference(d.item.referenceId)
        d.dated = bool(d.usage) and d.usage[0] == self.customer
        labels = {VARIANTS[v][0] for v in self.expect.tried}
        if d.contentHash is None:
            d.state = "unstated"
        elif d.contentHash in [keccak256(label + d.canonical) for label in labels]:
            d.state = "reproduced"
        else:
            d.state = "partly known" if d.unknown else "differing"
        d.has_batch = bool(d.itemHashes and d.proofHash)
        d.batch_reproduced = d.has_batch and any(root_over(d.itemHashes, v) == d.proofHash for v in self.expect.tried)

    def set_levels(self, anchors):
        """Section 8.3."""
        self.reproduced = self.target != ZERO and any(
            root_over(self.leaves(v), v) == self.target for v in self.expect.tried)
        self.shown = {
            "item": any(d.state == "reproduced" for d in self.deltas),
            "batch": any(d.batch_reproduced and len(d.itemHashes) > 1 for d in self.deltas),
            "checkpoint": self.reproduced and len(self.under) > 1}
        for a in anchors:
            if a.kind in ("earlier", "probe") and a.environment == self.header.environment:
                for level in self.shown:
                    self.shown[level] |= not set(self.expect.tried).isdisjoint(getattr(a.confirmed, level))

    def own_has(self, d):
        """Section 8.5."""
        own = self.own_deltas.get(d.item.referenceId)
        return own is not None and own.delta == d.item.delta

    def binds(self, record, d):
        """Whether a public record binds a carried delta (section 9)."""
        return (record.environment == self.expect.environment and record.root == d.proofHash
                and d.batch_reproduced and d.contentHash in d.itemHashes and d.state == "reproduced")


def check_format(c):
    """A malformed file was refused."""


def check_environment(c):
    c.fail_if(c.header.environment != c.expect.environment)
    c.fail_if(any(r.environment != c.expect.environment for r in c.target_records))
    c.rest_if(not c.target_records)


def check_account(c):
    c.fail_if(c.expect.customerId not in (None, c.customer))
    for d in c.deltas:
        c.fail_if(d.item.customerId != c.customer, d.line)
    c.rest_if(c.expect.customerId is None)


def check_unit(c):
    for name in c.wanted:
        ours, theirs = getattr(c.expect, name), getattr(c.header.account, name)
        c.fail_if(ours and theirs and ours != theirs)
    for d in c.deltas:
        for name, wanted in c.wanted.items():
            if name in d.item.metadata:
                value = d.item.metadata[name]
                c.fail_if(not is_text(value) or not value or value != wanted, d.line)
            else:
                c.rest_if(name == "resource" or wanted)
    c.rest_if(c.expect.resource is None)


def check_order(c):
    records, carried = {d.recordId for d in c.billed}, list(c.header.carried)
    for place, d in enumerate(c.deltas, 1):
        c.fail_if(d.sequence != place, d.line)
        c.fail_if(d.recordId is not None and d.recordId in records, d.line)
        records.add(d.recordId)
        refuse_if(len(records) > MAX_KNOWN, "more than %d record ids" % MAX_KNOWN)
        if d.carried is not None:
            c.fail_if(not carried, d.line)
            entry = carried.pop(0)
            c.fail_if(entry.referenceId not in (None, d.item.referenceId) or entry.recordId not in (None, d.recordId)
                      or entry.window != d.carried, d.line)
    c.fail_if(carried)


def check_references(c):
    by_look, alike, fails = {}, False, None
    for name, line in [(d.referenceId, 0) for d in c.billed] + [(d.item.referenceId, d.line) for d in c.deltas]:
        if name is None:
            continue
        before = by_look.setdefault(look(name), [])
        usage = usage_reference(name)
        for other in before if line else ():
            alike = True
            if other == name or usage and (usage_reference(other) or [None])[-1] == usage[2]:
                fails = fails or line
        if name not in before:
            before.append(name)
        refuse_if(len(before) > MAX_ALIKE + 1, "more than %d references look like another one" % MAX_ALIKE)
    refuse_if(len(by_look) > MAX_KNOWN, "more than %d references" % MAX_KNOWN)
    c.fail_if(fails, fails)
    c.open_if(alike)


def check_usage_days(c):
    c.fail_if(c.expect.usageDays not in (None, c.header.usageDays))
    for d in c.deltas:
        if not d.dated:
            c.rest_if(not c.own_has(d))
            continue
        c.fail_if(d.usage[1] > c.last_day, d.line)
        c.fail_if(d.carried is not None and begin(d.usage[1]) >= d.carried[1], d.line)
        c.rest_if(d.carried is None and d.usage[1] < c.reach)
    c.rest_if(c.expect.usageDays is None)


def check_start(c):
    for a in c.all_earlier:
        c.fail_if(a.account.customerId != c.customer)
        c.fail_if(a.window[0] < c.header.window[1] and c.header.window[0] < a.window[1])
    before, start = c.before, c.header.startingBalance
    if before is None:
        c.rest_if(start != 0)
        return
    c.fail_if(start != 0 and start != before.balance)
    c.rest_if(before.window[1] != c.header.window[0])
    if start == 0:
        c.rest_if(before.balance > 0)
        return
    c.rest_if(not before.verified or c.contested)
    for name, wanted in c.wanted.items():
        theirs = getattr(before.account, name)
        c.fail_if(before.verified and not c.contested and theirs and wanted and theirs != wanted)
        c.rest_if(bool(theirs) != bool(wanted))


def check_content(c):
    c.fail_if(c.differing and c.shown["item"], c.differing and c.differing[0].line)
    for d in c.deltas:
        c.open_if(d.state in ("differing", "partly known"))
        c.open_if(d.state == "unstated" and d.carried is None and not c.reproduced)


def check_balance(c):
    start, claimed = c.header.startingBalance, c.header.claimedBalance
    c.fail_if(c.expect.balance not in (None, claimed))
    c.fail_if(c.trailer.sum != c.sum, c.suspect)
    if claimed == start + c.sum:
        return
    running, apart = float(start), 0.0
    for d in c.deltas:
        running, apart = running + float(d.item.delta), apart + float(d.item.delta)
    finite = [v for v in (running, float(start) + apart) if abs(v) < float("inf")]
    c.fail_if(claimed not in [Decimal(shortest(v)) for v in finite], c.suspect)
    c.rest_if(True)


def check_checkpoint_root(c):
    c.fail_if(any(root != c.target for root in c.invoices))
    carried = [d for d in c.deltas if d.carried is not None]
    c.fail_if(not c.target_records and not all(any(c.binds(r, d) for d in carried) for r in c.records))
    c.fail_if(c.trailer.root != root_over(c.leaves(c.header.variant), c.header.variant))
    unstated = any(d.state == "unstated" for d in c.under)
    c.fail_if(c.target != ZERO and not c.reproduced and c.shown["checkpoint"]
              and (not unstated or c.shown["item"]), c.suspect)
    c.open_if(not c.reproduced and (c.target != ZERO or c.under))
    c.rest_if(not c.target_records)


def check_count(c):
    c.fail_if(c.header.count != len(c.deltas) or c.trailer.count != len(c.deltas))
    counts = [r.recordCount for r in c.target_records if r.recordCount is not None]
    c.fail_if(any(count != len(c.under) for count in counts))
    c.open_if(not counts and ambiguous(c))
    c.rest_if(not counts)


def ambiguous(c):
    n = len(c.under)
    for level in levels(c.leaves(c.header.variant), c.header.variant):
        if len(level) > 2 and len(level) % 2 == 0 and level[-1] == level[-2]:
            return True
    tail = n & -n
    return n not in (0, tail) and not any(
        d.item.referenceId is not None and d.state in ("reproduced", "unstated") for d in c.under[n - tail:])


def check_net_change(c):
    total = sum((d.item.delta for d in c.under), Decimal(0))
    room = (len(c.under) + 2) * sum((abs(d.item.delta) for d in c.under), Decimal(0))
    nets = [r.netChange for r in c.target_records if r.netChange is not None]
    c.fail_if(any(abs(net - total) * 2**53 > room for net in nets), c.suspect)
    c.rest_if(not nets)


def check_carried(c):
    for d in c.deltas:
        if d.carried is not None:
            c.rest_if(not c.own_has(d) and not any(c.binds(r, d) for r in c.records))
            c.rest_if(not d.dated or d.usage[1] < c.reach)


def check_membership(c):
    both = [d for d in c.deltas if d.contentHash and d.itemHashes]
    for d in both:
        c.fail_if(d.contentHash not in d.itemHashes, d.line)
    c.open_if(not both)


def check_batch_roots(c):
    both = [d for d in c.deltas if d.has_batch]
    wrong = [d for d in both if not d.batch_reproduced]
    c.fail_if(wrong and c.shown["batch"], wrong and wrong[0].line)
    receipts = [d for d in both if d.receiptId and re.fullmatch("0x[0-9a-fA-F]{64}", d.receiptId)]
    others = [d for d in receipts if d.receiptId.lower() != d.proofHash]
    c.fail_if(len(others) not in (0, len(receipts)), others and others[0].line)
    c.open_if(wrong or not both)


def check_chain(c):
    pairs = [(a, b) for a, b in zip(c.under, c.under[1:])
             if a.proofHash and b.proofHash and a.proofHash != b.proofHash and b.previousProofHash]
    broken = [b for a, b in pairs if b.previousProofHash != a.proofHash]
    c.fail_if(broken and any(p.chainPerAccount for p in c.probes), broken and broken[0].line)
    c.open_if(broken or not pairs)


def check_gaps(c):
    c.open_if(not any(p.indexPerAccount for p in c.probes) or not c.under or any(d.index is None for d in c.under))
    for a, b in zip(c.under, c.under[1:]):
        c.fail_if(b.index != a.index + 1, b.line)
    a = c.before
    if a and a.verified and not c.contested and a.lastIndex is not None and a.window[1] == c.header.window[0]:
        c.fail_if(c.under[0].index != a.lastIndex + 1)


def check_adjustments(c):
    def names(thing):
        return {(kind, getattr(thing, kind)) for kind in IDS if getattr(thing, kind)}
    held = {name for d in c.billed for name in names(d)}
    adjusted_by, some, elsewhere = {}, False, False  # by what nothing before the adjusting delta had
    for d in c.deltas:
        own = names(Thing(referenceId=d.item.referenceId, recordId=d.recordId)) - held
        lines = [adjusted_by[name] for name in own if name in adjusted_by]
        c.fail_if(lines, lines and min(lines))
        for name in names(d.item.adjusts) if d.item.adjusts else ():
            some = True
            c.fail_if(name in own, d.line)
            if name not in held:
                usage = usage_reference(d.item.adjusts.referenceId)
                c.fail_if(usage and usage[0] == c.customer and usage[1] >= c.reach, d.line)
                elsewhere = True
                adjusted_by.setdefault(name, d.line)
        held |= own
    refuse_if(sum(len(name.encode()) for _, name in [*held, *adjusted_by]) > MAX_REMEMBERED,
              "more than %d bytes of ids" % MAX_REMEMBERED)
    c.open_if(elsewhere or not some)


def check_own_deltas(c):
    c.open_if(not c.own)
    for d in c.deltas:
        own = c.own_deltas.get(d.item.referenceId)
        c.fail_if(own is None and not c.own.partial, d.line)
        if own is not None:
            c.fail_if(own.customerId and own.customerId != d.item.customerId, d.line)
            c.fail_if(own.delta != d.item.delta, d.line)
    c.fail_if(set(c.own_deltas) - {d.item.referenceId for d in c.deltas})


NEEDED = {  # for verified
    "format": check_format, "environment": check_environment, "account": check_account, "unit": check_unit,
    "order": check_order, "references": check_references, "usage days": check_usage_days, "start": check_start,
    "content hashes": check_content, "balance": check_balance, "checkpoint root": check_checkpoint_root,
    "count": check_count, "net change": check_net_change, "carried deltas": check_carried}
OTHERS = {  # count only when they fail
    "membership": check_membership, "batch roots": check_batch_roots, "chain": check_chain, "gaps": check_gaps,
    "adjustments": check_adjustments, "own deltas": check_own_deltas}


def verify(evidence, expect, anchors):
    """The report of section 10 over what was read."""
    check_call(expect, anchors)
    case = Case(evidence, expect, anchors)
    checks, first, missing, resting = [], None, False, False
    for name, check in {**NEEDED, **OTHERS}.items():
        case.rests = False
        try:
            check(case)
            outcome = "passed"
            resting = resting or case.rests
        except Failed as failure:
            outcome = "failed"
            first = first or {"check": name, "line": failure.args[0]}
        except NotChecked:
            outcome = "not checked"
            missing = missing or name in NEEDED
        checks.append({"name": name, "outcome": outcome})
        if outcome == "passed" and case.rests:
            checks[-1]["rests"] = True
    verdict = ("does not match" if first else "incomplete" if missing
               else "consistent" if resting else "verified")
    return {"verdict": verdict, "first": first, "checks": checks}


# ---------------------------------------------------------------------------------------
# 5. The command
# ---------------------------------------------------------------------------------------

def load(path, limit=MAX_ANCHOR_FILE):
    with open(path, "rb") as file:
        raw = file.read(limit + 1)
    refuse_if(len(raw) > limit, "%s has more than %d bytes" % (path, limit))
    return Parser(raw).whole()


def run(path, expect, anchors, folder=""):
    """Verifies one file; expect and anchors are paths or JSON objects."""
    def read(given):
        return load(os.path.join(folder, given)) if isinstance(given, str) else given
    refuse_if(len(anchors) > MAX_ANCHORS, "more than %d anchors" % MAX_ANCHORS)
    wanted = read_expect(read(expect) if expect is not None else Object())
    held = [read_anchor(read(anchor)) for anchor in anchors]
    return verify(read_evidence(os.path.join(folder, path)), wanted, held)


def batch(index):
    with open(index, "rb") as file:
        for line in file:
            entry = Parser(line).whole()
            try:
                out = run(entry["file"], entry.get("expect"), entry.get("anchors") or [], os.path.dirname(index))
            except Refused as why:
                out = {"verdict": "refused", "first": None, "checks": [], "error": str(why)}
            print(json.dumps({"file": entry["file"], **out}))


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
            batch(given.batch)
            return 0
        report = run(given.evidence, given.expect, given.anchor)
    except (Refused, OSError) as why:
        print("verify_evidence: %s" % why, file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2))
    return {"verified": 0, "does not match": 1}.get(report["verdict"], 3)


if __name__ == "__main__":
    sys.exit(main())
