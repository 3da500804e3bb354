"""The official Python SDK and sealed records: as a client of the sandbox, as a reader of
files that Go wrote, and as a writer of files that Go reads.

Run by TestPythonSDKRecords of the interop module, with which it talks over its standard
input and output (see lab.py). It ends with the count of the calls that agreed, and with
status 1 where one disagreed or a method for plain records was not tried.
"""

import copy
import json
import os
import random
import sys
import tempfile

import pacspace_sdk
from lab import ABSENT, Lab, digest, text, wait_until
from pacspace_sdk import PacSpaceError, ValidationError, fingerprint, verify_record_disclosure_v1, verify_record_link_copy_v1
from pacspace_sdk.record_disclosure import (
    canonicalize_jcs,
    commit_record_content_v2,
    commit_record_content_v3,
    compute_record_disclosure_digest,
)
from pacspace_sdk.record_seal import compute_record_hash_v1, compute_seal_v1, seal_input_hash, seal_tag_of_v1

# The sandboxes seal under one version of the record hash each.
BOXES = {1: "v1", 2: "main", 3: "v3"}
RECORD = "press 4/ü"
AT = "2026-02-10T11:59:00Z"


def main():
    lab = Lab()
    for scene in (calls, refusals, pages, grants, links, disclosures, fingerprints, made_here, mutated):
        lab.scene = scene.__name__
        try:
            scene(lab)
        except Exception as error:  # the scene stops, the others go on
            lab.disagree("runs to its end", f"{type(error).__name__}: {error}")
    lab.scene = "coverage"
    lab.fact("every method for plain records was called", [], sorted(PLAIN - lab.called))
    lab.finish()
    return 1 if lab.disagreed else 0


PLAIN = {
    "RecordsResource.emit",
    "RecordsResource.receipt",
    "RecordsResource.history",
    "RecordsResource.bundle",
    "RecordsResource.check",
    "RecordsResource.open",
    "_Grants.create",
    "_Grants.list",
    "_Grants.revoke",
    "fingerprint",
    "read_blinding_file",
    "write_blinding_file",
    "blinding_file_text",
    "verify_record_disclosure_v1",
    "verify_record_link_copy_v1",
}


def action(ref, **more):
    return {"record": RECORD, "title": "Press paused", "occurred_at": AT, "actor_id": "agent-7", "payloads": [ref], **more}


def committed(pac, record, count):
    """Waits until so many entries of a record are sealed."""

    def sealed():
        entries = pac.records.history(record).get("entries", [])
        return sum(e["status"] == "committed" for e in entries) >= count

    wait_until(sealed)


def calls(lab):
    for version, box in BOXES.items():
        pac = lab.client(box)
        held = lab.agree(f"v{version}: fingerprint blinds by default", fingerprint, b"the report", gives=lambda f: f.ref["alg"] == "hmac-sha-256")
        queued = {"receiptId": text, "recordType": "machine-action-record", "entityId": RECORD, "recordKey": digest, "status": "QUEUED"}
        first = lab.agree(f"v{version}: emit takes an entry", pac.records.emit, **action(held.ref, idempotency_key="a"), gives=queued)
        lab.agree(
            f"v{version}: the same key is the same entry",
            pac.records.emit,
            **action(held.ref, idempotency_key="a"),
            gives={"receiptId": first["receiptId"]},
        )
        reference = {"recordKey": first["recordKey"], "entry": 1}
        lab.agree(
            f"v{version}: emit takes everything",
            pac.records.emit,
            **action(
                held.ref,
                lifecycle="amended",
                kind="correction",
                instructed_by="ops",
                references=[reference],
                amends=reference,
                description="d",
                note="n",
            ),
            gives=queued,
        )
        lab.agree(f"v{version}: a move that is not allowed is taken", pac.records.emit, **action(held.ref, lifecycle="closed"), gives=queued)
        lab.agree(f"v{version}: and recorded as an attempt", pac.records.emit, **action(held.ref), gives=queued)
        committed(pac, RECORD, 4)
        history = lab.agree(
            f"v{version}: history",
            pac.records.history,
            RECORD,
            gives={"schema": f"record-history-bundle/v{version}", "entries": lambda e: [x["seq"] for x in e] == [0, 1, 2, 3]},
        )
        lab.agree(f"v{version}: bundle", pac.records.bundle, RECORD, gives=lambda b: b == history)
        receipt = lab.agree(
            f"v{version}: receipt counts from 1",
            pac.records.receipt,
            RECORD,
            2,
            gives={"receipt": {"seq": 1, "status": "committed"}, "recordType": "machine-action-record", "entityId": RECORD},
        )
        lab.fact(f"v{version}: the receipt is the history's", history["receipts"][1], receipt["receipt"])
        check(lab, version, pac, history, held)


