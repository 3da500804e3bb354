"""The official Python SDK as a client of the sandbox.

Run by TestPythonSDK of the interop module, with which it talks over its standard input
and output (see lab.py). It ends with the count of the calls that agreed, and with status
1 where one disagreed or a public method or error class of the SDK was not tried.
"""

import sys

import pacspace_sdk
import scene_balance
import scene_customers
import scene_errors
import scene_network
import scene_summaries
import scene_webhooks
from lab import Lab, public_methods
from month import avoid_month_end
from pacspace_sdk import PacSpace, PacSpaceError, RecordsEncryptionError, Webhooks
from pacspace_sdk.balance import BalanceResource
from pacspace_sdk.customers import CustomersResource

SCENES = (scene_balance, scene_customers, scene_errors, scene_network, scene_summaries, scene_webhooks)


def main():
    avoid_month_end(seconds=120)
    lab = Lab()
    for scene in SCENES:
        lab.scene = scene.__name__.removeprefix("scene_")
        try:
            scene.run(lab)
        except Exception as error:  # the scene stops, the others go on
            lab.disagree("runs to its end", f"{type(error).__name__}: {error}")
    lab.scene = "coverage"
    lab.fact(
        "every public method was called",
        [],
        sorted(public_methods(PacSpace, BalanceResource, CustomersResource, Webhooks) - lab.called),
    )
    lab.fact("every error class was raised", [], sorted(error_classes() - lab.raised))
    lab.finish()
    return 1 if lab.disagreed else 0


def error_classes():
    """The classes that balances, customers, webhooks and verify can raise."""
    exported = (getattr(pacspace_sdk, name) for name in pacspace_sdk.__all__)
    return {
        c.__name__
        for c in exported
        if isinstance(c, type) and issubclass(c, PacSpaceError) and c is not RecordsEncryptionError
    }


if __name__ == "__main__":
    sys.exit(main())
