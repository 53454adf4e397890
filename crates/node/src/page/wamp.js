// WAMP v2 over WebSocket, in JSON: all four roles of a client, with patterns, progressive results and cancelling.

const HELLO = 1, WELCOME = 2, ABORT = 3, GOODBYE = 6, ERROR = 8, PUBLISH = 16, PUBLISHED = 17, SUBSCRIBE = 32,
  SUBSCRIBED = 33, UNSUBSCRIBE = 34, UNSUBSCRIBED = 35, EVENT = 36, CALL = 48, CANCEL = 49, RESULT = 50, REGISTER = 64,
  REGISTERED = 65, UNREGISTER = 66, UNREGISTERED = 67, INVOCATION = 68, INTERRUPT = 69, YIELD = 70;

const ROLES = {
  caller: { features: { progressive_call_results: true, call_canceling: true, call_timeout: true, caller_identification: true } },
  callee: {
    features: {
      progressive_call_results: true, call_canceling: true, caller_identification: true,
      pattern_based_registration: true, shared_registration: true, registration_revocation: true,
    },
  },
  publisher: { features: { publisher_exclusion: true, publisher_identification: true, subscriber_blackwhite_listing: true } },
  subscriber: { features: { pattern_based_subscription: true, publisher_identification: true, subscription_revocation: true } },
};

/** How long joining may take: a server that says nothing is tried again. */
const JOIN_MS = 10_000;

/** What a peer answered instead of a result. Procedures may throw one. */
export class WampError extends Error {
  constructor(uri, args = [], kwargs = {}) {
    super(args.length ? `${uri}: ${args.map(arg => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(', ')}` : uri);
    Object.assign(this, { uri, args, kwargs });
  }
}

/** The payload as the last elements of a message: left out as far as it is empty. */
const tail = (args, kwargs) =>
  kwargs && Object.keys(kwargs).length ? [args ?? [], kwargs] : args?.length ? [args] : [];

/** A session in a realm. */
export class Session {
  /** Connects and joins. Rejects with a `WampError` if the router refuses. */
  static join(url, realm) {
    return new Promise((resolve, reject) => {
      const session = new Session(url);
      const timer = setTimeout(() => session.#end('wirebahn.page.timeout', 'the router does not answer'), JOIN_MS);
      session.closed.then(end => {
        clearTimeout(timer);
        reject(new WampError(end.reason, end.message ? [end.message] : []));
      });
      session.#socket.onopen = () => session.#send(HELLO, realm, { roles: ROLES, agent: 'wirebahn-page' });
      session.#welcome = (id, details) => {
        clearTimeout(timer);
        Object.assign(session, { id, details, realm });
        resolve(session);
      };
    });
  }

  #socket;
  #welcome;
  #end;
  #nextRequest = 1;
  #requests = new Map(); // request -> { type, resolve, reject, progress, .. }
  #subscriptions = new Map(); // id -> set of handlers
  #registrations = new Map(); // id -> handler
  #invocations = new Map(); // request -> AbortController

  constructor(url) {
    /** Resolves to `{ reason, message }` once the session is over. */
    this.closed = new Promise(resolve => {
      this.#end = (reason, message = '') => {
        this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
        this.#socket.close();
        resolve({ reason, message });
        for (const { reject } of this.#requests.values()) reject(new WampError('wirebahn.page.disconnected'));
        for (const controller of this.#invocations.values()) controller.abort();
        this.#requests.clear();
      };
    });
    this.#socket = new WebSocket(url, ['wamp.2.json']);
    this.#socket.onmessage = message => this.#receive(message.data);
    this.#socket.onclose = close => this.#end('wirebahn.page.disconnected', close.reason || (close.wasClean ? `the router closed with ${close.code}` : 'the router cannot be reached'));
  }

  /** Resolves to a subscription, to be handed to `unsubscribe`. `handler(args, kwargs, details, publication)`. */
  async subscribe(topic, options, handler) {
    return this.#request(SUBSCRIBE, [options, topic], {
      done: id => {
        if (!this.#subscriptions.has(id)) this.#subscriptions.set(id, new Set());
        const subscription = { id, topic, handler };
        this.#subscriptions.get(id).add(subscription);
        return subscription;
      },
    });
  }