def check(lab, version, pac, history, held):
    """Both check the history alike, whatever is held of it."""
    other = fingerprint(b"another report")
    file = {"source": b"the report", "blinding": held.blinding}
    for what, rows in {
        "nothing held": [],
        "the reference": [{"entry": 1, "payloads": [held.ref]}],
        "another reference": [{"entry": 1, "payloads": [other.ref]}],
        "the file": [{"entry": 2, "files": [file]}],
        "the file without its blinding": [{"entry": 1, "files": [{"source": b"the report"}]}],
        "another file": [{"entry": 1, "files": [{"source": b"another report", "blinding": held.blinding}]}],
        "an entry that is not there": [{"entry": 9, "payloads": [other.ref]}],
    }.items():
        go = lab.ask(
            "go_check",
            history=json.dumps(history),
            expect=json.dumps([{k: v for k, v in row.items() if k != "files"} for row in rows]),
            files=[
                [
                    {
                        "source": f["source"].hex(),
                        "blinding": pacspace_sdk.blinding_file_text(f["blinding"]) if f.get("blinding") else "",
                    }
                    for f in row.get("files", [])
                ]
                for row in rows
            ],
        )
        lab.agree(
            f"v{version}: check with {what}",
            pac.records.check,
            history,
            rows,
            gives=lambda got, go=go: canonicalize_jcs(got) == canonicalize_jcs(json.loads(go)),
        )


def refusals(lab):
    """The intake answers with the official codes and sentences; so does Go before sending."""
    pac = lab.client()
    ref = fingerprint(b"x", blind=False).ref
    for what, kwargs in {
        "no payload": action(ref, payloads=[]),
        "a long title": action(ref, title="x" * 121),
        "a time with an offset": action(ref, occurred_at="2026-02-10T11:59:00+00:00"),
        "a kind with capitals": action(ref, kind="Kind"),
        "another algorithm": action({**ref, "alg": "md5"}),
        "a digest in capitals": action({**ref, "digest": "A" * 64}),
        "a length that is a number": action({**ref, "byteLength": 1}),
        "another lifecycle": action(ref, lifecycle="done"),
        "a reference to no record": action(ref, references=[{"recordKey": "0x00", "entry": 1}]),
    }.items():
        content = {"title": kwargs["title"], "occurredAt": kwargs["occurred_at"], "actorId": kwargs["actor_id"], "payloads": kwargs["payloads"]}
        for name in ("kind",):
            if name in kwargs:
                content[name] = kwargs[name]
        if "references" in kwargs:
            content["references"] = [{"recordKey": "0x00", "seq": 0}]
        go = lab.ask("go_admit", lifecycle=kwargs.get("lifecycle", "recorded"), content=json.dumps(content))
        # The class of a refusal without a code of its own is ValidationError.
        lab.refused(what, PacSpaceError, pac.records.emit, **kwargs, having={"code": go["code"], "message": go["message"], "status_code": 400})
    for what, call, args in (
        ("entry 0", pac.records.receipt, (RECORD, 0)),
        ("a history from entry 0", pac.records.history, (RECORD, 0)),
    ):
        lab.refused(what, ValidationError, call, *args, having={"code": "VALIDATION_ERROR"})
    blinded = fingerprint(b"x")
    lab.refused(
        "a blinding is never sent",
        PacSpaceError,
        pac.records.emit,
        **action({"ref": blinded.ref, "blinding": "x"}),
        having={"code": "RECORD_BLINDING_INCLUDED", "message": lab.ask("go_guard", content=json.dumps({"ref": blinded.ref, "blinding": "x"}))["message"]},
    )
    lab.refused("a record that is not there", pacspace_sdk.NotFoundError, pac.records.history, "nobody", having={"status_code": 404})
    lab.agree("a record that opens with closed is taken", pac.records.emit, **{**action(ref, lifecycle="closed"), "record": "odd"}, gives={"status": "QUEUED"})
    wait_until(lambda: pac.records.history("odd")["entries"][0]["status"] == "failed")
    lab.agree(
        "and fails",
        pac.records.check,
        pac.records.history("odd"),
        gives={"ok": False, "failedCheck": "schema", "reason": "A record opens with recorded; amended and closed come after it."},
    )


