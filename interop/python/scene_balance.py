"""Deltas, balances, checkpoints and receipts: the main road of the SDK."""

from lab import ABSENT, digest, instant, link, text, wait_until
from month import last_month, month_bounds, this_month

CUSTOMER = "customer_acme"


def run(lab):
    pac = lab.client()
    emit(lab, pac)
    waiting(lab, pac)
    repeats(lab, pac)
    derive(lab, pac)
    compare(lab, pac)
    root = checkpoints(lab, pac)
    receipts(lab, pac, root)
    verify(lab, pac, root)
    bookkeeping(lab, pac)
    environments(lab)


def emit(lab, pac):
    queued = {
        "recordId": text,
        "receiptId": digest,
        "status": "QUEUED",
        "customerId": CUSTOMER,
    }
    first = lab.agree(
        "emit answers with a queued delta",
        pac.balance.emit,
        CUSTOMER,
        -50,
        "daily_usage_flush:2026-02-01",
        {
            "referenceId": "usage:customer_acme:2026-02-01",
            "metadata": {"plan": "growth", "resource": "compute-minutes"},
        },
        gives={**queued, "delta": -50},
    )
    lab.agree(
        "emit takes decimals",
        pac.balance.emit,
        CUSTOMER,
        -42.5,
        "usage",
        {"referenceId": "r2"},
        gives={**queued, "delta": -42.5},
    )
    lab.agree(
        "emit takes an adjustment by reference",
        pac.balance.emit,
        CUSTOMER,
        2.5,
        "late credit",
        {"referenceId": "r3", "adjusts": {"referenceId": "r2"}},
        gives={**queued, "delta": 2.5},
    )
    lab.agree(
        "emit takes an adjustment by record",
        pac.balance.emit,
        CUSTOMER,
        1,
        "late credit",
        {"referenceId": "r4", "adjusts": {"recordId": first["recordId"]}},
        gives=queued,
    )
    lab.agree(
        "emit goes without options, with positive amounts and with any text",
        pac.balance.emit,
        CUSTOMER,
        1000,
        "Gutschrift f\u00fcr M\u00e4rz \u2713 \U0001f4a1",
        gives={**queued, "delta": 1000},
    )
    lab.agree(
        "emit takes the headers of a call",
        pac.balance.emit,
        CUSTOMER,
        -1,
        "usage",
        {"referenceId": "r5", "chainId": 296, "creditPoolId": 7, "headers": {"X-Trace": "t"}},
        gives=queued,
    )
    held = lab.ask("recorded", box="main", customer=CUSTOMER)
    lab.fact(
        "the service holds what was emitted",
        [
            {
                "delta": "-50",
                "reason": "daily_usage_flush:2026-02-01",
                "referenceId": "usage:customer_acme:2026-02-01",
                "metadata": {"plan": "growth", "resource": "compute-minutes"},
            },
            {"delta": "-42.5"},
            {"delta": "2.5"},
            {"delta": "1"},
            {"delta": "1000", "reason": "Gutschrift f\u00fcr M\u00e4rz \u2713 \U0001f4a1", "referenceId": ""},
            {"delta": "-1"},
        ],
        held,
    )


def waiting(lab, pac):
    patience = {"timeout": 20_000, "pollInterval": 20}
    verified = {
        "status": "VERIFIED",
        "recordId": text,
        "receiptId": digest,
        "verifiedAt": instant,
        "blockTimestamp": instant,
        "verificationReference": digest,
    }
    done = lab.agree(
        "emit_and_wait comes back verified",
        pac.balance.emit_and_wait,
        CUSTOMER,
        -10,
        "usage",
        {"referenceId": "waited", **patience},
        gives={**verified, "delta": -10},
    )
    lab.agree("delta_status of a verified delta", pac.balance.delta_status, done["recordId"], gives=verified)
    lab.agree("get_record_status is the same", pac.balance.get_record_status, done["recordId"], gives=done)
    lab.agree(
        "wait_for_verified of a verified delta", pac.balance.wait_for_verified, done["recordId"], patience, gives=done
    )

    lab.ask("fail_deltas", box="main", reason="doomed")
    lab.agree(
        "emit_and_wait returns a failed delta and does not raise",
        pac.balance.emit_and_wait,
        "customer_failing",
        -1,
        "doomed",
        patience,
        gives={"status": "FAILED", "error": text},
    )
    lab.agree(
        "gaps names the failed delta",
        pac.balance.gaps,
        "customer_failing",
        gives={"customerId": "customer_failing", "gaps": [{"sequence": 1}]},
    )
    lab.agree(
        "gaps takes its bounds",
        pac.balance.gaps,
        "customer_failing",
        {"fromSequence": 2, "toSequence": 9, "limit": 5},
        gives={"gaps": []},
    )


