// What Autobahn|JS does with a router, scenario by scenario; runs under node and, bundled, in a browser.
//
// A scenario is an async function of a Cell: it joins sessions of the cell's transport and serializer and asserts what
// comes back. Where no event may arrive, another one sent after it to the same subscriber is the proof. `differs` names
// what a router is known to do otherwise, and why: there it must fail.
'use strict';
const autobahn = require('autobahn');

const STEP_MS = 5000;
const KNOWN_DIFFERENCE_MS = 2000;
const TEXT = 'Gr\u00fc\u00dfe, \u4e16\u754c \u{1F600} \u2028 "\\/';
const VALUES = [null, true, false, 0, -1, 127, 128, -129, 65536, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER,
  0.5, -1e300, '', TEXT, [], [[1, [2, [3]]]], {}, { a: { b: [1, { c: null }] }, 'ключ': 'значение' }];

const all = [];
const scenario = (name, body, differs = {}) => all.push({ name, body, differs });

// --- calls ---------------------------------------------------------------------------------------------------------

scenario('arguments and results of every kind come back unchanged', async t => {
  const [callee, caller] = await t.sessions(2);
  await callee.register(t.uri('echo'), (args, kwargs) => new autobahn.Result(args, kwargs));
  same(await caller.call(t.uri('echo'), [7]), 7);
  const got = await caller.call(t.uri('echo'), VALUES, { names: VALUES, 'ключ': 1 });
  same(got.args, VALUES);
  same(got.kwargs, { names: VALUES, 'ключ': 1 });
});

scenario('errors carry URI, args and kwargs to the caller', async t => {
  const [callee, caller] = await t.sessions(2);
  await callee.register(t.uri('fail'), () => {
    throw new autobahn.Error('com.example.broken', ['wheel', 3], { where: 'left' });
  });
  const error = await failsWith('com.example.broken', caller.call(t.uri('fail')));
  same([error.args, error.kwargs], [['wheel', 3], { where: 'left' }]);
});

scenario('a procedure nobody registered is no_such_procedure', async t => {
  await failsWith('wamp.error.no_such_procedure', (await t.join()).call(t.uri('nobody')));
});

scenario('a second registration is procedure_already_exists, and the name is free after unregistering', async t => {
  const [a, b] = await t.sessions(2);
  const registration = await a.register(t.uri('taken'), () => 'a');
  await failsWith('wamp.error.procedure_already_exists', b.register(t.uri('taken'), () => 'b'));
  await a.unregister(registration);
  await b.register(t.uri('taken'), () => 'b');
  same(await a.call(t.uri('taken')), 'b');
});

scenario('URIs that are none are invalid_uri', async t => {
  const session = await t.join();
  for (const uri of ['a..b', '.a', 'a.', 'a b', 'a#b', '']) {
    await failsWith('wamp.error.invalid_uri', session.call(uri));
    await failsWith('wamp.error.invalid_uri', session.subscribe(uri, () => {}));
    await failsWith('wamp.error.invalid_uri', session.register(uri, () => {}));
    await failsWith('wamp.error.invalid_uri', session.publish(uri, [], {}, { acknowledge: true }));
  }
  await failsWith('wamp.error.invalid_uri', session.register('wamp.my.own', () => {}));
  same(await session.call('wamp.session.count') > 0, true);
}, { crossbar: 'does not answer all of them' });

scenario('a hundred pipelined calls are invoked in order and each gets its own result', async t => {
  const [callee, caller] = await t.sessions(2);
  const seen = [];
  await callee.register(t.uri('double'), ([n]) => { seen.push(n); return 2 * n; });
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  same(await Promise.all(numbers.map(n => caller.call(t.uri('double'), [n]))), numbers.map(n => 2 * n));
  same(seen, numbers);
});