def pages(lab):
    pac = lab.client("paged")
    ref = fingerprint(b"x").ref
    for _ in range(5):
        pac.records.emit(**action(ref))
    seen, entry = [], 1
    while entry is not None:
        page = lab.agree(f"the page from entry {entry}", pac.records.history, RECORD, entry, gives={"entries": list})
        seen += [e["seq"] + 1 for e in page["entries"]]
        entry = page["nextFromSeq"] + 1 if "nextFromSeq" in page else None
    lab.fact("the pages hold each entry once", [1, 2, 3, 4, 5], seen)
    lab.fact("Go reads the same pages", seen, lab.ask("go_history", box="paged", record=RECORD, **{"from": 1, "to": 0}))
    window = lab.agree("a window", pac.records.bundle, RECORD, 2, 3, gives={"entries": lambda e: [x["seq"] for x in e] == [1, 2]})
    lab.fact("Go reads the same window", [e["seq"] + 1 for e in window["entries"]], lab.ask("go_history", box="paged", record=RECORD, **{"from": 2, "to": 3}))


def grants(lab):
    pac = lab.client()
    made = lab.agree(
        "grants.create",
        pac.records.grants.create,
        kind="TENANT_BOUND",
        record=RECORD,
        counterparty_workspace_id="ws_1",
        ttl_hours=24,
        max_uses=3,
        label="l",
        gives={"grantId": text, "kind": "TENANT_BOUND", "status": "ACTIVE", "counterpartyWorkspaceId": "ws_1"},
    )
    secret = made["grant"]
    lab.agree("reading by a grant", pac.records.receipt, RECORD, 1, grant=secret, gives={"receipt": {"seq": 0}})
    lab.agree("a history by a grant", pac.records.history, RECORD, grant=secret, gives={"schema": "record-history-bundle/v2"})
    lab.refused("another record by a grant", PacSpaceError, pac.records.history, "odd", grant=secret, having={"status_code": 403})
    lab.agree("grants.list", pac.records.grants.list, record=RECORD, gives={"grants": [{"grantId": made["grantId"], "status": "ACTIVE"}]})
    lab.agree("grants.revoke", pac.records.grants.revoke, grant_id=made["grantId"], record=RECORD, gives={"status": "REVOKED"})
    lab.refused("a grant that was revoked", PacSpaceError, pac.records.history, RECORD, grant=secret, having={"status_code": 403})


def links(lab):
    for version, box in BOXES.items():
        if version == 1:
            continue  # a disclosure of v1 shows nothing that is checked
        pac = lab.client(box)
        shown = [{"entry": 1, "fields": ["title", "payloads"]}, {"entry": 2, "fields": []}]
        link = lab.ask("share", box=box, record=RECORD, code="A1B2C3", shown=shown)
        go = json.loads(lab.ask("go_open", box=box, link=link, code="A1B2C3"))
        lab.agree(
            f"v{version}: open",
            pac.records.open,
            link,
            "A1B2C3",
            gives=lambda got, go=go: [{"seq": e["entry"] - 1, "fields": e["fields"], "withheld": e["withheld"]} for e in got["entries"]]
            == [{"seq": e["seq"], "fields": e["fields"], "withheld": e["withheld"]} for e in go["entries"]],
        )
        lab.refused(f"v{version}: open without the code", pacspace_sdk.InvalidApiKeyError, pac.records.open, link, having={"status_code": 401})
        lab.refused(f"v{version}: open with another code", pacspace_sdk.InvalidApiKeyError, pac.records.open, link, "x", having={"status_code": 401})
        lab.refused(
            f"v{version}: open without the key",
            pacspace_sdk.RecordsEncryptionError,
            pac.records.open,
            link.split("#")[0],
            "A1B2C3",
            having={"code": "RECORDS_LINK_NO_KEY"},
        )
        other = lab.ask("share", box=box, record=RECORD, code="", shown=shown)
        lab.refused(
            f"v{version}: open with another link's key",
            PacSpaceError,
            pac.records.open,
            other.split("#")[0] + "#" + link.split("#")[1],
            having={"code": "DISCLOSURE_ENVELOPE_AUTH_FAILED"},
        )
    plain = lab.ask("share", box="main", record=RECORD, code="", shown=[])
    lab.agree("a link without a disclosure", lab.client().records.open, plain, gives={"disclosure": ABSENT, "entries": []})


