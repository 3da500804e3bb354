"""A network that fails: which class is raised, and what is tried again."""

from types import SimpleNamespace

import pacspace_sdk.client
from lab import text
from pacspace_sdk import NotFoundError, PacSpaceError, ServiceUnavailableError, TimeoutError

DELTA = "/api/v1/balance/delta"
USAGE = "/api/v1/balance/usage"


def run(lab):
    network(lab)
    retries(lab)


def network(lab):
    slow = lab.client("slow")
    late = slow.balance.emit("customer_slow", -1, "usage")
    lab.refused(
        "wait_for_verified past its time",
        TimeoutError,
        slow.balance.wait_for_verified,
        late["recordId"],
        {"timeout": 60, "pollInterval": 20},
        having={"status_code": 0, "code": "TIMEOUT"},
    )
    lab.refused(
        "emit_and_wait past its time",
        TimeoutError,
        slow.balance.emit_and_wait,
        "customer_slow",
        -1,
        "usage",
        {"timeout": 60, "pollInterval": 20},
        having={"code": "TIMEOUT"},
    )
    lab.agree(
        "what was waited for is still queued", slow.balance.delta_status, late["recordId"], gives={"status": "QUEUED"}
    )

    pac = lab.client()
    lost = {"status_code": 0, "code": "NETWORK_ERROR", "request_path": USAGE}
    for what, fault in {"a connection that ends": {"drop": True}, "an answer that breaks off": {"cut": 5}}.items():
        lab.inject(**fault)
        lab.refused(what, PacSpaceError, pac.balance.usage, having=lost)
    lab.inject(latencySeconds=3600)
    lab.refused(
        "an answer that does not come in time", PacSpaceError, lab.client(timeout=200).balance.usage, having=lost
    )


def retries(lab):
    """What the SDK does by itself. Its waits are noted instead of slept."""
    waits = []
    real, pacspace_sdk.client.time = pacspace_sdk.client.time, SimpleNamespace(sleep=waits.append)
    try:
        pac = lab.client(max_retries=2)
        for what, fault, noted in (
            ("two outages", {"status": 503, "times": 2}, [within(0.5), within(1)]),
            ("two outages that name a wait", {"status": 503, "times": 2, "retryAfter": 4}, [4, 4]),
            ("a rate limit that names a wait", {"status": 429, "retryAfter": 2}, [2]),
            ("two lost connections", {"drop": True, "times": 2}, [within(0.5), within(1)]),
            ("a bad gateway", {"status": 502}, [within(0.5)]),
        ):
            waits.clear()
            lab.inject(**fault)
            lab.agree(f"a read goes through after {what}", pac.balance.usage, gives={"allowed": True})
            lab.fact(f"the waits after {what}", noted, list(waits))

        before = lab.ask("attempts", box="main")
        lab.inject(status=503, times=3)
        lab.refused("a read gives up after three outages", ServiceUnavailableError, pac.balance.usage)
        lab.fact("it was sent three times", 3, lab.ask("attempts", box="main") - before)

        before = lab.ask("attempts", box="main")
        lab.refused("a refusal is not tried again", NotFoundError, pac.balance.delta_status, "rec_none")
        lab.fact("it was sent once", 1, lab.ask("attempts", box="main") - before)

        lab.inject(method="POST", path=DELTA, drop=True, afterWrite=True)
        lab.agree(
            "a write whose answer is lost comes back with its key",
            pac.balance.emit,
            "customer_lost",
            -3,
            "usage",
            {"idempotencyKey": "lost"},
            gives={"recordId": text},
        )
        lab.fact("it was recorded once", [{"delta": "-3"}], lab.ask("recorded", box="main", customer="customer_lost"))
        lab.inject("repeats", method="POST", path=DELTA, drop=True, afterWrite=True)
        lab.agree(
            "without a key it comes back too",
            lab.client("repeats", max_retries=2).balance.emit,
            "customer_lost",
            -3,
            "usage",
            gives={"recordId": text},
        )
        lab.fact(
            "and was recorded twice, where nothing tells the two apart",
            [{"delta": "-3"}, {"delta": "-3"}],
            lab.ask("recorded", box="repeats", customer="customer_lost"),
        )
    finally:
        pacspace_sdk.client.time = real


def within(base):
    """A wait and up to a quarter of it."""

    def fits(value):
        """a wait with its jitter"""
        return base <= value <= base * 1.25

    return fits