def repeats(lab, pac):
    first = lab.agree(
        "emit takes an idempotency key",
        pac.balance.emit,
        "customer_repeats",
        -7,
        "usage",
        {"referenceId": "once", "idempotencyKey": "once"},
        gives={"status": "QUEUED"},
    )
    lab.agree(
        "the same key and body give the same record",
        pac.balance.emit,
        "customer_repeats",
        -7,
        "usage",
        {"referenceId": "once", "idempotencyKey": "once"},
        gives={"recordId": first["recordId"], "receiptId": first["receiptId"]},
    )
    lab.agree(
        "the same referenceId gives the same record without a key",
        pac.balance.emit,
        "customer_repeats",
        -7,
        "usage",
        {"referenceId": "once"},
        gives={"recordId": first["recordId"]},
    )
    lab.fact("it was recorded once", [{"delta": "-7"}], lab.ask("recorded", box="main", customer="customer_repeats"))


def derive(lab, pac):
    balance, count = 900, 7  # -50 - 42.5 + 2.5 + 1 + 1000 - 1 - 10
    month = {"computedBalance": balance, "deltaCount": count, "latestReceiptId": digest}
    begin, end = month_bounds()
    bare = lab.agree("derive is about the current month", pac.balance.derive, CUSTOMER, gives=month)
    lab.fact("derive lists the deltas", ["VERIFIED"] * count, [row["status"] for row in bare["deltas"]])
    lab.fact("its rows add up", balance, sum(row["delta"] for row in bare["deltas"]))
    lab.agree(
        "derive adds the starting balance",
        pac.balance.derive,
        CUSTOMER,
        {"startingBalance": 100.5},
        gives={"computedBalance": balance + 100.5, "deltaCount": count},
    )
    lab.agree(
        "derive of a page is about all deltas",
        pac.balance.derive,
        CUSTOMER,
        {"limit": 2, "offset": 1},
        gives={**month, "deltas": [{"delta": -42.5}, {"delta": 2.5}]},
    )
    lab.agree("derive takes a period", pac.balance.derive, CUSTOMER, {"period": this_month()}, gives=month)
    lab.agree("derive takes dates", pac.balance.derive, CUSTOMER, {"startDate": begin, "endDate": end}, gives=month)
    lab.agree(
        "derive takes custom dates",
        pac.balance.derive,
        CUSTOMER,
        {"timePreset": "custom", "startDate": begin, "endDate": end},
        gives=month,
    )
    lab.agree(
        "derive goes on from a proof root",
        pac.balance.derive,
        CUSTOMER,
        {
            "startingBalance": 907.5,
            "startingCheckpoint": bare["deltas"][1]["receiptId"],
            "startingCheckpointType": "proofRoot",
        },
        gives={"computedBalance": 1900, "deltaCount": count - 2},
    )
    lab.agree(
        "derive goes on from a record",
        pac.balance.derive,
        CUSTOMER,
        {"startingCheckpoint": bare["deltas"][-1]["recordId"], "startingCheckpointType": "recordId"},
        gives={"computedBalance": 0, "deltaCount": 0, "deltas": []},
    )
    lab.agree("derive_current_month", pac.balance.derive_current_month, CUSTOMER, gives=month)
    lab.agree("derive_for_period", pac.balance.derive_for_period, CUSTOMER, this_month(), gives=month)
    lab.agree(
        "derive_for_period of a month before",
        pac.balance.derive_for_period,
        CUSTOMER,
        last_month(),
        {"startingBalance": 3},
        gives={"computedBalance": 3, "deltaCount": 0},
    )
    lab.agree("derive_months_back of one month", pac.balance.derive_months_back, CUSTOMER, 1, gives=month)
    lab.agree("derive_months_back of a year", pac.balance.derive_months_back, CUSTOMER, 12, {"limit": 1}, gives=month)
    lab.agree(
        "derive of somebody unknown is zero",
        pac.balance.derive,
        "customer_nobody",
        gives={"computedBalance": 0, "deltaCount": 0, "deltas": []},
    )
    lab.fact(
        "the Go SDK reads the same balance",
        {"computedBalance": "900", "deltaCount": count},
        lab.ask("go_derive", box="main", customer=CUSTOMER),
    )


