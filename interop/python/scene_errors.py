"""Refusals and odd answers: which class is raised, and with what."""

from lab import text
from month import month_bounds, this_month
from pacspace_sdk import (
    CadenceLimitError,
    ContractNotDeployedError,
    InsufficientCreditsError,
    InvalidApiKeyError,
    InvalidScopeCombinationError,
    NotFoundError,
    PacSpace,
    PacSpaceError,
    RateLimitError,
    ScopeTooWideError,
    ServiceUnavailableError,
    ValidationError,
)

DELTA = "/api/v1/balance/delta"
USAGE = "/api/v1/balance/usage"
UNKNOWN_ROOT = "0x" + "00" * 31 + "01"


def run(lab):
    keys_and_plans(lab)
    bad_requests(lab)
    not_found(lab)
    conflicts(lab)
    rates(lab)
    pending(lab)
    odd_answers(lab)
    before_sending(lab)


def keys_and_plans(lab):
    url = lab.boxes["main"]["url"]
    stranger = PacSpace("pk_test_stranger.secret", base_url=url, max_retries=0)
    lab.refused(
        "an unknown key",
        InvalidApiKeyError,
        stranger.balance.usage,
        having={
            "status_code": 401,
            "code": "INVALID_API_KEY",
            "message": text,
            "request_path": USAGE,
            "api_body": {"code": "INVALID_API_KEY"},
        },
    )
    planned = lab.client("plan")
    planned.balance.emit("customer_plan", -1, "usage", {"referenceId": "1"})
    lab.refused(
        "a write past the plan",
        InsufficientCreditsError,
        planned.balance.emit,
        "customer_plan",
        -1,
        "usage",
        {"referenceId": "2"},
        having={"status_code": 402, "code": "INSUFFICIENT_CREDITS"},
    )
    lab.agree("reads go on past the plan", planned.balance.usage, gives={"allowed": False, "remaining": 0})
    hosted = lab.client("testonly", environment="live")
    lab.refused(
        "a live key on a test host",
        PacSpaceError,
        hosted.balance.usage,
        having={"status_code": 403, "code": "API_KEY_ENVIRONMENT_HOST_MISMATCH"},
    )
    bare = lab.client("unprovisioned")
    lab.refused(
        "an environment that is not provisioned",
        ContractNotDeployedError,
        bare.balance.usage,
        having={"status_code": 412, "code": "CONTRACT_NOT_DEPLOYED"},
    )
    full = lab.client("full")
    full.balance.emit("customer_full", -1, "usage")
    lab.refused(
        "a service that is full",
        ServiceUnavailableError,
        full.balance.emit,
        "customer_full",
        -2,
        "usage",
        having={"status_code": 503, "retry_after": absent},
    )


def absent(value):
    """none"""
    return value is None