scenario('progressive results arrive in order before the final one', async t => {
  const [callee, caller] = await t.sessions(2);
  await callee.register(t.uri('count'), async ([n], kwargs, details) => {
    for (let i = 0; i < n; i += 1) details.progress([i]);
    return n;
  });
  const got = [];
  const call = caller.call(t.uri('count'), [10], {}, { receive_progress: true });
  call.progressed = value => got.push(value);
  same([await call, got], [10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
});

scenario('a callee that cannot be cancelled is left alone: the caller has canceled at once', async t => {
  const [callee, caller] = await t.sessions(2);
  const gate = new Inbox('the gate'), called = new Inbox('the call');
  await callee.register(t.uri('slow'), async () => { called.put(1); await gate.get(); return 'late'; });
  const call = caller.call(t.uri('slow'));
  await called.get();
  call.cancel({ mode: 'kill' });
  await failsWith('wamp.error.canceled', t.within(call));
  gate.put(1);
  await callee.register(t.uri('five'), () => 5);
  same(await caller.call(t.uri('five')), 5);
}, { crossbar: 'sends a callee INTERRUPT though it did not announce call_canceling' });

scenario('a call that takes longer than its timeout in milliseconds is wamp.error.timeout', async t => {
  const [callee, caller] = await t.sessions(2);
  const gate = new Inbox('the gate');
  await callee.register(t.uri('slow'), async () => { await gate.get(); return 'late'; });
  await failsWith('wamp.error.timeout', t.within(caller.call(t.uri('slow'), [], {}, { timeout: 200 })));
  gate.put(1);
  await callee.register(t.uri('five'), () => 5);
  same(await caller.call(t.uri('five')), 5);
}, { crossbar: 'takes the timeout for seconds' });

scenario('a caller that leaves does not disturb a callee that cannot be cancelled', async t => {
  const [callee, caller, other] = await t.sessions(3);
  const gate = new Inbox('the gate'), called = new Inbox('the call');
  await callee.register(t.uri('slow'), async () => { called.put(1); await gate.get(); return 'late'; });
  caller.call(t.uri('slow')).then(null, () => {});
  await called.get();
  await t.leave(caller);
  gate.put(1);
  await callee.register(t.uri('five'), () => 5);
  same(await other.call(t.uri('five')), 5);
});

scenario('a callee that leaves makes the pending call fail', async t => {
  const [callee, caller] = await t.sessions(2);
  const called = new Inbox('the call');
  await callee.register(t.uri('deserted'), () => { called.put(1); return new Promise(() => {}); });
  const call = caller.call(t.uri('deserted'));
  await called.get();
  t.drop(callee);
  await failsWith('wamp.error.canceled', t.within(call));
});

// --- publishing and subscribing -----------------------------------------------------------------------------------------

async function events(t, session, uri, options) {
  const inbox = new Inbox(`an event on ${uri}`);
  inbox.subscription = await session.subscribe(uri, (args, kwargs, details) => inbox.put({ args, kwargs, details }), options);
  return inbox;
}

const acknowledged = (session, uri, args, options = {}) => session.publish(uri, args, {}, { acknowledge: true, ...options });

scenario('events carry arguments of every kind, and the publication id', async t => {
  const [subscriber, publisher] = await t.sessions(2);
  const inbox = await events(t, subscriber, t.uri('topic'));
  const publication = await publisher.publish(t.uri('topic'), VALUES, { names: VALUES }, { acknowledge: true });
  const got = await inbox.get();
  same([got.args, got.kwargs], [VALUES, { names: VALUES }]);
  same([got.details.publication, got.details.publisher], [publication.id, undefined]);
});

scenario('events of a publisher arrive in order', async t => {
  const [subscriber, publisher] = await t.sessions(2);
  const inbox = await events(t, subscriber, t.uri('topic'));
  for (let n = 0; n < 200; n += 1) publisher.publish(t.uri('topic'), [n]);
  for (let n = 0; n < 200; n += 1) same((await inbox.get()).args, [n]);
});

scenario('the publisher is excluded, and not when it says so', async t => {
  const session = await t.join();
  const inbox = await events(t, session, t.uri('topic'));
  await acknowledged(session, t.uri('topic'), ['excluded']);
  await acknowledged(session, t.uri('topic'), ['included'], { exclude_me: false });
  same((await inbox.get()).args, ['included']);
});

scenario('eligible and exclude lists are obeyed', async t => {
  const [publisher, a, b] = await t.sessions(3);
  const inboxes = [await events(t, a, t.uri('topic')), await events(t, b, t.uri('topic'))];
  const reaches = async (options, who) => {
    await acknowledged(publisher, t.uri('topic'), ['chosen'], options);
    await acknowledged(publisher, t.uri('topic'), ['end']);
    for (const [i, inbox] of inboxes.entries()) {
      if (who.includes(i)) same((await inbox.get()).args, ['chosen']);
      same((await inbox.get()).args, ['end']);
    }
  };
  await reaches({ eligible: [a.id] }, [0]);
  await reaches({ exclude: [a.id] }, [1]);
  await reaches({ eligible_authid: [a.welcome.authid] }, [0]);
  await reaches({ exclude_authid: [a.welcome.authid] }, [1]);
  await reaches({ eligible_authrole: [a.welcome.authrole] }, [0, 1]);
  await reaches({ eligible_authrole: ['nobody at all'] }, []);
  await reaches({ exclude_authrole: [a.welcome.authrole] }, []);
});

scenario('publisher and caller are named when they disclose themselves', async t => {
  const [a, b] = await t.sessions(2);
  const who = [b.id, b.welcome.authid, b.welcome.authrole];
  const inbox = await events(t, a, t.uri('topic'));
  b.publish(t.uri('topic'), [], {}, { disclose_me: true });
  const { details } = await inbox.get();
  same([details.publisher, details.publisher_authid, details.publisher_authrole], who);
  await a.register(t.uri('who'), (args, kwargs, d) => [[d.caller ?? null, d.caller_authid ?? null, d.caller_authrole ?? null]]);
  same(await b.call(t.uri('who')), [[null, null, null]]);
  same(await b.call(t.uri('who'), [], {}, { disclose_me: true }), [who]);
}, { crossbar: 'discloses by its configuration, not by disclose_me' });

scenario('after unsubscribing no event arrives', async t => {
  const [subscriber, publisher] = await t.sessions(2);
  const inbox = await events(t, subscriber, t.uri('topic')), after = await events(t, subscriber, t.uri('after'));
  await subscriber.unsubscribe(inbox.subscription);
  publisher.publish(t.uri('topic'), [1]);
  publisher.publish(t.uri('after'), [2]);
  same((await after.get()).args, [2]);
  same(inbox.length, 0);
});

// --- patterns, shared registrations ----------------------------------------------------------------------------------------

scenario('prefix, wildcard and exact subscriptions each deliver, with one publication id and the topic', async t => {
  const [subscriber, publisher] = await t.sessions(2);
  const inboxes = [await events(t, subscriber, t.uri('a.b'), { match: 'prefix' }),
    await events(t, subscriber, t.uri('a..c'), { match: 'wildcard' }), await events(t, subscriber, t.uri('a.b.c'))];
  const { id } = await acknowledged(publisher, t.uri('a.b.c'), [1]);
  await acknowledged(publisher, t.uri('a.bx.c.d'), [2]);
  for (const inbox of inboxes) {
    const { args, details } = await inbox.get();
    same([args, details.publication, details.topic], [[1], id, t.uri('a.b.c')]);
  }
  const { details } = await inboxes[0].get();
  same(details.topic, t.uri('a.bx.c.d'));
});

scenario('exact before prefix before wildcard, and the callee is told the procedure', async t => {
  const [callee, caller] = await t.sessions(2);
  const register = (name, uri, match) => callee.register(t.uri(uri), (args, kwargs, d) => [name, d.procedure], { match });
  await register('exact', 'a.b.c', 'exact');
  await register('short', 'a', 'prefix');
  await register('long', 'a.b', 'prefix');
  await register('wildcard', 'x..z', 'wildcard');
  for (const [uri, name] of [['a.b.c', 'exact'], ['a.b.d', 'long'], ['a.c', 'short'], ['x.y.z', 'wildcard']]) {
    same(await caller.call(t.uri(uri)), [name, t.uri(uri)]);
  }
});

scenario('shared registrations: roundrobin, first, last and random', async t => {
  const [caller, ...callees] = await t.sessions(4);
  const answers = async (invoke, calls) => {
    for (const [i, callee] of callees.entries()) await callee.register(t.uri(invoke), () => i, { invoke });
    const got = [];
    for (let n = 0; n < calls; n += 1) got.push(await caller.call(t.uri(invoke)));
    return got;
  };
  same(await answers('roundrobin', 5), [0, 1, 2, 0, 1]);
  same(await answers('first', 3), [0, 0, 0]);
  same(await answers('last', 3), [2, 2, 2]);
  same([...new Set(await answers('random', 100))].sort(), [0, 1, 2]);
});

// --- meta API, sessions, payloads --------------------------------------------------------------------------------------------

scenario('meta API: sessions, registrations and subscriptions', async t => {
  const [a, b] = await t.sessions(2);
  same((await a.call('wamp.session.list')).includes(b.id), true);
  same((await a.call('wamp.session.get', [b.id])).session, b.id);
  await failsWith('wamp.error.no_such_session', a.call('wamp.session.get', [1]));
  const registration = await b.register(t.uri('p'), () => 1);
  same(await a.call('wamp.registration.lookup', [t.uri('p')]), registration.id);
  same(await a.call('wamp.registration.list_callees', [registration.id]), [b.id]);
  const { subscription } = await events(t, b, t.uri('t'), { match: 'prefix' });
  same(await a.call('wamp.subscription.match', [t.uri('t.u')]), [subscription.id]);
  same(await a.call('wamp.subscription.count_subscribers', [subscription.id]), 1);
});

scenario('on_join and on_leave tell of other sessions', async t => {
  const watcher = await t.join();
  const joins = await events(t, watcher, 'wamp.session.on_join'), leaves = await events(t, watcher, 'wamp.session.on_leave');
  const other = await t.join(), id = other.id;
  while ((await joins.get()).args[0].session !== id);
  await t.leave(other);
  while ((await leaves.get()).args[0] !== id);
});

scenario('a killed session is told why', async t => {
  const [killer, victim] = await t.sessions(2);
  await killer.call('wamp.session.kill', [victim.id], { reason: 'com.example.killed', message: 'too loud' });
  const closed = await victim.closed.get();
  same([closed.reason, closed.message], ['com.example.killed', 'too loud']);
});

scenario('a realm that does not exist is refused with no_such_realm', async t => {
  try {
    await t.join({ realm: 'no.such.realm.here' });
  } catch (error) {
    same(error.reason, 'wamp.error.no_such_realm');
    return;
  }
  throw new Error('it was joined');
});

scenario('payloads of a megabyte and more come back unchanged', async t => {
  const [callee, caller] = await t.sessions(2);
  await callee.register(t.uri('large'), ([x]) => x);
  for (const payload of ['\u00e9'.repeat(500000), 'x'.repeat(3000000)]) {
    same((await caller.call(t.uri('large'), [payload])) === payload, true);
  }
});

scenario('every serializer reaches every other, with text and binary', async t => {
  const sessions = {};
  for (const name of t.serializers) sessions[name] = await t.join({ serializer: name });
  const publisher = sessions[t.serializer];
  // What this JSON serializer leaves to the application: binary is a string of U+0000 and base64.
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const coded = '\u0000' + base64(bytes);
  const plain = value => (value instanceof Uint8Array ? '\u0000' + base64(value) : value);
  for (const [name, session] of Object.entries(sessions)) {
    const inbox = await events(t, session, t.uri(name));
    publisher.publish(t.uri(name), [...VALUES, t.serializer === 'json' ? coded : asBuffer(bytes)], {}, { exclude_me: false });
    const { args } = await inbox.get();
    same(args.slice(0, -1), VALUES);
    same(plain(args.at(-1)), coded);
    same(args.at(-1) instanceof Uint8Array, name !== 'json');
  }
});

// --- the machinery --------------------------------------------------------------------------------------------------------------

class Inbox {
  constructor(what) { this.what = what; this.items = []; this.waiting = null; }
  get length() { return this.items.length; }
  put(item) { this.items.push(item); if (this.waiting) this.waiting(); }
  async get(ms = STEP_MS) {
    if (!this.items.length) {
      await within(ms, new Promise(resolve => { this.waiting = resolve; }), `${this.what} did not arrive`);
    }
    return this.items.shift();
  }
}

function within(ms, promise, what = 'no answer') {
  let timer;
  const expiry = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms); });
  return Promise.race([promise, expiry]).finally(() => clearTimeout(timer));
}

