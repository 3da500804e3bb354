"""Prints every public name of the official Python SDK, one a line: what it exports, and the
methods of the client and of what hangs on it, as in balance.emit.

Run by TestMigratingNamesEveryCallOfThePythonSDK.
"""

import pacspace_sdk


def walk(prefix, thing):
    for name in sorted(n for n in dir(thing) if not n.startswith("_")):
        value = getattr(thing, name)
        if callable(value):
            print(prefix + name)
        elif type(value).__module__.startswith("pacspace_sdk"):
            walk((prefix if prefix != "PacSpace." else "") + name + ".", value)


for exported in pacspace_sdk.__all__:
    print(exported)
walk("PacSpace.", pacspace_sdk.PacSpace("pk_test_x.y", webhook_secret="whsec_x"))
