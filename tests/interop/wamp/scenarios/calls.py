"""Calls, their results and their errors."""
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, CallResult, RegisterOptions

from .common import VALUES, fails_with, scenario


@scenario("arguments and results of every kind come back unchanged")
async def _(t):
    callee, caller = await t.sessions(2)

    async def echo(*args, **kwargs):
        return CallResult(*args, **kwargs)

    await callee.register(echo, t.uri("echo"))
    assert await caller.call(t.uri("echo"), 7) == 7
    assert await caller.call(t.uri("echo"), None) is None
    both = await caller.call(t.uri("echo"), *VALUES, names=VALUES, **{"ключ": 1})
    assert list(both.results) == VALUES, both.results
    assert both.kwresults == {"names": VALUES, "ключ": 1}, both.kwresults
    only_names = await caller.call(t.uri("echo"), a=1)
    assert list(only_names.results) == [] and only_names.kwresults == {"a": 1}, only_names


@scenario("no arguments and no result work")
async def _(t):
    callee, caller = await t.sessions(2)
    got = t.inbox()
    await callee.register(lambda *args, **kwargs: got.put((args, kwargs)), t.uri("nothing"))
    assert await caller.call(t.uri("nothing")) is None
    assert await got.get() == ((), {})


@scenario("a session calls its own procedure")
async def _(t):
    session = await t.join()
    await session.register(lambda x: x + 1, t.uri("self"))
    assert await session.call(t.uri("self"), 1) == 2


@scenario("errors carry URI, args and kwargs to the caller")
async def _(t):
    callee, caller = await t.sessions(2)

    def fail():
        raise ApplicationError("com.example.broken", "wheel", 3, where="left", deep={"x": [1]})

    await callee.register(fail, t.uri("fail"))
    error = await fails_with("com.example.broken", caller.call(t.uri("fail")))
    assert list(error.args) == ["wheel", 3] and error.kwargs == {"where": "left", "deep": {"x": [1]}}, (error.args, error.kwargs)


@scenario("an exception of a procedure is a runtime error at the caller")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1 // 0, t.uri("crash"))
    await fails_with("wamp.error.runtime_error", caller.call(t.uri("crash")))


@scenario("a procedure nobody registered is no_such_procedure")
async def _(t):
    await fails_with("wamp.error.no_such_procedure", (await t.join()).call(t.uri("nobody")))


@scenario("a second registration of a procedure is procedure_already_exists")
async def _(t):
    a, b = await t.sessions(2)
    await a.register(lambda: 1, t.uri("taken"))
    await fails_with("wamp.error.procedure_already_exists", b.register(lambda: 2, t.uri("taken")))


@scenario("after unregistering the procedure is gone and free again")
async def _(t):
    a, b = await t.sessions(2)
    registration = await a.register(lambda: "a", t.uri("moving"))
    await registration.unregister()
    await fails_with("wamp.error.no_such_procedure", b.call(t.uri("moving")))
    await b.register(lambda: "b", t.uri("moving"))
    assert await a.call(t.uri("moving")) == "b"


@scenario("registering below wamp. is refused")
async def _(t):
    await fails_with("wamp.error.invalid_uri", (await t.join()).register(lambda: 1, "wamp.session.my_own"))


@scenario("two hundred pipelined calls are invoked in order and each gets its own result")
async def _(t):
    callee, caller = await t.sessions(2)
    seen = []

    def double(n):
        seen.append(n)
        return 2 * n

    await callee.register(double, t.uri("double"))
    calls = [caller.call(t.uri("double"), n) for n in range(200)]
    assert [await call for call in calls] == [2 * n for n in range(200)]
    assert seen == list(range(200)), seen


@scenario("results may come in another order than the calls")
async def _(t):
    callee, caller = await t.sessions(2)
    gates = [t.inbox() for _ in range(3)]

    async def wait(n):
        await gates[n].get()
        return n

    await callee.register(wait, t.uri("wait"))
    done = t.inbox()

    async def call(n):
        done.put(await caller.call(t.uri("wait"), n))

    calls = [t.spawn(call(n)) for n in range(3)]
    for n in (2, 0, 1):
        gates[n].put(None)
        assert await done.get() == n
    for call in calls:
        await call


@scenario("progressive results arrive in order before the final one")
async def _(t):
    callee, caller = await t.sessions(2)

    async def count(n, details):
        for i in range(n):
            details.progress(i, half=i / 2)
        return n

    await callee.register(count, t.uri("count"), RegisterOptions(details_arg="details"))
    got = []
    result = await caller.call(t.uri("count"), 10, options=CallOptions(on_progress=lambda i, half: got.append((i, half))))
    assert result == 10 and got == [(i, i / 2) for i in range(10)], (result, got)


@scenario("a caller that does not ask gets no progressive results")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda details: details.progress is None, t.uri("asked"), RegisterOptions(details_arg="details"))
    assert await caller.call(t.uri("asked")) is True