async function failsWith(uri, promise) {
  let got;
  try {
    got = await within(STEP_MS, promise);
  } catch (error) {
    if (error.error === uri) return error;
    throw new Error(`${error.error ?? error.message}, not ${uri}`);
  }
  throw new Error(`${JSON.stringify(got)}, not ${uri}`);
}

// Equal as JSON, with the names of objects in any order.
function same(got, wanted) {
  const text = value => JSON.stringify(value, (_, v) => (v && typeof v === 'object' && !Array.isArray(v)
    ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v));
  if (text(got) !== text(wanted)) throw new Error(`${String(text(got)).slice(0, 200)}, not ${String(text(wanted)).slice(0, 200)}`);
}

function base64(bytes) {
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
}

// What the package keeps a pending request in. Plain promises know no progress: here it goes to `progressed`.
function deferred() {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  d.notify = value => d.promise.progressed?.(value);
  return d;
}

// The kind of byte string that the serializers of this package take for one.
function asBuffer(bytes) {
  return require('buffer').Buffer.from(bytes);
}

const SERIALIZERS = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' };

class Cell {
  constructor(transport, serializer, serializers, realm) {
    Object.assign(this, { transport, serializer, serializers, realm });
    this.prefix = `interop.${Math.random().toString(36).slice(2)}`;
    this.connections = new Map();
    this.violations = [];
  }