def compare(lab, pac):
    begin, end = month_bounds()
    views = {"yours": 900, "theirs": 899.5}
    lab.agree(
        "compare tells who differs",
        pac.balance.compare,
        CUSTOMER,
        views,
        gives={"neutralBalance": 900, "matchesYours": True, "matchesTheirs": False},
    )
    lab.agree(
        "compare takes a period and a start",
        pac.balance.compare,
        CUSTOMER,
        views,
        {"period": this_month(), "startingBalance": -0.5},
        gives={"neutralBalance": 899.5, "matchesYours": False, "matchesTheirs": True},
    )
    lab.agree(
        "compare takes custom dates",
        pac.balance.compare,
        CUSTOMER,
        views,
        {"timePreset": "custom", "startDate": begin, "endDate": end},
        gives={"neutralBalance": 900},
    )
    rows = pac.balance.derive(CUSTOMER)["deltas"]
    lab.agree(
        "compare goes on from a record",
        pac.balance.compare,
        CUSTOMER,
        {"yours": 0, "theirs": 0},
        {"startingCheckpoint": rows[-1]["recordId"], "startingCheckpointType": "recordId"},
        gives={"neutralBalance": 0, "matchesYours": True, "matchesTheirs": True},
    )


def checkpoints(lab, pac):
    begin, end = month_bounds()
    scope = {"period": this_month()}
    made = lab.agree(
        "checkpoint of a customer and a period",
        pac.balance.checkpoint,
        CUSTOMER,
        scope,
        gives={"checkpointId": text, "proofRoot": digest, "status": "QUEUED"},
    )
    lab.agree(
        "checkpoint of the same scope is the same",
        pac.balance.checkpoint,
        CUSTOMER,
        {**scope, "idempotencyKey": "chk-1"},
        gives={"checkpointId": made["checkpointId"], "proofRoot": made["proofRoot"]},
    )
    lab.agree(
        "checkpoint of the same scope by its dates is the same",
        pac.balance.checkpoint,
        CUSTOMER,
        {"startDate": begin, "endDate": end},
        gives={"checkpointId": made["checkpointId"]},
    )
    everyone = lab.agree(
        "checkpoint without a customer", pac.balance.checkpoint, gives={"checkpointId": text, "proofRoot": digest}
    )
    one = pac.balance.derive(CUSTOMER)["deltas"][0]["contentHash"]
    chosen = lab.agree(
        "checkpoint of chosen deltas",
        pac.balance.checkpoint,
        CUSTOMER,
        {**scope, "mode": "fingerprints", "fingerprints": [one]},
        gives={"checkpointId": text, "proofRoot": one},
    )
    lab.fact("three checkpoints were made", 3, len({c["checkpointId"] for c in (made, everyone, chosen)}))
    lab.agree(
        "list_checkpoints of a customer",
        pac.balance.list_checkpoints,
        {"customerId": CUSTOMER},
        gives={
            "checkpoints": [
                {"checkpointId": made["checkpointId"], "proofRoot": made["proofRoot"]},
                {"checkpointId": chosen["checkpointId"]},
            ]
        },
    )
    lab.agree(
        "list_checkpoints of a period, by pages",
        pac.balance.list_checkpoints,
        {**scope, "limit": 1, "offset": 1},
        gives={"checkpoints": [{"checkpointId": everyone["checkpointId"]}]},
    )
    lab.agree(
        "list_checkpoints of dates",
        pac.balance.list_checkpoints,
        {"timePreset": "custom", "startDate": begin, "endDate": end, "customerId": CUSTOMER},
        gives={"checkpoints": [{"checkpointId": made["checkpointId"]}, {"checkpointId": chosen["checkpointId"]}]},
    )
    lab.agree(
        "list_checkpoints goes without options", pac.balance.list_checkpoints, gives={"checkpoints": [dict, dict, dict]}
    )
    return made["proofRoot"]


