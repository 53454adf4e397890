"""What scenarios share."""
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import SubscribeOptions

ALL = []
TEXT = "Grüße, 世界 \U0001F600 \u0000 \u2028 \"\\/"
VALUES = [None, True, False, 0, -1, 127, 128, -129, 65536, 2**31, 2**53, -2**53, 0.5, -1e300, "", TEXT,
          [], [[1, [2, [3]]]], {}, {"a": {"b": [1, {"c": None}]}, "ключ": "значение"}]


def scenario(name, differs=None):
    """Marks a scenario. `differs` names the routers that are known to do otherwise, and what they do."""
    def keep(body):
        ALL.append((name, body, differs or {}))
        return body
    return keep


async def fails_with(uri, call):
    """Awaits a failing call and gives its error."""
    try:
        got = await call
    except ApplicationError as error:
        assert error.error == uri, f"{error.error}, not {uri}"
        return error
    raise AssertionError(f"{got!r}, not {uri}")


def pending(t):
    """A procedure that waits until it is let go or cancelled, and what it saw."""
    saw, gate = t.inbox("the procedure's report"), t.inbox("the gate")

    async def procedure():
        saw.put("called")
        try:
            await gate.get(20)
        except t.cancelled:
            saw.put("interrupted")
            raise ApplicationError("com.example.cleaned", "up") from None
        saw.put("ended")
        return "done"

    return procedure, saw, gate


async def events(t, session, uri, **options):
    """Subscribes and gives the inbox of (args, kwargs, details)."""
    inbox = t.inbox(f"an event on {uri}")

    def handler(*args, details, **kwargs):
        inbox.put((list(args), kwargs, details))

    await session.subscribe(handler, uri, SubscribeOptions(details_arg="details", **options))
    return inbox