  uri(name) { return `${this.prefix}.${name}`; }

  async sessions(count) {
    const sessions = [];
    while (sessions.length < count) sessions.push(await this.join());
    return sessions;
  }

  join({ serializer = this.serializer, realm = this.realm } = {}) {
    const transport = { ...this.transport, serializers: [new autobahn.serializer[SERIALIZERS[serializer]]()] };
    const connection = new autobahn.Connection({
      transports: [transport], realm, max_retries: 0, retry_if_unreachable: false, use_deferred: deferred,
      on_user_error: () => {}, on_internal_error: error => this.violations.push(String(error.error ?? error)),
    });
    const closed = new Inbox('the end of the session');
    return within(STEP_MS, new Promise((resolve, reject) => {
      connection.onopen = (session, details) => {
        this.connections.set(session, connection);
        session.welcome = details;
        session.closed = closed;
        resolve(session);
      };
      connection.onclose = (_, details) => {
        closed.put(details);
        reject(Object.assign(new Error(`refused: ${details.reason}`), { reason: details.reason }));
        return true;
      };
      connection.open();
    }), 'no WELCOME');
  }

  within(promise) { return within(this.patience ?? STEP_MS, promise); }

  async leave(session) {
    this.connections.get(session).close();
    await session.closed.get();
  }

