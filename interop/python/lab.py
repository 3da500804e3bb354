"""The laboratory: the line to the Go test that holds the sandboxes, and the checks.

Both directions are JSON, one object a line. The Go test writes a greeting first: the
sandboxes with their addresses and keys. From then on this side asks ({"do": ...}, which
the Go test answers with {"result": ...} or {"error": ...}) or tells the outcome of a
check ({"check": ...}, not answered).
"""

import inspect
import json
import re
import sys
import time
from datetime import datetime

from pacspace_sdk import PacSpace


class Lab:
    def __init__(self, lines=sys.stdin, out=sys.stdout):
        self._lines, self._out = lines, out
        greeting = json.loads(self._lines.readline())
        self.boxes = greeting["boxes"]
        self.dashboard_token = greeting["dashboardToken"]
        self.scene = ""
        self.agreed = self.disagreed = 0
        self.called, self.raised = set(), set()

    def client(self, box="main", environment="test", **options):
        """A client of one sandbox, which fails at the first fault unless told otherwise."""
        options = {"max_retries": 0, "base_url": self.boxes[box]["url"], **options}
        return PacSpace(self.boxes[box][environment], **options)

    def ask(self, do, **arguments):
        """What the SDK cannot do: faults, deliveries, a look into the sandbox, Go's answer."""
        self._say({"do": do, "with": arguments})
        answer = json.loads(self._lines.readline())
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}")
        return answer.get("result")

    def inject(self, box="main", **fault):
        """Lets the next requests of a sandbox go wrong."""
        self.ask("fault", box=box, fault=fault)

    def agree(self, what, call, /, *args, gives=None, **named):
        """One call of the SDK, and what its users expect it to give. Returns what it gave."""
        got, problem = None, None
        try:
            got = call(*args, **named)
            problem = misfit(gives, got)
        except Exception as error:  # whatever it is, it is a disagreement
            problem = f"raised {type(error).__name__}: {error}"
        self._tell(what, call, problem)
        return got

    def refused(self, what, kind, call, /, *args, having=None, **named):
        """One call of the SDK that its users expect to raise exactly this class."""
        problem, caught = f"did not raise {kind.__name__}", None
        try:
            got = call(*args, **named)
            problem += f", gave {got!r}"
        except Exception as error:  # another class is a disagreement as well
            caught = error
            problem = None
            if type(error) is not kind:
                problem = f"raised {type(error).__name__}: {error}, not {kind.__name__}"
            for name, expected in (having or {}).items():
                problem = problem or misfit(expected, getattr(error, name, None), f".{name}")
        if problem is None:
            self.raised.add(kind.__name__)
        self._tell(what, call, problem)
        return caught

    def fact(self, what, expected, got):
        """Something about the calls before that shows elsewhere, such as on the server. It
        counts only where it fails."""
        problem = misfit(expected, got)
        if problem:
            self.disagree(what, problem)

    def finish(self):
        self._say({"agreed": self.agreed, "disagreed": self.disagreed})

    def disagree(self, what, why):
        self._tell(what, None, why)

    def _tell(self, what, call, problem):
        self.agreed += problem is None and call is not None
        self.disagreed += problem is not None
        if problem is None:
            self.called.add(call.__qualname__)
        self._say({"check": f"{self.scene}/{what}", "problem": problem})

    def _say(self, message):
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def wait_until(true):
    """Polls for what comes by itself; the Go test's deadline bounds it."""
    while not true():
        time.sleep(0.02)


def public_methods(*classes):
    """The names of what the users of these classes can call."""
    return {
        member.__qualname__
        for cls in classes
        for name, member in inspect.getmembers(cls, lambda m: inspect.isfunction(m) or inspect.ismethod(m))
        if not name.startswith("_")
    }


def misfit(expected, got, path=""):
    """Why a value is not what was expected, or None. A dict names the fields that count, a
    list all its items, a class what the value is one of, a function what must be true."""
    where = path or "the result"
    if expected is None:
        return None
    if isinstance(expected, Absent):
        return None if got is None else f"{where} is {got!r}, expected none"
    if isinstance(expected, type):
        fits = isinstance(got, expected) and (expected is bool or not isinstance(got, bool))
        return None if fits else f"{where} is {got!r}, expected a {expected.__name__}"
    if callable(expected):
        return None if expected(got) else f"{where} is {got!r}, expected {expected.__doc__ or expected}"
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"{where} is {got!r}, expected an object"
        problems = (misfit(value, got.get(name), f"{path}.{name}") for name, value in expected.items())
        return next((p for p in problems if p), None)
    if isinstance(expected, list):
        if not isinstance(got, list) or len(got) != len(expected):
            return f"{where} is {got!r}, expected {len(expected)} items"
        problems = (misfit(value, got[i], f"{path}[{i}]") for i, value in enumerate(expected))
        return next((p for p in problems if p), None)
    if type(expected) is bool and type(got) is not bool:
        return f"{where} is {got!r}, expected {expected!r}"
    return None if got == expected else f"{where} is {got!r}, expected {expected!r}"


class Absent:
    """Stands for null and for a field that is not there."""


ABSENT = Absent()


def text(value):
    """a text with something in it"""
    return isinstance(value, str) and value != ""


def digest(value):
    """0x and 64 hex digits"""
    return isinstance(value, str) and re.fullmatch("0x[0-9a-f]{64}", value) is not None


def instant(value):
    """an ISO 8601 time in UTC"""
    try:
        return value.endswith("Z") and datetime.fromisoformat(value[:-1] + "+00:00") is not None
    except (AttributeError, ValueError):
        return False


def link(value):
    """an absolute address"""
    return isinstance(value, str) and re.fullmatch("https?://[^/]+/.+", value) is not None
