"""The customers of the tenant: read with the API key, made with a dashboard session."""

from lab import ABSENT, digest, instant, text
from month import this_month
from pacspace_sdk import InvalidApiKeyError, NotFoundError, PacSpaceError


def run(lab):
    pac = lab.client("customers")
    session = {"dashboardToken": lab.dashboard_token}
    for name, delta in (("alpha", -1), ("beta:eu", -2), ("beta:us", -3), ("beta:us", -4)):
        pac.balance.emit_and_wait(
            name, delta, "usage", {"referenceId": f"{name}/{delta}", "timeout": 20_000, "pollInterval": 20}
        )

    lab.agree(
        "customers lists everyone",
        pac.balance.customers,
        gives={
            "customers": [
                {
                    "customerId": "alpha",
                    "customerReference": digest,
                    "totalDeltas": 1,
                    "firstDeltaAt": instant,
                    "lastDeltaAt": instant,
                },
                {"customerId": "beta:eu"},
                {"customerId": "beta:us", "totalDeltas": 2},
            ],
            "pagination": {"total": 3, "page": 1, "limit": 25, "totalPages": 1},
        },
    )
    lab.agree(
        "customers searches whatever the case",
        pac.balance.customers,
        {"search": "BETA", "limit": 1, "page": 2},
        gives={
            "customers": [{"customerId": "beta:us"}],
            "pagination": {"total": 2, "page": 2, "limit": 1, "totalPages": 2},
        },
    )
    detail = {
        "customerId": "beta:us",
        "customerReference": digest,
        "customerPartition": text,
        "totalDeltas": 2,
        "computedBalance": -7,
        "latestCheckpoint": ABSENT,
    }
    newest = {
        "delta": -4,
        "reason": "usage",
        "referenceId": "beta:us/-4",
        "time": instant,
        "recordId": text,
        "verificationReference": digest,
    }
    # The SDK writes every status in capitals, here as well.
    lab.agree(
        "customer shows the recent activity",
        pac.balance.customer,
        "beta:us",
        gives={
            **detail,
            "recentActivity": {"items": [{**newest, "status": "VERIFIED"}, {"delta": -3}], "pagination": {"total": 2}},
        },
    )
    lab.agree(
        "customer takes a page and a period",
        pac.balance.customer,
        "beta:us",
        {"deltaPage": 2, "deltaLimit": 1, "period": this_month()},
        gives={**detail, "recentActivity": {"items": [{"delta": -3}], "pagination": {"total": 2}}},
    )
    lab.refused(
        "customer of nobody",
        NotFoundError,
        pac.balance.customer,
        "nobody",
        having={"code": "NOT_FOUND", "api_body": {"code": "CUSTOMER_NOT_FOUND"}},
    )
    lab.refused(
        "an id with a slash stays one id",
        NotFoundError,
        pac.balance.customer,
        "a/../b c?d#e",
        having={
            "request_path": "/api/v1/balance/customers/a%2F..%2Fb%20c%3Fd%23e",
            "api_body": {"code": "CUSTOMER_NOT_FOUND"},
        },
    )

    lab.agree(
        "customers.create makes a customer with all that it is given",
        pac.customers.create,
        display_name="Acme Corp",
        customer_id="acme",
        sharing_state_hint="INHERIT",
        event_cadence="PER_EVENT",
        unit_label="records",
        options=session,
        gives={
            "customerId": "acme",
            "displayName": "Acme Corp",
            "sharingStateHint": "INHERIT",
            "eventCadence": "PER_EVENT",
            "unitLabel": "records",
        },
    )
    made = lab.agree(
        "customers.create makes an id where there is none",
        pac.customers.create,
        display_name="No Id",
        options=session,
        gives={"customerId": text},
    )
    lab.agree(
        "the made customer is there",
        pac.balance.customer,
        made["customerId"],
        gives={"totalDeltas": 0, "computedBalance": 0},
    )
    for name in ("acme", "alpha"):
        lab.refused(
            f"customers.create of {name}, which exists",
            PacSpaceError,
            pac.customers.create,
            display_name="Again",
            customer_id=name,
            options=session,
            having={"status_code": 409},
        )
    lab.refused(
        "customers.create with the API key alone",
        InvalidApiKeyError,
        pac.customers.create,
        display_name="No session",
        having={"status_code": 401},
    )