def bad_requests(lab):
    pac = lab.client()
    invalid = {"status_code": 400, "code": "VALIDATION_ERROR", "message": text}
    for what, args in {
        "a delta of zero": ("customer_bad", 0, "usage"),
        "a delta beyond the range": ("customer_bad", 1_000_000_001, "usage"),
        "a delta that is no number": ("customer_bad", "5", "usage"),
        "a reason that is too long": ("customer_bad", -1, "x" * 501),
        "no reason": ("customer_bad", -1, ""),
        "a customer outside the letters": ("customer bad", -1, "usage"),
        "a customer that is too long": ("c" * 129, -1, "usage"),
    }.items():
        lab.refused(f"emit with {what}", ValidationError, pac.balance.emit, *args, having=invalid)
    lab.refused(
        "metadata that is no object",
        ValidationError,
        pac.balance.emit,
        "customer_bad",
        -1,
        "usage",
        {"metadata": [1]},
        having=invalid,
    )
    lab.refused(
        "derive with a limit beyond the bound",
        ValidationError,
        pac.balance.derive,
        "customer_bad",
        {"limit": 1001},
        having=invalid,
    )
    lab.refused(
        "derive of a period that is none",
        ValidationError,
        pac.balance.derive,
        "customer_bad",
        {"period": "2026-13"},
        having=invalid,
    )
    lab.refused("derive of an id with a slash", ValidationError, pac.balance.derive, "a/b", having=invalid)
    lab.refused(
        "list_webhook_deliveries with an unknown status",
        ValidationError,
        pac.balance.list_webhook_deliveries,
        {"status": "lost"},
        having=invalid,
    )
    lab.fact("nothing of it was recorded", [], lab.ask("recorded", box="main", customer="customer_bad"))

    begin, end = month_bounds()
    combination = {"status_code": 400, "code": "INVALID_SCOPE_COMBINATION"}
    lab.refused(
        "checkpoint with two scopes",
        InvalidScopeCombinationError,
        pac.balance.checkpoint,
        "customer_acme",
        {"period": this_month(), "timePreset": "current_month"},
        having=combination,
    )
    lab.refused(
        "list_checkpoints with two scopes",
        InvalidScopeCombinationError,
        pac.balance.list_checkpoints,
        {"period": this_month(), "startDate": begin, "endDate": end},
        having=combination,
    )
    lab.refused(
        "invoice_proof with half a scope",
        InvalidScopeCombinationError,
        pac.balance.invoice_proof,
        "customer_acme",
        {"startDate": begin},
        having=combination,
    )
    wide = {"startDate": "2020-01-01T00:00:00Z", "endDate": "2026-01-01T00:00:00Z"}
    for what, call, args in (
        ("derive", pac.balance.derive, ("customer_acme", wide)),
        ("compare", pac.balance.compare, ("customer_acme", {"yours": 0, "theirs": 0}, wide)),
        ("checkpoint", pac.balance.checkpoint, ("customer_acme", wide)),
        ("derive_months_back", pac.balance.derive_months_back, ("customer_acme", 13)),
    ):
        lab.refused(
            f"{what} of too wide a scope",
            ScopeTooWideError,
            call,
            *args,
            having={"status_code": 400, "code": "SCOPE_TOO_WIDE"},
        )

    lab.refused(
        "a list of messages is joined",
        ValidationError,
        lab.client("flat").balance.emit,
        "customer_bad",
        0,
        "usage",
        having={"message": "delta must not be zero"},
    )
    lab.refused(
        "an error without a code",
        ValidationError,
        lab.client("statuscode").balance.emit,
        "customer_bad",
        0,
        "usage",
        having=invalid,
    )
    lab.refused(
        "a validation error that has a code keeps it",
        PacSpaceError,
        lab.client("coded").balance.emit,
        "customer_bad",
        0,
        "usage",
        having=invalid,
    )


def not_found(lab):
    pac = lab.client()
    missing = {"status_code": 404, "code": "NOT_FOUND"}
    lab.refused("delta_status of no record", NotFoundError, pac.balance.delta_status, "rec_none", having=missing)
    lab.refused(
        "wait_for_verified of no record",
        NotFoundError,
        pac.balance.wait_for_verified,
        "rec/none",
        having={**missing, "request_path": f"{DELTA}/rec%2Fnone"},
    )
    lab.refused("retry_webhook of no event", NotFoundError, pac.balance.retry_webhook, "evt_none", having=missing)
    lab.refused("verify of no root", NotFoundError, pac.verify, UNKNOWN_ROOT, having=missing)
    lab.refused("checkpoint of nobody", NotFoundError, pac.balance.checkpoint, "customer_nobody", having=missing)
    lab.refused("receipt of nobody", NotFoundError, pac.balance.receipt, "customer_nobody", having=missing)
    lab.refused(
        "derive from no checkpoint",
        NotFoundError,
        pac.balance.derive,
        "customer_acme",
        {"startingCheckpoint": UNKNOWN_ROOT},
        having=missing,
    )
    lab.refused(
        "a customer that must be known",
        NotFoundError,
        lab.client("strict").balance.derive,
        "customer_nobody",
        having=missing,
    )