  /** The router is told once nobody in this session is left: equal subscriptions share an id. */
  async unsubscribe(subscription) {
    const all = this.#subscriptions.get(subscription.id);
    if (!all?.delete(subscription) || all.size) return;
    this.#subscriptions.delete(subscription.id);
    await this.#request(UNSUBSCRIBE, [subscription.id]);
  }

  /** Resolves to the publication's id, or at once to nothing unless `options.acknowledge` is set. */
  async publish(topic, args, kwargs, options = {}) {
    const rest = [options, topic, ...tail(args, kwargs)];
    if (options.acknowledge) return this.#request(PUBLISH, rest);
    this.#send(PUBLISH, this.#nextRequest++, ...rest);
    return undefined;
  }

  /** Resolves to a registration. `handler(args, kwargs, details, signal)` gives `{ args, kwargs }`, now or later. */
  async register(procedure, options, handler) {
    return this.#request(REGISTER, [options, procedure], {
      done: id => {
        this.#registrations.set(id, handler);
        return { id, procedure };
      },
    });
  }

  async unregister(registration) {
    this.#registrations.delete(registration.id);
    await this.#request(UNREGISTER, [registration.id]);
  }

  /** Gives `{ result, cancel(mode) }`. `result` is `{ args, kwargs }`; `progress` gets those that come before. */
  start(procedure, args, kwargs, options = {}, progress = null) {
    const request = this.#nextRequest;
    const result = this.#request(CALL, [progress ? { ...options, receive_progress: true } : options, procedure, ...tail(args, kwargs)], { progress });
    return { result, cancel: (mode = 'kill') => this.#requests.has(request) && this.#send(CANCEL, request, { mode }) };
  }

  /** The first positional argument of the result. */
  async call(procedure, ...args) {
    return (await this.start(procedure, args).result).args[0];
  }

  /** Says goodbye. */
  leave() {
    if (this.#socket.readyState === WebSocket.OPEN) this.#send(GOODBYE, {}, 'wamp.close.close_realm');
    this.#end('wamp.close.close_realm');
  }

  #send(...message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #request(type, rest, extra = {}) {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new WampError('wirebahn.page.disconnected'));
    return new Promise((resolve, reject) => {
      const request = this.#nextRequest++;
      this.#requests.set(request, { type, resolve, reject, ...extra });
      this.#send(type, request, ...rest);
    });
  }

  #settle(request, type) {
    const waiting = this.#requests.get(request);
    if (waiting?.type !== type) return undefined; // A late answer.
    this.#requests.delete(request);
    return waiting;
  }

  #answered(request, type, value) {
    const waiting = this.#settle(request, type);
    waiting?.resolve(waiting.done ? waiting.done(value) : value);
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      message = [];
    }
    const [type, ...rest] = message;
    switch (type) {
      case WELCOME: return this.#welcome(rest[0], rest[1]);
      case ABORT: return this.#end(rest[1], rest[0]?.message);
      case GOODBYE:
        this.#send(GOODBYE, {}, 'wamp.close.goodbye_and_out');
        return this.#end(rest[1], rest[0]?.message);
      case ERROR: {
        const [of, request, , uri, args, kwargs] = rest;
        return this.#settle(request, of)?.reject(new WampError(uri, args, kwargs));
      }
      case PUBLISHED: return this.#answered(rest[0], PUBLISH, rest[1]);
      case SUBSCRIBED: return this.#answered(rest[0], SUBSCRIBE, rest[1]);
      case UNSUBSCRIBED: return rest[0] ? this.#answered(rest[0], UNSUBSCRIBE) : void this.#subscriptions.delete(rest[1]?.subscription);
      case REGISTERED: return this.#answered(rest[0], REGISTER, rest[1]);
      case UNREGISTERED: return rest[0] ? this.#answered(rest[0], UNREGISTER) : void this.#registrations.delete(rest[1]?.registration);
      case EVENT: {
        const [id, publication, details, args = [], kwargs = {}] = rest;
        for (const { handler } of this.#subscriptions.get(id) ?? []) handler(args, kwargs, details, publication);
        return undefined;
      }
      case RESULT: {
        const [request, details, args = [], kwargs = {}] = rest;
        if (details.progress) return this.#requests.get(request)?.progress?.({ args, kwargs });
        return this.#answered(request, CALL, { args, kwargs });
      }
      case INVOCATION: return void this.#invoke(...rest);
      case INTERRUPT: return this.#invocations.get(rest[0])?.abort();
      default: return this.#end('wamp.error.protocol_violation', `the router sent ${text.slice(0, 100)}`);
    }
  }

  async #invoke(request, registration, details, args = [], kwargs = {}) {
    const controller = new AbortController();
    this.#invocations.set(request, controller);
    try {
      const handler = this.#registrations.get(registration);
      if (!handler) throw new WampError('wamp.error.no_such_registration');
      const result = await handler(args, kwargs, details, controller.signal);
      if (controller.signal.aborted) throw new WampError('wamp.error.canceled');
      this.#send(YIELD, request, {}, ...tail(result?.args, result?.kwargs));
    } catch (error) {
      const { uri = 'wamp.error.runtime_error', args: why = [String(error?.message ?? error)], kwargs: more } = error ?? {};
      this.#send(ERROR, INVOCATION, request, {}, uri, ...tail(why, more));
    } finally {
      this.#invocations.delete(request);
    }
  }
}