  drop(session) { this.connections.get(session)._transport.close(); }

  async end() {
    for (const [session, connection] of this.connections) {
      if (connection.isOpen) await this.leave(session).catch(() => {});
    }
  }
}

// Runs everything; `report` gets one line per check. Gives the number of failures.
async function run({ label, transports, serializers, router, realm, only = '', report }) {
  let failed = 0;
  for (const [kind, transport] of Object.entries(transports)) {
    for (const serializer of kind === 'rs' ? ['json'] : serializers) {
      for (const { name, body, differs } of all.filter(s => s.name.includes(only))) {
        const cell = new Cell(transport, serializer, kind === 'rs' ? ['json'] : serializers, realm);
        const difference = differs[router];
        if (difference) cell.patience = KNOWN_DIFFERENCE_MS;
        let problem = await Promise.resolve(body(cell)).then(() => null, error => error.message ?? error.error ?? String(error));
        await cell.end();
        if (!problem && cell.violations.length) problem = `the client closed: ${cell.violations[0]}`;
        const line = `${label} ${kind} ${serializer}: ${name}`;
        if (difference ? problem : !problem) {
          report(`ok     ${line}${difference ? `: ${router} ${difference}` : ''}`);
        } else {
          failed += 1;
          report(`FAILED ${line}: ${difference ? 'it no longer differs: take the mark away' : problem}`);
        }
      }
    }
  }
  return failed;
}

module.exports = { run };