def conflicts(lab):
    pac = lab.client()
    pac.balance.emit("customer_conflict", -1, "usage", {"referenceId": "a", "idempotencyKey": "conflict"})
    lab.refused(
        "the same key with another body",
        PacSpaceError,
        pac.balance.emit,
        "customer_conflict",
        -2,
        "usage",
        {"referenceId": "a", "idempotencyKey": "conflict"},
        having={"status_code": 409, "code": "IDEMPOTENCY_CONFLICT"},
    )
    lab.refused(
        "the same reference for another amount",
        PacSpaceError,
        pac.balance.emit,
        "customer_conflict",
        -2,
        "usage",
        {"referenceId": "a"},
        having={"status_code": 422},
    )
    lab.refused(
        "an adjustment of nothing",
        PacSpaceError,
        pac.balance.emit,
        "customer_conflict",
        -2,
        "usage",
        {"adjusts": {"recordId": "rec_none"}},
        having={"status_code": 422},
    )
    lab.fact(
        "only the first was recorded", [{"delta": "-1"}], lab.ask("recorded", box="main", customer="customer_conflict")
    )


def rates(lab):
    pac = lab.client()
    lab.inject(status=429, retryAfter=7)
    lab.refused(
        "a rate limit with its wait",
        RateLimitError,
        pac.balance.usage,
        having={
            "status_code": 429,
            "code": "RATE_LIMITED",
            "retry_after": 7,
            "api_body": {"code": "RATE_LIMITED", "retryAfterSeconds": 7},
        },
    )
    lab.inject(status=429, body='{"message":"Too many requests"}', header={"Retry-After": ["9"]})
    lab.refused(
        "a rate limit whose wait is in the header alone",
        RateLimitError,
        pac.balance.usage,
        having={"message": "Too many requests", "retry_after": 9},
    )
    lab.inject(status=429, header={"Retry-After": ["Wed, 21 Oct 2026 07:28:00 GMT"]})
    lab.refused(
        "a rate limit with a date, which the SDK does not read",
        RateLimitError,
        pac.balance.usage,
        having={"retry_after": absent},
    )
    lab.inject(status=503, retryAfter=3)
    lab.refused(
        "an outage with its wait",
        ServiceUnavailableError,
        pac.balance.usage,
        having={"status_code": 503, "code": "SERVICE_UNAVAILABLE", "retry_after": 3},
    )

    lab.ask("cadence", box="main", customer="customer_cadence", seconds=60)
    pac.balance.emit("customer_cadence", -1, "usage", {"referenceId": "1"})
    patient = lab.client(max_retries=2)
    before = lab.ask("attempts", box="main")
    lab.refused(
        "a delta too soon, which is not tried again",
        CadenceLimitError,
        patient.balance.emit,
        "customer_cadence",
        -1,
        "usage",
        {"referenceId": "2"},
        having={
            "status_code": 429,
            "code": "CADENCE_LIMIT",
            "customer_id": "customer_cadence",
            "retry_after_ms": a_minute_at_most,
        },
    )
    lab.fact("it was sent once", 1, lab.ask("attempts", box="main") - before)
    lab.agree(
        "another customer is free", pac.balance.emit, "customer_cadence_other", -1, "usage", gives={"status": "QUEUED"}
    )


def a_minute_at_most(value):
    """a wait of up to a minute in whole seconds"""
    return isinstance(value, int) and 0 < value <= 60_000 and value % 1000 == 0


def pending(lab):
    for box, what in (("main", "at the top"), ("pending", "in an error")):
        pac, args = lab.client(box), (
            "customer_pending",
            -5,
            "usage",
            {"referenceId": "p", "idempotencyKey": "pending"},
        )
        lab.inject(box, method="POST", path=DELTA, pending=True, times=2)
        answer = {"code": "IDEMPOTENCY_PENDING", "retryAfterSeconds": 1, "message": text}
        lab.agree(f"a key in progress, told {what}", pac.balance.emit, *args, gives=answer)
        lab.agree(f"still in progress, told {what}", pac.balance.emit, *args, gives=answer)
        lab.agree(
            f"the same key and body later give the record, after {what}",
            pac.balance.emit,
            *args,
            gives={"recordId": text, "delta": -5},
        )
        lab.fact("it was recorded once", [{"delta": "-5"}], lab.ask("recorded", box=box, customer="customer_pending"))