/** Refusals that trying again does not change. */
const FINAL = new Set(['wamp.error.no_such_realm', 'wamp.error.not_authorized', 'wamp.error.authentication_failed',
  'wamp.error.authentication_denied', 'wamp.error.authentication_required', 'wamp.error.no_matching_auth_method',
  'wamp.error.no_auth_method', 'wamp.error.invalid_uri']);

/** What the page's own reasons begin with. */
const OWN = 'wirebahn.page.';

const FIRST_DELAY_MS = 1000, GROWTH = 1.5, MAX_DELAY_MS = 30_000, JITTER = 0.2;

/**
 * Keeps a session: joins again, later and later, when it is lost.
 * Events: `state` with detail `{ name: 'joining' | 'joined' | 'waiting' | 'refused', session, reason, until }`.
 */
export class Connection extends EventTarget {
  session = null;
  #url;
  #realm = null;
  #delay = FIRST_DELAY_MS;
  #timer = 0;
  #turn = 0;

  constructor(url) {
    super();
    this.#url = url;
  }

  /** Joins a realm; leaves the one before. */
  join(realm) {
    this.#realm = realm;
    this.#delay = FIRST_DELAY_MS;
    this.retry();
  }

  /** Joins now instead of later. */
  async retry() {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.session?.leave();
    this.session = null;
    this.#tell({ name: 'joining' });
    try {
      const session = await Session.join(this.#url, this.#realm);
      if (turn !== this.#turn) return session.leave();
      this.session = session;
      this.#delay = FIRST_DELAY_MS;
      this.#tell({ name: 'joined', session });
      const { reason, message } = await session.closed;
      if (turn === this.#turn) this.#lost(reason, message);
    } catch (error) {
      if (turn === this.#turn) this.#lost(error.uri ?? OWN, error.args?.join(', ') ?? error.message);
    }
  }

  #lost(uri, message) {
    this.session = null;
    // Names of our own tell a person nothing.
    const reason = [uri.startsWith(OWN) ? '' : uri, message].filter(Boolean).join(': ');
    if (FINAL.has(uri)) return this.#tell({ name: 'refused', reason });
    const delay = this.#delay * (1 + JITTER * (2 * Math.random() - 1));
    this.#delay = Math.min(this.#delay * GROWTH, MAX_DELAY_MS);
    this.#timer = setTimeout(() => this.retry(), delay);
    return this.#tell({ name: 'waiting', reason, until: Date.now() + delay });
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent('state', { detail }));
  }
}