def disclosures(lab):
    """Files that the sandbox made, for Python to check."""
    for version, box in BOXES.items():
        for fields in ([], ["title"], ["payloads", "occurredAt"], ["/payloads/0", "note"]):
            made = lab.ask("disclose", box=box, record=RECORD, shown=[{"entry": 2, "fields": fields}])
            want = json.loads(made["official"])
            form, disclosure = json.loads(made["history"]), json.loads(made["disclosure"])
            lab.fact(f"v{version}: Go finds nothing wrong", True, want["ok"] is (None if version == 1 else True))
            named = f"v{version}: a disclosure of {', '.join(fields) or 'no field'}"
            lab.agree(named, verify_record_disclosure_v1, form, disclosure, gives=lambda got, want=want: got == want)
            lab.agree(f"{named}, as a link copy", verify_record_link_copy_v1, json.loads(made["copy"]), gives=lambda got, want=want: got == want)


def fingerprints(lab):
    """Fingerprints and blinding files, both ways."""
    with tempfile.TemporaryDirectory() as folder:
        for n, size in enumerate((0, 1, 63, 64, 65, 1000, 65536, 100001)):
            path = os.path.join(folder, f"file {n}")
            data = random.Random(n).randbytes(size)
            with open(path, "wb") as f:
                f.write(data)
            plain = lab.ask("go_fingerprint", path=path, blind=False)
            lab.agree(f"{size} bytes, plain", fingerprint, data, blind=False, gives=lambda f, plain=plain: f.ref == plain["ref"])

            blinded = lab.ask("go_fingerprint", path=path, blind=True)
            blinding = lab.agree(f"{size} bytes, Go's blinding file", pacspace_sdk.read_blinding_file, blinded["file"])
            lab.agree(f"{size} bytes, blinded again by it", fingerprint, data, blinding=blinding, gives=lambda f, b=blinded: f.ref == b["ref"])
            with open(blinded["file"]) as f:
                lab.agree(f"{size} bytes, its text", pacspace_sdk.blinding_file_text, blinding, gives=f.read())

            own = fingerprint(data)
            os.remove(blinded["file"])
            written = lab.agree(f"{size} bytes, Python's blinding file", pacspace_sdk.write_blinding_file, path, own.blinding, gives=blinded["file"])
            lab.fact("Go blinds again by it", own.ref, lab.ask("go_fingerprint_again", path=path, file=written)["ref"])


def made_here(lab):
    """Disclosures that Python makes by its own formulas, for Go to check."""
    rng = random.Random(7)
    for n in range(60):
        version = 1 + n % 3
        history, disclosure = make(rng, version)
        agree_on(lab, f"v{version} number {n}", history, disclosure)
        link_copy = {"schema": "record-link-copy/v1", "sealHistory": history, "disclosure": disclosure}
        go = json.loads(lab.ask("go_verify_copy", copy=json.dumps(link_copy)))
        lab.agree(f"v{version} number {n}, as a link copy", verify_record_link_copy_v1, link_copy, gives=lambda got, go=go: got == go)


def mutated(lab):
    """The same with one thing changed, the digest made right again every other time."""
    rng = random.Random(11)
    codes = set()
    for n in range(400):
        history, disclosure = make(rng, 1 + n % 3)
        target = rng.choice((history, disclosure, disclosure))
        change(rng, target)
        if n % 2 and isinstance(disclosure.get("schema"), str):
            try:
                disclosure["digest"] = compute_record_disclosure_digest(disclosure)
            except Exception:
                pass
        codes.add(agree_on(lab, f"number {n}", history, disclosure)["code"])
    lab.fact("the changes led to many verdicts", True, len(codes) >= 6)


def agree_on(lab, what, history, disclosure):
    go = json.loads(lab.ask("go_verify_disclosure", history=json.dumps(history), disclosure=json.dumps(disclosure)))
    return lab.agree(what, verify_record_disclosure_v1, history, disclosure, gives=lambda got: got == go)