def odd_answers(lab):
    pac = lab.client()
    for status in (408, 500, 502, 504):
        lab.inject(status=status)
        lab.refused(
            f"status {status}", PacSpaceError, pac.balance.usage, having={"status_code": status, "code": "API_ERROR"}
        )
    lab.inject(status=502, body="<html>Bad Gateway</html>", header={"Content-Type": ["text/html"]})
    lab.refused(
        "an answer in HTML",
        PacSpaceError,
        pac.balance.usage,
        having={"status_code": 502, "code": "API_ERROR", "message": "Request failed"},
    )
    lab.inject(status=418, code="TEAPOT", message="short and stout")
    lab.refused(
        "a code that nobody knows is kept",
        PacSpaceError,
        pac.balance.usage,
        having={"status_code": 418, "code": "TEAPOT", "message": "short and stout"},
    )
    lab.refused(
        "a flat error has its code and customer",
        CadenceLimitError,
        cadence_in(lab, "flat").balance.emit,
        "c",
        -2,
        "usage",
        having={"customer_id": "c"},
    )
    for box in ("statuscode", "direct"):
        lab.refused(
            f"an envelope that the SDK does not know ({box})",
            PacSpaceError,
            lab.client(box).balance.usage,
            having={"status_code": 200, "code": "API_ERROR", "message": "Unexpected response format"},
        )


def cadence_in(lab, box):
    """A client of a sandbox in which customer c has just sent a delta."""
    lab.ask("cadence", box=box, customer="c", seconds=60)
    pac = lab.client(box)
    pac.balance.emit("c", -1, "usage")
    return pac


def before_sending(lab):
    pac, before = lab.client(), lab.ask("attempts", box="main")
    begin, end = month_bounds()
    for what, options in {
        "a checkpoint and a period": {"startingCheckpoint": UNKNOWN_ROOT, "period": this_month()},
        "a period and dates": {"period": this_month(), "startDate": begin, "endDate": end},
        "a preset and dates": {"timePreset": "current_month", "startDate": begin, "endDate": end},
        "a custom preset without dates": {"timePreset": "custom"},
        "one date alone": {"startDate": begin},
    }.items():
        lab.refused(f"derive with {what}", ValueError, pac.balance.derive, "customer_acme", options)
        lab.refused(
            f"compare with {what}", ValueError, pac.balance.compare, "customer_acme", {"yours": 0, "theirs": 0}, options
        )
    lab.refused("derive_months_back of none", ValueError, pac.balance.derive_months_back, "customer_acme", 0)
    lab.refused("no key at all", PacSpaceError, PacSpace.init, "", having={"status_code": 0, "code": "MISSING_API_KEY"})
    lab.refused(
        "an address that is none",
        PacSpaceError,
        PacSpace.init,
        "pk_test_a.b",
        base_url="app.pacspace.io",
        having={"status_code": 0, "code": "INVALID_URL"},
    )
    lab.refused(
        "an address with a user",
        PacSpaceError,
        PacSpace.init,
        "pk_test_a.b",
        base_url="https://u:p@app.pacspace.io",
        having={"code": "INVALID_URL"},
    )
    closed = lab.client()
    lab.agree("close", closed.close, "done for today")
    lab.refused(
        "a call after close",
        PacSpaceError,
        closed.balance.usage,
        having={"status_code": 0, "code": "CLIENT_CLOSED", "message": "done for today"},
    )
    lab.fact("nothing of it was sent", 0, lab.ask("attempts", box="main") - before)
