"""Calls that end otherwise: cancelled, timed out, deserted."""
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions

from .common import fails_with, pending, scenario


def call_and_cancel(session, uri, mode, **options):
    """A call, and the function that sends CANCEL for it (Autobahn itself knows no modes)."""
    result = session.call(uri, options=CallOptions(**options)) if options else session.call(uri)
    request = max(session._call_reqs)
    return result, lambda: session._transport.send(message.Cancel(request, mode=mode))


@scenario("cancel with kill: the callee is interrupted and its answer reaches the caller",
          differs={"crossbar": "answers the caller at once in every mode"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("kill"))
    result, cancel = call_and_cancel(caller, t.uri("kill"), "kill")
    assert await saw.get() == "called"
    cancel()
    error = await fails_with("com.example.cleaned", t.within(result))
    assert list(error.args) == ["up"] and await saw.get() == "interrupted"


@scenario("cancel with killnowait: the caller has canceled at once and the callee is interrupted")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("killnowait"))
    result, cancel = call_and_cancel(caller, t.uri("killnowait"), "killnowait")
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    assert await saw.get() == "interrupted"
    # What the callee answered to the interrupt was dropped on the way; both sessions live on.
    await callee.register(lambda: 5, t.uri("five"))
    assert await caller.call(t.uri("five")) == 5


@scenario("cancel with skip: the caller has canceled at once and the callee goes on undisturbed",
          differs={"crossbar": "sends no answer to a caller that cancels with skip"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await callee.register(procedure, t.uri("skip"))
    result, cancel = call_and_cancel(caller, t.uri("skip"), "skip")
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    gate.put(None)
    assert await saw.get() == "ended"
    await callee.register(lambda: 5, t.uri("five"))
    assert await caller.call(t.uri("five")) == 5


@scenario("cancelling Autobahn's own way interrupts the callee")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("plain"))
    result, cancel = call_and_cancel(caller, t.uri("plain"), None)
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    assert await saw.get() == "interrupted"


@scenario("a late cancel of a finished call does nothing")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1, t.uri("quick"))
    result, cancel = call_and_cancel(caller, t.uri("quick"), "kill")
    assert await result == 1
    cancel()
    assert await caller.call(t.uri("quick")) == 1


@scenario("a call that takes longer than its timeout in milliseconds is wamp.error.timeout and interrupts the callee",
          differs={"crossbar": "takes the timeout for seconds"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("slow"))
    await fails_with("wamp.error.timeout", t.within(caller.call(t.uri("slow"), options=CallOptions(timeout=200))))
    assert await saw.take(2) == ["called", "interrupted"]


@scenario("a call that is answered within its timeout is not disturbed by it")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1, t.uri("in_time"))
    assert await caller.call(t.uri("in_time"), options=CallOptions(timeout=150)) == 1
    await t.sleep(0.25)
    assert await caller.call(t.uri("in_time")) == 1


@scenario("a caller that leaves interrupts its callee")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("orphan"))
    ignored = caller.call(t.uri("orphan"))
    assert await saw.get() == "called"
    await caller.end()
    assert await saw.get() == "interrupted"
    try:
        await ignored
    except ApplicationError:
        pass


@scenario("a callee that leaves makes the pending call fail")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await callee.register(procedure, t.uri("deserted"))
    call = caller.call(t.uri("deserted"))
    assert await saw.get() == "called"
    await callee.end()
    await fails_with("wamp.error.canceled", t.within(call))
    await fails_with("wamp.error.no_such_procedure", caller.call(t.uri("deserted")))
    gate.put(None)