def hash32(rng):
    return "0x" + rng.randbytes(32).hex()


def make(rng, version):
    """A seal history and a disclosure of some of its fields."""
    key, layout = hash32(rng), {"layoutId": 6, "layoutVersion": 1, "layoutDigest": hash32(rng)}
    chain = {"chainId": 296, "contractAddress": "0x" + rng.randbytes(20).hex()}
    history = {"schema": "record-seal-history/v1", "recordKey": key, "chain": chain, "layout": layout, "entries": []}
    disclosure = {"schema": "record-disclosure/v1", "recordKey": key, "chain": chain, "layout": layout, "recordHashVersion": version, "entries": []}
    if version == 3:
        history["recordHashVersion"] = 3
        disclosure["schema"] = "record-disclosure/v2"
    for seq in range(rng.randint(1, 3)):
        content = value(rng, 3, dict)
        opening = hash32(rng)
        entry = {"seq": seq, "recordOpening": opening}
        if version == 1:
            record_hash = compute_record_hash_v1(content)
            entry["recordContent"] = content
        else:
            commit = commit_record_content_v2 if version == 2 else commit_record_content_v3
            made = commit(content, hash32(rng))
            record_hash = made["recordHash"]
            name = "leaves" if version == 2 else "items"
            entry[name] = made[name]
            entry["revealed"] = [leaf for leaf in made["revealed"] if rng.random() < 0.6]
        state = (6 << 80 | 1 << 72 | 1 << 64 | seq << 32) & ((1 << 96) - 1)
        seal = compute_seal_v1(6, 1, layout["layoutDigest"], state, seal_input_hash(version, record_hash), opening)
        history["entries"].append(
            {
                "seq": seq,
                "previousWord": hash32(rng),
                "newWord": "0x" + f"{state:024x}" + seal_tag_of_v1(seal)[2:],
                "recordHash": record_hash,
                "itemIndex": 0,
                "itemOpening": hash32(rng),
                "merkleProof": [hash32(rng)] * rng.randint(0, 2),
                "batchId": 7,
            }
        )
        disclosure["entries"].append(entry)
    disclosure["digest"] = compute_record_disclosure_digest(disclosure)
    return history, disclosure


NAMES = ("title", "a/~b", "", "ü", "\U0001f600", "payloads", "note", "\u2028")


def value(rng, depth, kind=None):
    """A JSON value; numbers are those that both languages write alike in JSON."""
    kind = kind or rng.choice((str, int, float, bool, type(None), list, dict)[: 7 if depth else 5])
    if kind is dict:
        return {rng.choice(NAMES): value(rng, depth - 1) for _ in range(rng.randint(0, 5))}
    if kind is list:
        return [value(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    if kind is str:
        return "".join(rng.choice('ab"\\/\u00fc\u20ac\U0001f600\x07') for _ in range(rng.randint(0, 6)))
    if kind is int:
        return rng.randint(-(10**6), 10**6)
    if kind is float:
        return rng.choice((0.5, -1.25, 1e21, 5e-324, 0.1))
    return rng.choice((True, False)) if kind is bool else None


def change(rng, tree):
    """Changes one place of a tree of JSON."""
    places = []

    def walk(node):
        for at in node if isinstance(node, dict) else range(len(node)):
            places.append((node, at))
            if isinstance(node[at], (dict, list)):
                walk(node[at])

    walk(tree)
    node, at = rng.choice(places)
    how = rng.randint(0, 5)
    if how == 0:
        del node[at]
    elif how == 1 and isinstance(node, dict):
        node[at + "x"] = copy.deepcopy(node[at])
    elif how == 2 and isinstance(node, list):
        node.insert(at, copy.deepcopy(node[at]))
    elif how == 3 and isinstance(node[at], str) and len(node[at]) > 4:
        i = rng.randrange(2, len(node[at]))
        node[at] = node[at][:i] + rng.choice("0af") + node[at][i + 1 :]
    elif isinstance(node[at], int) and not isinstance(node[at], bool):
        node[at] += rng.choice((-1, 1, 2**32))
    else:
        node[at] = value(rng, 1)


if __name__ == "__main__":
    sys.exit(main())
