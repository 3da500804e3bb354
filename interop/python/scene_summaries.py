"""Summaries: the SDK's own queue in front of the batch endpoint."""

from lab import ABSENT, digest, instant, text, wait_until
from month import this_month
from pacspace_sdk import PacSpaceError

# Pacing is not what is tested here: as fast as the machine may.
BRISK = {"autoStart": False, "autoFlushOnShutdown": False, "maxRequestsPerMinute": 60_000}


def run(lab):
    one_by_one(lab)
    partial_failure(lab)
    references(lab)
    scheduler(lab)
    refusals(lab)


def summary(customer, delta, day=1, **more):
    return {
        "customerId": customer,
        "delta": delta,
        "windowStart": f"2026-03-{day:02}T00:00:00Z",
        "windowEnd": f"2026-03-{day + 1:02}T00:00:00Z",
        **more,
    }


def flushed(attempted, **more):
    return {
        "profile": "daily",
        "attempted": attempted,
        "submitted": attempted,
        "failed": 0,
        "replayed": 0,
        "requestCount": 1,
        "queuedAfterFlush": 0,
        "failures": [],
        "startedAt": instant,
        "finishedAt": instant,
        **more,
    }


def one_by_one(lab):
    pac = lab.client(submission=BRISK)
    queued = lab.agree(
        "queue_summary",
        pac.balance.queue_summary,
        summary("summary_one", -12.5, metadata={"region": "eu"}),
        gives={"delta": -12.5, "referenceId": text, "reason": "usage_summary"},
    )
    lab.agree(
        "a later summary of the window replaces it",
        pac.balance.queue_summary,
        summary("summary_one", -13.5, metadata={"region": "eu"}),
        gives={"delta": -13.5},
    )
    lab.agree(
        "queue_summaries",
        pac.balance.queue_summaries,
        [summary("summary_one", 4, day=2), summary("summary_two", -1, reason="tokens", referenceId="own")],
        gives=[{"delta": 4}, {"referenceId": "own", "reason": "tokens"}],
    )
    lab.agree(
        "get_summary_queue_state",
        pac.balance.get_summary_queue_state,
        gives={
            "profile": "daily",
            "cadenceMs": 86_400_000,
            "enterprise": False,
            "queuedCount": 3,
            "isRunning": False,
            "nextFlushAt": ABSENT,
        },
    )
    lab.agree(
        "flush_summaries takes a few",
        pac.balance.flush_summaries,
        {"maxItems": 2},
        gives=flushed(2, queuedAfterFlush=1),
    )
    lab.agree("flush_summaries takes the rest", pac.balance.flush_summaries, gives=flushed(1))
    lab.agree("flush_summaries of nothing", pac.balance.flush_summaries, gives=flushed(0, requestCount=0))
    lab.fact(
        "the service holds the summaries",
        [
            {
                "delta": "-13.5",
                "reason": "usage_summary",
                "metadata": {
                    "summaryWindowStart": "2026-03-01T00:00:00Z",
                    "summaryWindowEnd": "2026-03-02T00:00:00Z",
                    "summaryProfile": "daily",
                    "submissionType": "tenant_summary",
                    "region": "eu",
                },
            },
            {"delta": "4"},
        ],
        lab.ask("recorded", box="main", customer="summary_one"),
    )
    lab.fact(
        "and the other customer's",
        [{"delta": "-1", "reason": "tokens", "referenceId": "own"}],
        lab.ask("recorded", box="main", customer="summary_two"),
    )

    again = lab.client(submission=BRISK)
    for s in (
        summary("summary_one", -13.5, metadata={"region": "eu"}),
        summary("summary_one", 4, day=2),
        summary("summary_one", -9, day=3),
    ):
        again.balance.queue_summary(s)
    lab.agree("a second program's repeat is replayed", again.balance.flush_summaries, gives=flushed(3, replayed=2))
    wait_until(lambda: again.balance.derive("summary_one")["deltaCount"] == 3)
    lab.agree(
        "the balance counts each once",
        again.balance.derive,
        "summary_one",
        {"period": this_month()},
        gives={"computedBalance": -18.5, "deltaCount": 3},
    )
    lab.fact(
        "the first reference was replaced with its amount",
        True,
        queued["referenceId"] != pac.balance.queue_summary(summary("summary_one", -13.5))["referenceId"],
    )

    small = lab.client(submission={**BRISK, "maxDeltasPerRequest": 2})
    for day in range(1, 6):
        small.balance.queue_summary(summary("summary_small", -day, day=day))
    lab.agree("flush_summaries cuts into requests", small.balance.flush_summaries, gives=flushed(5, requestCount=3))