def receipts(lab, pac, root):
    begin, end = month_bounds()
    receipt = {
        "customerId": CUSTOMER,
        "proofRoot": root,
        "verifyUrl": link,
        "verificationApiUrl": f"{lab.boxes['main']['url']}/api/v1/verify/{root}",
        "verificationExplorerUrl": link,
        "deltaCount": 7,
        "finalBalance": 900,
    }
    invoice = {
        **receipt,
        "accessHint": lambda v: isinstance(v, str) and len(v) == 6,
        "customerLinkUrl": link,
        "customerLinkHost": text,
        "period": this_month(),
    }
    lab.agree("receipt of the current month", pac.balance.receipt, CUSTOMER, gives={**receipt, "accessHint": ABSENT})
    lab.agree(
        "receipt of a period is the invoice proof",
        pac.balance.receipt,
        CUSTOMER,
        {"period": this_month()},
        gives=invoice,
    )
    lab.agree("receipt of a preset", pac.balance.receipt, CUSTOMER, {"timePreset": "current_month"}, gives=invoice)
    lab.agree("receipt of dates", pac.balance.receipt, CUSTOMER, {"startDate": begin, "endDate": end}, gives=invoice)
    lab.agree("invoice_proof of a period", pac.balance.invoice_proof, CUSTOMER, {"period": this_month()}, gives=invoice)
    lab.agree("invoice_proof goes without options", pac.balance.invoice_proof, CUSTOMER, gives=invoice)
    lab.fact(
        "the Go SDK reads the same proof",
        {"proofRoot": root},
        lab.ask("go_invoice_proof", box="main", customer=CUSTOMER, period=this_month()),
    )


def verify(lab, pac, root):
    public = {
        "verified": True,
        "message": "ok",
        "proofRoot": root,
        "recordedAt": instant,
        "records": [],
        "summary": {"recordCount": 7, "netChange": 900, "firstRecordAt": instant, "lastRecordAt": instant},
        "verification": {"verificationReference": digest, "verificationExplorerUrl": link},
    }
    wait_until(lambda: pac.verify(root)["verified"])
    lab.agree("verify of a checkpoint's root", pac.verify, root, gives=public)
    lab.agree("verify by the database", pac.verify, root, "db", gives=public)
    lab.agree("verify by the chain", pac.verify, root, "chain", gives=public)
    lab.agree("verify by both", pac.verify, root, source="both", gives=public)
    receipt = pac.balance.derive(CUSTOMER)["latestReceiptId"]
    lab.agree(
        "verify of a delta's receiptId",
        pac.verify,
        receipt,
        gives={"verified": True, "proofRoot": receipt, "summary": {"recordCount": 1, "netChange": -10}},
    )
    lab.refused("verify refuses another source before it sends", ValueError, pac.verify, root, "ledger")

    other = lab.client("verify")
    delta = other.balance.emit_and_wait(CUSTOMER, -3, "usage", {"timeout": 20_000, "pollInterval": 20})
    lab.agree(
        "verify takes the success envelope",
        other.verify,
        delta["receiptId"],
        gives={"verified": True, "proofRoot": delta["receiptId"]},
    )
    lab.agree(
        "verify while the chain is unavailable is not an error",
        other.verify,
        delta["receiptId"],
        "chain",
        gives={"verified": False, "message": "chain unavailable"},
    )
    lab.agree("verify of an unknown root can be a plain no", other.verify, "0x" + "ab" * 32, gives={"verified": False})


def bookkeeping(lab, pac):
    lab.agree("usage without a bound", pac.balance.usage, gives={"allowed": True})
    planned = lab.client("plan")
    lab.agree("usage counts down", planned.balance.usage, gives={"allowed": True, "remaining": 1})


def environments(lab):
    live = lab.client(environment="live")
    lab.agree(
        "a live key sees nothing of the test environment",
        live.balance.derive,
        CUSTOMER,
        gives={"computedBalance": 0, "deltaCount": 0},
    )
    lab.agree(
        "PacSpace.init makes a client",
        type(live).init,
        lab.boxes["main"]["live"],
        base_url=lab.boxes["main"]["url"],
        gives=type(live),
    )
