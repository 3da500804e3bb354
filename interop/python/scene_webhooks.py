"""Webhooks: the sandbox delivers to a server of this program, whose verdict is the SDK's
class; and signatures made here by its rules go to the Go SDK's verifier."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab import digest, instant, text, wait_until
from pacspace_sdk import WebhookVerificationError, Webhooks


def run(lab):
    with Receiver() as receiver:
        story(lab, receiver)
        forms(lab, receiver)
    signatures(lab)


class Receiver:
    """What a user of the SDK would run: it keeps raw bodies, and headers in small letters."""

    def __init__(self):
        self.deliveries, self.status = [], 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
                outer.deliveries.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def take(self):
        taken, self.deliveries = self.deliveries, []
        return taken


def story(lab, receiver):
    secret = lab.ask("webhook", box="hooks", url=receiver.url)
    pac = lab.client("hooks", webhook_secret=secret)
    waited = {"timeout": 20_000, "pollInterval": 20}
    done = pac.balance.emit_and_wait(
        "customer_acme", -42.5, "usage \u2713", {"referenceId": "hook-1", "metadata": {"plan": "growth"}, **waited}
    )
    lab.ask("deliver", box="hooks")
    [(headers, body)] = receiver.take()
    event = {
        "event": "delta.verified",
        "id": text,
        "tenantId": text,
        "timestamp": instant,
        "createdAt": instant,
        "data": {
            "receiptId": done["receiptId"],
            "status": "verified",
            "deltaIndex": 1,
            "verifiedAt": instant,
            "verificationId": digest,
            "delta": {
                "customerId": "customer_acme",
                "amount": -42.5,
                "reason": "usage \u2713",
                "referenceId": "hook-1",
                "metadata": {"plan": "growth"},
            },
            "proof": {
                "proofHash": done["proofHash"],
                "contentHash": done["contentHash"],
                "itemHashes": [done["contentHash"]],
            },
            "verification": {"verified": True, "latencyMs": int, "discrepancies": []},
        },
    }
    lab.agree("verify_from_headers takes a delivery", pac.webhooks.verify_from_headers, headers, body, gives=event)
    lab.agree(
        "verify_from_headers takes any case of names",
        pac.webhooks.verify_from_headers,
        {k.upper(): v for k, v in headers.items()},
        body,
        gives=event,
    )
    lab.agree(
        "verify_from_headers takes lists of values",
        pac.webhooks.verify_from_headers,
        {k: [v] for k, v in headers.items()},
        body,
        gives=event,
    )
    lab.agree(
        "verify takes a delivery",
        pac.webhooks.verify,
        headers["x-pacspace-signature"],
        headers["x-pacspace-timestamp"],
        body,
        gives=event,
    )
    lab.agree(
        "verify takes a tolerance",
        pac.webhooks.verify,
        headers["x-pacspace-signature"],
        headers["x-pacspace-timestamp"],
        body,
        tolerance=60,
        gives=event,
    )
    lab.fact(
        "the headers name the event",
        {"x-webhook-event": "delta.verified", "x-event-id": json.loads(body)["id"]},
        headers,
    )

    def refuse(what, hooks, headers, body):
        failed = {"status_code": 0, "code": "WEBHOOK_VERIFICATION_FAILED"}
        lab.refused(what, WebhookVerificationError, hooks.verify_from_headers, headers, body, having=failed)

    refuse("a changed body", pac.webhooks, headers, body.replace("-42.5", "-41.5"))
    refuse("a re-serialised body", pac.webhooks, headers, json.dumps(json.loads(body)))
    refuse("another secret", Webhooks("whsec_other"), headers, body)
    refuse("the secret without its prefix", Webhooks(secret[len("whsec_") :]), headers, body)
    refuse(
        "another time",
        pac.webhooks,
        {**headers, "x-pacspace-timestamp": str(int(headers["x-pacspace-timestamp"]) + 1)},
        body,
    )
    refuse("no signature", pac.webhooks, {k: v for k, v in headers.items() if k != "x-pacspace-signature"}, body)
    refuse("no time", pac.webhooks, {k: v for k, v in headers.items() if k != "x-pacspace-timestamp"}, body)
    refuse("no body", pac.webhooks, headers, "")
    lab.refused("no secret", WebhookVerificationError, Webhooks, "")

    previous, current = secret, lab.ask("rotate", box="hooks", url=receiver.url)
    pac.balance.emit_and_wait("customer_acme", -1, "usage", {"referenceId": "hook-2", **waited})
    lab.ask("deliver", box="hooks")
    [(rotated, body)] = receiver.take()
    lab.fact("a rotated delivery has two signatures", 2, len(rotated["x-pacspace-signature"].split(",")))
    fresh = {"event": "delta.verified", "data": {"delta": {"referenceId": "hook-2"}}}
    lab.agree(
        "the current secret takes a rotated delivery", Webhooks(current).verify_from_headers, rotated, body, gives=fresh
    )
    lab.agree(
        "the previous secret takes it as well", Webhooks(previous).verify_from_headers, rotated, body, gives=fresh
    )
    refuse("a third secret does not", Webhooks("whsec_other"), rotated, body)
    for holder, secrets in {
        "the current secret": [current],
        "the previous secret": [previous],
        "both": [current, previous],
    }.items():
        lab.fact(f"the Go SDK with {holder} takes it", {"accepted": True}, go_verdict(lab, secrets, rotated, body))

    deliveries(lab, pac, receiver, current)


def deliveries(lab, pac, receiver, secret):
    receiver.status = 500
    pac.balance.emit_and_wait(
        "customer_acme", -2, "usage", {"referenceId": "hook-3", "timeout": 20_000, "pollInterval": 20}
    )
    lab.ask("deliver", box="hooks")
    [(headers, _)] = receiver.take()
    event_id = headers["x-event-id"]
    # The SDK writes every status that it does not know as QUEUED; the other fields tell.
    lost = {"eventId": event_id, "event": "delta.verified", "status": "QUEUED", "attempts": 1, "responseStatus": 500}
    lab.agree(
        "list_webhook_deliveries has what was not taken first",
        pac.balance.list_webhook_deliveries,
        {"limit": 1, "offset": 0},
        gives={"deliveries": [lost]},
    )
    lab.agree(
        "list_webhook_deliveries by status",
        pac.balance.list_webhook_deliveries,
        {"status": "PENDING"},
        gives={"deliveries": [lost]},
    )
    lab.agree(
        "list_webhook_deliveries of those that were taken",
        pac.balance.list_webhook_deliveries,
        {"status": "DELIVERED"},
        gives={"deliveries": [dict, dict]},
    )
    lab.agree(
        "list_webhook_deliveries goes without options",
        pac.balance.list_webhook_deliveries,
        gives={"deliveries": [dict, dict, dict]},
    )

    receiver.status = 204
    lab.agree("retry_webhook", pac.balance.retry_webhook, event_id, gives={"eventId": event_id})
    lab.ask("deliver", box="hooks")
    [(again, body)] = receiver.take()
    lab.fact("it comes again under its id", event_id, again["x-event-id"])
    lab.agree("and is genuine again", Webhooks(secret).verify_from_headers, again, body, gives={"id": event_id})
    lab.agree("retry_webhook of what was taken", pac.balance.retry_webhook, event_id, gives={"eventId": event_id})
    lab.ask("deliver", box="hooks")
    lab.fact("it comes once more", 1, len(receiver.take()))

    root = pac.balance.checkpoint("customer_acme")["proofRoot"]
    lab.ask("fail_deltas", box="hooks", reason="doomed")
    pac.balance.emit_and_wait("customer_acme", -3, "doomed", {"timeout": 20_000, "pollInterval": 20})
    pac.customers.create(display_name="Hooked", options={"dashboardToken": lab.dashboard_token})
    wait_until(lambda: pac.verify(root)["verified"])
    lab.ask("deliver", box="hooks")
    events = {}
    for headers, body in receiver.take():
        event = lab.agree(
            f"an event {headers['x-webhook-event']}",
            Webhooks(secret).verify_from_headers,
            headers,
            body,
            gives={"event": headers["x-webhook-event"], "data": dict},
        )
        events[event["event"]] = event["data"]
    lab.fact(
        "all events came",
        {
            "delta.failed": {
                "recordId": text,
                "customerId": "customer_acme",
                "delta": -3,
                "error": text,
                "failedAt": instant,
            },
            "checkpoint.verified": {"checkpointId": text, "proofRoot": digest},
            "receipt.generated": {"receiptId": text},
            "customer.created": {"displayName": "Hooked"},
        },
        events,
    )


def forms(lab, receiver):
    """The envelopes and times that other parts of the documents describe."""
    for box, expected in {
        "hooks_python": {
            "event": "delta.verified",
            "id": text,
            "createdAt": instant,
            "data": {
                "recordId": text,
                "receiptId": digest,
                "customerId": "c",
                "delta": -1,
                "sequenceNumber": "1",
                "referenceId": "r",
                "blockTimestamp": instant,
                "verificationReference": digest,
            },
        },
        "hooks_docs": {"event": "delta.verified", "timestamp": instant, "data": {"delta": {"amount": -1}}},
    }.items():
        secret = lab.ask("webhook", box=box, url=receiver.url)
        lab.client(box).balance.emit_and_wait(
            "c", -1, "usage", {"referenceId": "r", "timeout": 20_000, "pollInterval": 20}
        )
        lab.ask("deliver", box=box)
        [(headers, body)] = receiver.take()
        lab.agree(
            f"verify_from_headers takes a delivery of {box}",
            Webhooks(secret).verify_from_headers,
            headers,
            body,
            gives=expected,
        )
        lab.fact(
            "the Go SDK takes it too",
            {"accepted": True, "type": "delta.verified"},
            go_verdict(lab, [secret], headers, body),
        )


def go_verdict(lab, secrets, headers, body):
    return lab.ask("go_verify_webhook", secrets=secrets, headers=headers, body=body)


def sign(secret, timestamp, body):
    """A signature by the SDK's rules."""
    return "v1=" + hmac.new(secret.encode("utf-8"), f"{timestamp}.{body}".encode("utf-8"), hashlib.sha256).hexdigest()