def partial_failure(lab):
    lab.ask("cadence", box="main", customer="summary_cadence", seconds=60)
    pac = lab.client(submission=BRISK)
    pac.balance.emit("summary_cadence", -1, "usage")
    pac.balance.queue_summaries(
        [
            summary("summary_fine", -1),
            summary("summary_cadence", -2, referenceId="soon"),
            summary("summary bad", -3, referenceId="bad"),
        ]
    )
    lab.agree(
        "flush_summaries tells what failed and keeps it",
        pac.balance.flush_summaries,
        gives=flushed(
            3,
            submitted=1,
            failed=2,
            queuedAfterFlush=2,
            failures=[
                {"customerId": "summary_cadence", "referenceId": "soon", "error": "CADENCE_LIMIT"},
                {"customerId": "summary bad", "referenceId": "bad", "error": "VALIDATION_ERROR"},
            ],
        ),
    )
    lab.fact("the state counts what stays", 2, pac.balance.get_summary_queue_state()["queuedCount"])
    lab.ask("fault", box="main", fault={"status": 402})
    lab.agree(
        "flush_summaries of a refused request keeps all",
        pac.balance.flush_summaries,
        gives=flushed(
            2,
            submitted=0,
            failed=2,
            queuedAfterFlush=2,
            failures=[{"error": "Payment Required"}, {"error": "Payment Required"}],
        ),
    )
    lab.agree(
        "_efficiency and the totals of a batch are read",
        pac.balance.submission._submit_batch,
        [
            {"customerId": "summary_batch", "delta": -1, "reason": "usage"},
            {"customerId": "summary_batch", "delta": 0, "reason": "usage"},
        ],
        gives={
            "totalQueued": 1,
            "totalFailed": 1,
            "_efficiency": dict,
            "results": [
                {
                    "index": 0,
                    "customerId": "summary_batch",
                    "delta": -1,
                    "status": "QUEUED",
                    "recordId": text,
                    "itemHash": digest,
                },
                {"index": 1, "customerId": "summary_batch", "delta": 0, "status": "FAILED", "error": text},
            ],
        },
    )


def references(lab):
    pac = lab.client(submission=BRISK)
    for customer, delta, start, end in (
        ("cust_1", -1, "2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"),
        ("cust_1", -1.0, "2026-03-17T01:00:00+01:00", "2026-03-18T00:00:00"),
        ("cust_1", 0.1, "2026-03-17T00:00:00.123456Z", "2026-03-18T00:00:00Z"),
        ('Stra\u00dfe \U0001f4a1 "quoted"', 1e21, "2026-03-17T00:00:00Z", "2026-04-01T00:00:00Z"),
        ("cust_1", -1e-7, "2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"),
    ):
        item = {"customerId": customer, "delta": delta, "windowStart": start, "windowEnd": end}
        got = lab.agree(
            f"the reference of {customer}, {delta}, {start}",
            pac.balance.queue_summary,
            item,
            gives={"referenceId": text},
        )
        lab.fact(
            "the Go SDK gives the same reference",
            got["referenceId"],
            lab.ask(
                "go_summary_reference",
                customer=customer,
                delta=repr(float(delta)),
                start=got["windowStart"],
                end=got["windowEnd"],
            ),
        )


def scheduler(lab):
    pac = lab.client(submission={**BRISK, "cadenceMs": 50})
    lab.agree("start_summary_scheduler", pac.balance.start_summary_scheduler)
    pac.balance.queue_summary(summary("summary_clock", -1))
    wait_until(lambda: pac.balance.get_summary_queue_state()["queuedCount"] == 0)
    lab.fact("the scheduler sent it", [{"delta": "-1"}], lab.ask("recorded", box="main", customer="summary_clock"))
    lab.agree("stop_summary_scheduler", pac.balance.stop_summary_scheduler)
    lab.fact("it runs no more", {"isRunning": False}, pac.balance.get_summary_queue_state())

    idle = lab.client(submission=BRISK)
    idle.balance.queue_summary(summary("summary_shutdown", -1))
    lab.agree("shutdown_summary_scheduler sends what is queued", idle.balance.shutdown_summary_scheduler)
    last = lab.client(submission=BRISK)
    last.balance.queue_summary(summary("summary_shutdown", -2, day=2))
    lab.agree("shutdown sends what is queued and closes", last.shutdown)
    lab.fact(
        "both were sent",
        [{"delta": "-1"}, {"delta": "-2"}],
        lab.ask("recorded", box="main", customer="summary_shutdown"),
    )
    lab.refused("a call after shutdown", PacSpaceError, last.balance.usage, having={"code": "CLIENT_CLOSED"})

    at_once = lab.client(submission={**BRISK, "profile": "immediate", "enterprise": True})
    lab.agree(
        "the immediate profile sends at once",
        at_once.balance.queue_summary,
        summary("summary_immediate", -1),
        gives={"delta": -1},
    )
    lab.fact(
        "it is there",
        [{"delta": "-1", "metadata": {"summaryProfile": "immediate"}}],
        lab.ask("recorded", box="main", customer="summary_immediate"),
    )


def refusals(lab):
    pac = lab.client(submission=BRISK)
    for what, changed in {
        "without a customer": {"customerId": " "},
        "with a delta of zero": {"delta": 0},
        "with a delta that is no number": {"delta": "1"},
        "with an infinite delta": {"delta": float("inf")},
        "with a window that is none": {"windowStart": "yesterday"},
        "with a window that ends before it starts": {"windowEnd": "2026-02-01T00:00:00Z"},
    }.items():
        lab.refused(
            f"a summary {what}",
            PacSpaceError,
            pac.balance.queue_summary,
            {**summary("summary_bad", -1), **changed},
            having={"code": "INVALID_SUMMARY"},
        )
    lab.refused(
        "a profile that is not included",
        PacSpaceError,
        lab.client,
        submission={"profile": "immediate"},
        having={"code": "INVALID_SUBMISSION_PROFILE"},
    )
