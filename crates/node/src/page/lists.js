// Who is connected, and what is subscribed and registered: the meta API, live.

import { $, element, soon } from './dom.js';

/** Entries that are asked about and shown; of the others only the number is. */
const SHOW = 200;
/** Questions under way at a time. */
const AT_ONCE = 16;
/** How long to collect changes before asking about them. */
const COLLECT_MS = 200;

/** Applies `work` to all items, a few at a time. One that fails has gone meanwhile. */
async function each(items, work) {
  const left = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left.length) await work(left.shift()).catch(() => {});
  }));
}

/** What the three lists have in common: a map of ids, of which the first ones have details. */
class List {
  session = null;
  entries = new Map(); // id -> details, or null
  #body;
  #empty;
  draw = soon(() => this.#redraw());

  constructor(id, title, empty, extra) {
    this.#empty = empty;
    this.#body = element('ul', { 'aria-labelledby': `${id}-title`, tabindex: '0' });
    this.count = element('span', { class: 'count' });
    $(id).replaceChildren(
      element('div', { class: 'title' }, element('h2', { id: `${id}-title` }, title, this.count), extra),
      this.#body);
  }

  /** Follows a session, or none. */
  async follow(session) {
    this.session = session;
    this.entries.clear();
    this.problem = session ? '' : 'Not connected.';
    this.draw();
    if (!session) return;
    try {
      await this.load(session);
    } catch (error) {
      if (this.session !== session) return;
      this.problem = error.uri === 'wamp.error.no_such_procedure' ? 'This realm has no meta API.' : error.message;
    }
    this.draw();
  }

  /** Subscribes to meta events, so long as the session is the one that is followed. */
  async on(session, handlers) {
    await Promise.all(Object.entries(handlers).map(([topic, handler]) =>
      session.subscribe(topic, {}, args => this.session === session && handler(...args))));
  }

  #redraw() {
    const shown = [...this.entries.values()].filter(details => details && this.wanted(details));
    const all = this.total(shown);
    this.count.textContent = this.session ? all.toLocaleString('en') : '';
    const rows = shown.sort((a, b) => this.compare(a, b)).slice(0, SHOW).map(details => this.row(details));
    if (all > rows.length) rows.push(element('li', { class: 'more' }, `and ${(all - rows.length).toLocaleString('en')} more`));
    if (!rows.length) rows.push(element('li', { class: 'more' }, this.problem || this.#empty));
    const top = this.#body.scrollTop;
    this.#body.replaceChildren(...rows);
    this.#body.scrollTop = top;
  }
}

export class Sessions extends List {
  constructor() {
    super('sessions', 'Sessions', 'Nobody is connected.');
  }

  async load(session) {
    await this.on(session, {
      'wamp.session.on_join': details => {
        this.entries.set(details.session, this.entries.size < SHOW ? details : null);
        this.draw();
      },
      'wamp.session.on_leave': id => {
        this.entries.delete(id);
        this.draw();
      },
    });
    const ids = await session.call('wamp.session.list');
    for (const id of ids) if (!this.entries.has(id)) this.entries.set(id, null);
    await each(ids.slice(0, SHOW), async id => {
      const details = await session.call('wamp.session.get', id);
      if (this.session === session && this.entries.has(id)) this.entries.set(id, details);
      this.draw();
    });
  }

  wanted() {
    return true;
  }

  total() {
    return this.entries.size;
  }

  compare(a, b) {
    return (a.session === this.session?.id ? 0 : 1) - (b.session === this.session?.id ? 0 : 1) || a.session - b.session;
  }

  row(details) {
    const transport = details.transport ?? {};
    const peer = transport.peer ?? transport.http_headers_received?.host ?? '';
    return element('li', { title: JSON.stringify(details, null, 1) },
      element('span', { class: 'name' }, String(details.authid ?? details.session),
        details.session === this.session?.id && element('span', { class: 'badge' }, 'this page')),
      element('span', { class: 'facts' }, [details.authrole, peer].filter(Boolean).join(' · ')));
  }
}

/** Subscriptions or registrations. */
export class Uris extends List {
  #kind; #uri; #changed = new Set(); #members; #use; #all;
  #ask = soon(() => this.#refresh(), COLLECT_MS);

  /** `use` is `[text, (uri, match) => ..]`: what the button of a row does. */
  constructor(id, title, { kind, uri, members, empty, use }) {
    const all = element('input', { type: 'checkbox' });
    super(id, title, empty, element('label', {}, all, element('span', {}, 'with ', element('code', {}, 'wamp.*'))));
    all.onchange = () => this.draw();
    [this.#kind, this.#uri, this.#members, this.#use, this.#all] = [kind, uri, members, use, all];
  }

  async load(session) {
    const [noun, joined, left] = this.#kind === 'subscription'
      ? ['wamp.subscription', 'subscribe', 'unsubscribe'] : ['wamp.registration', 'register', 'unregister'];
    const changed = (_, id) => {
      this.#changed.add(typeof id === 'object' ? id.id : id);
      this.#ask();
    };
    await this.on(session, {
      [`${noun}.on_create`]: changed, [`${noun}.on_${joined}`]: changed, [`${noun}.on_${left}`]: changed,
      [`${noun}.on_delete`]: (_, id) => {
        this.entries.delete(id);
        this.draw();
      },
    });
    const lists = await session.call(`${noun}.list`);
    for (const id of ['exact', 'prefix', 'wildcard'].flatMap(match => lists[match] ?? [])) {
      this.entries.set(id, this.entries.get(id) ?? null);
      if (this.#changed.size < SHOW * 2) this.#changed.add(id);
    }
    await this.#refresh();
  }

  async #refresh() {
    const session = this.session;
    const ids = [...this.#changed];
    this.#changed.clear();
    if (!session) return;
    const noun = `wamp.${this.#kind}`;
    await each(ids, async id => {
      try {
        const details = this.entries.get(id) ?? await session.call(`${noun}.get`, id);
        const members = await session.call(`${noun}.count_${this.#members}`, id);
        if (this.session === session) this.entries.set(id, { ...details, id, members });
      } catch (error) {
        if (this.session === session && error.uri?.startsWith('wamp.error.no_such_')) this.entries.delete(id);
      }
      this.draw();
    });
  }

  wanted(details) {
    return this.#all.checked || !String(details.uri).startsWith('wamp.');
  }

  total(shown) {
    return shown.length + [...this.entries.values()].filter(details => !details).length;
  }

  compare(a, b) {
    return String(a.uri).localeCompare(String(b.uri)) || a.id - b.id;
  }

  row(details) {
    const match = details.match === 'exact' || !details.match ? null : details.match;
    const invoke = details.invoke === 'single' || !details.invoke ? null : details.invoke;
    const noun = details.members === 1 ? this.#members.replace(/s$/, '') : this.#members;
    return element('li', { title: `id ${details.id}, since ${details.created}` },
      element('span', { class: 'name' }, details.uri || '(everything)',
        match && element('span', { class: 'badge' }, match), invoke && element('span', { class: 'badge' }, invoke)),
      element('span', { class: 'facts' }, `${Number(details.members).toLocaleString('en')} ${noun}`),
      element('button', { type: 'button', class: 'small', 'aria-label': `${this.#use[0]} ${details.uri}`, onclick: () => this.#use[1](details.uri, match ?? 'exact') }, this.#use[0]));
  }
}