def signatures(lab):
    """Each is shown to the SDK's class and to the Go SDK's verifier; both must say the same."""
    secret, other, now = "whsec_test", "whsec_previous", int(time.time())
    body = json.dumps(
        {
            "id": "evt_1",
            "event": "delta.verified",
            "tenantId": "t",
            "createdAt": "2026-02-11T10:30:00Z",
            "data": {"delta": -1},
        }
    )

    def good(t, b=body, s=secret):
        return sign(s, t, b)

    umlaut = json.dumps({"event": "delta.verified", "data": {"reason": "f\u00fcr \U0001f4a1"}}, ensure_ascii=False)
    for what, accepted, signature, stamp, content in (
        ("a time in seconds", True, good(now), now, body),
        ("a time in milliseconds", True, good(now * 1000), now * 1000, body),
        ("a time of four minutes ago", True, good(now - 240), now - 240, body),
        ("a time four minutes ahead", True, good(now + 240), now + 240, body),
        ("letters beyond ASCII", True, good(now, umlaut), now, umlaut),
        ("white space in the body", True, good(now, " " + body + "\n"), now, " " + body + "\n"),
        ("the other secret's signature first", True, good(now, s=other) + "," + good(now), now, body),
        ("the other secret's signature second", True, good(now) + ", " + good(now, s=other), now, body),
        ("a signature of another version beside it", True, "v2=abc," + good(now), now, body),
        ("empty parts around it", True, ", ," + good(now) + " ,", now, body),
        ("no v1 before it", False, good(now)[3:], now, body),
        ("V1 before it", False, good(now).replace("v1", "V1"), now, body),
        ("capital hex", False, "v1=" + good(now)[3:].upper(), now, body),
        ("half a signature", False, good(now)[:40], now, body),
        ("the other secret's signature alone", False, good(now, s=other), now, body),
        (
            "a signature over the body alone",
            False,
            "v1=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest(),
            now,
            body,
        ),
        ("another body", False, good(now), now, body.replace("-1", "-2")),
        ("another time than the signed one", False, good(now), now + 1, body),
        ("a time of six minutes ago", False, good(now - 360), now - 360, body),
        ("a time six minutes ahead", False, good(now + 360), now + 360, body),
        ("a time that is none", False, good("today"), "today", body),
        ("an empty body", False, good(now, ""), now, ""),
        ("a body that is not JSON", False, good(now, "{"), now, "{"),
        ("a body that is a list", False, good(now, "[]"), now, "[]"),
    ):
        headers = {"X-PacSpace-Signature": signature, "X-PacSpace-Timestamp": str(stamp)}
        hooks = Webhooks(secret)
        if accepted:
            lab.agree(
                f"signed by the rules: {what}",
                hooks.verify_from_headers,
                headers,
                content,
                gives={"event": "delta.verified"},
            )
        else:
            lab.refused(
                f"signed by the rules: {what}", WebhookVerificationError, hooks.verify_from_headers, headers, content
            )
        lab.fact(
            f"the Go SDK says the same of {what}", {"accepted": accepted}, go_verdict(lab, [secret], headers, content)
        )
