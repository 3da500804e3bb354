"""A verifier as one writes it for Python with usual libraries: json, and a keccak256 in C
of safe-pysha3 or of pycryptodome. It checks what the naive verifier in Go checks: the
content hash of each delta, order, duplicates, the chain, the root, the sum.

    python3 verify.py pysha3 evidence.jsonl
"""

import json
import sys
from decimal import Context, Decimal, Inexact


def new_keccak(name):
    if name == "pysha3":
        import sha3

        return lambda text: "0x" + sha3.keccak_256(text.encode()).hexdigest()
    from Crypto.Hash import keccak

    return lambda text: "0x" + keccak.new(digest_bits=256, data=text.encode()).hexdigest()


class Unusual(Exception):
    """A number or a name whose form in json is not that of RFC 8785."""


def number(text):
    f = float(text)
    if f.is_integer() and abs(f) < 1e16:
        return int(f)
    if 1e-4 <= abs(f) < 1e16:
        return f  # repr writes these as ECMAScript does
    raise Unusual


def integer(text):
    n = int(text)
    if abs(n) < 1 << 53:
        return n
    raise Unusual


decode = json.JSONDecoder(parse_float=number, parse_int=integer).decode
encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def read(text):
    """Returns a line and the canonical form of its item."""
    try:
        line = decode(text)
        form = encode(line["item"]) if "item" in line else None
        # Names sort by code points here, by UTF-16 units there: the two differ from U+E000 on.
        if form is not None and not form.isascii():
            raise Unusual
        return line, form
    except Unusual:
        import rfc8785

        line = json.loads(text, parse_int=lambda digits: int(digits) if abs(int(digits)) < 1 << 53 else float(digits))
        return line, rfc8785.dumps(line["item"]).decode() if "item" in line else None


def root(keccak, level):
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        pairs = iter(level)
        level = [keccak("pacspace:node:v1:" + left + right) for left, right in zip(pairs, pairs)]
    return level[0]


def verify(keccak, lines):
    exact = Context(prec=400, traps=[Inexact])
    header, _ = read(next(lines))
    balance = Decimal(header["startingBalance"])
    seen = set()
    leaves = []
    last = None
    for text in lines:
        line, form = read(text)
        if "end" in line:
            break
        item, content, reference, record = line["item"], line["contentHash"], line["item"]["referenceId"], line["recordId"]
        where = f"delta {line['sequence']}: "
        if keccak("pacspace:item:v1:" + form) != content:
            raise SystemExit(where + "content hash")
        if line["sequence"] != len(leaves) + 1:
            raise SystemExit(where + "order")
        if reference in seen or record in seen:
            raise SystemExit(where + "billed twice")
        seen.add(reference)
        seen.add(record)
        if last is not None and last not in (line["proofHash"], line["previousProofHash"]):
            raise SystemExit(where + "chain")
        last = line["proofHash"]
        balance = exact.add(balance, Decimal(repr(item["delta"])))
        leaves.append(content)
    else:
        raise SystemExit("the file has no end")
    if len(leaves) != header["count"]:
        raise SystemExit("the count does not match")
    if root(keccak, leaves) != header["checkpoint"]["proofRoot"]:
        raise SystemExit("the root does not match")
    if balance != Decimal(header["claimedBalance"]):
        raise SystemExit("the balance does not match")


if __name__ == "__main__":
    _, library, path = sys.argv
    with open(path, encoding="utf-8", newline="\n") as file:
        verify(new_keccak(library), file)
