"""Answers questions about sealed records with the official Python SDK, for official_sealed_test.go.

One question a line on standard input, {"ask": name, ...}; one answer a line on standard
output. Whatever is text in a question is handed to json.loads here, so that both sides
read the same bytes.
"""

import json
import sys

from pacspace_sdk.blinding_file import _parse
from pacspace_sdk.errors import PacSpaceError
from pacspace_sdk.fingerprint import Blinding
from pacspace_sdk.record_disclosure import (
    canonicalize_jcs,
    commit_record_content_v2,
    commit_record_content_v3,
    verify_record_disclosure_v1,
    verify_record_link_copy_v1,
)
from pacspace_sdk.records import RecordsResource, _blinding_material_reason
from pacspace_sdk.records_admission import admit_record_entry


def disclosure(q):
    return canonicalize_jcs(verify_record_disclosure_v1(json.loads(q["history"]), json.loads(q["disclosure"])))


def link_copy(q):
    return canonicalize_jcs(verify_record_link_copy_v1(json.loads(q["copy"])))


def check(q):
    rows = json.loads(q["expect"])
    for row, files in zip(rows, q["files"]):
        if not files:
            continue
        row["files"] = []
        for held in files:
            row["files"].append({"source": bytes.fromhex(held["source"]), "blinding": blinding_of(held.get("blinding"))})
    return canonicalize_jcs(RecordsResource.check(None, json.loads(q["history"]), rows))


def blinding_of(text):
    return None if not text else _parse(text.encode())


def guard(q):
    reason = _blinding_material_reason(json.loads(q["content"]))
    if reason is not None:
        raise PacSpaceError(*reason)
    return "sent"


def admit(q):
    refused = admit_record_entry(q["recordType"], q["lifecycle"], json.loads(q["content"]))
    if refused is not None:
        raise PacSpaceError(refused[1], 400, refused[0])
    return "admitted"


def commit(q):
    make = commit_record_content_v2 if q["version"] == 2 else commit_record_content_v3
    return make(json.loads(q["content"]), "0x" + "11" * 32)["recordHash"]


def blinding_file(q):
    return "accepted" if _parse(bytes.fromhex(q["bytes"])) is not None else "refused"


ASK = {f.__name__: f for f in (disclosure, link_copy, check, guard, admit, commit, blinding_file)}

for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = {"answer": ASK[question["ask"]](question)}
    except PacSpaceError as error:
        answer = {"code": error.code, "message": error.message}
    except Exception as error:  # what the official SDK does not mean
        answer = {"crash": type(error).__name__ + ": " + str(error)[:200]}
    print(json.dumps(answer), flush=True)
