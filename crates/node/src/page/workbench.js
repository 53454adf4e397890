// Subscribing, publishing, registering and calling by hand.

import { $, element } from './dom.js';
import { log, logError, payload } from './log.js';
import { WampError } from './wamp.js';

const TABS = ['subscribe', 'publish', 'register', 'call'];

/** What a person typed as JSON: the brackets may be left out. */
function parse(field, open, close) {
  const text = field.value.trim();
  field.removeAttribute('aria-invalid');
  try {
    const parsed = JSON.parse(text.startsWith(open) ? text : open + text + close);
    if (Array.isArray(parsed) !== (open === '[')) throw new SyntaxError(`it does not begin with ${open}`);
    return parsed;
  } catch (error) {
    field.setAttribute('aria-invalid', 'true');
    field.focus();
    const what = open === '[' ? 'an array such as [1, "two"]' : 'an object such as {"key": 1}';
    throw new SyntaxError(`This is not JSON: write ${what}. (${error.message})`);
  }
}

export class Workbench {
  #session = null;
  /** What this page holds in the session: `{ kind, uri, options, handler, entry, item }`. */
  #held = [];

  constructor() {
    for (const name of TABS) {
      const tab = $(`tab-${name}`), form = $(name);
      tab.onclick = () => this.show(name);
      tab.onkeydown = event => this.#arrow(event, name);
      form.onsubmit = async event => {
        event.preventDefault();
        const problem = $(`${name}-problem`);
        if (problem) problem.textContent = '';
        if (!this.#session) return;
        try {
          await this[name](form.elements);
        } catch (error) {
          problem.textContent = error.message;
        }
      };
      for (const field of form.querySelectorAll('textarea')) {
        // As in a field of one line; Shift makes a new one.
        field.onkeydown = event => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          form.requestSubmit();
        };
      }
    }
    const { answer } = $('register').elements;
    answer.onchange = () => {
      for (const label of $('register').querySelectorAll('[data-for]')) label.hidden = label.dataset.for !== answer.value;
    };
    answer.onchange();
    this.follow(null);
  }

  /** Works on a session, or on none. What was held in the one before is held again. */
  async follow(session) {
    this.#session = session;
    for (const name of TABS) $(name).querySelector('button.main').disabled = !session;
    if (!session) return;
    for (const held of [...this.#held]) await this.#hold(held, 'again');
  }

  /** Forgets what is held, for another realm. */
  forget() {
    this.#held = [];
    $('held').replaceChildren();
  }

  show(name) {
    for (const other of TABS) {
      const tab = $(`tab-${other}`);
      tab.setAttribute('aria-selected', String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      $(other).hidden = other !== name;
    }
  }

  /** Goes to a tab with a URI filled in. */
  fill(name, uri) {
    this.show(name);
    const field = $(name).elements.topic ?? $(name).elements.procedure;
    field.value = uri;
    field.focus();
  }

  #arrow(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = TABS.at((TABS.indexOf(name) + step) % TABS.length);
    this.show(next);
    $(`tab-${next}`).focus();
  }

  subscribe({ topic, match }) {
    const uri = topic.value.trim();
    const handler = (args, kwargs, details, publication) => {
      const from = details.publisher ? ` · from session ${details.publisher}` : '';
      const lost = details.x_lost ? ` · ${details.x_lost} lost before` : '';
      log('event', 'Event', details.topic ?? uri, { text: payload(args, kwargs), facts: `publication ${publication}${from}${lost}` });
    };
    this.#hold({ kind: 'subscribe', uri, options: { match: match.value }, handler });
  }

  register({ procedure, match, invoke, answer, fixed, error, delay }) {
    const uri = procedure.value.trim();
    const result = answer.value === 'fixed' ? parse(fixed, '[', ']') : [];
    const answers = {
      echo: (args, kwargs) => ({ args, kwargs }),
      sum: args => {
        if (!args.every(Number.isFinite)) throw new WampError('wamp.error.invalid_argument', ['the arguments must be numbers']);
        return { args: [args.reduce((sum, arg) => sum + arg, 0)] };
      },
      fixed: () => ({ args: result }),
      error: args => { throw new WampError(error.value.trim(), args); },
    };
    const [make, wait] = [answers[answer.value], Number(delay.value)];
    const handler = async (args, kwargs, details, signal) => {
      const from = details.caller ? `from session ${details.caller}` : '';
      log('invocation', 'Invocation', details.procedure ?? uri, { text: payload(args, kwargs), facts: from });
      if (wait) {
        await new Promise(resolve => {
          const timer = setTimeout(resolve, wait);
          signal.onabort = () => { clearTimeout(timer); resolve(); };
        });
      }
      if (signal.aborted) log('invocation', 'Interrupted', details.procedure ?? uri);
      return make(args, kwargs);
    };
    this.#hold({ kind: 'register', uri, options: { match: match.value, invoke: invoke.value }, handler });
  }

  async publish({ topic, args, kwargs, acknowledge, include_me: toMe, disclose_me: disclose }) {
    const uri = topic.value.trim();
    const [list, dict] = [parse(args, '[', ']'), parse(kwargs, '{', '}')];
    const options = { acknowledge: acknowledge.checked, exclude_me: !toMe.checked };
    if (disclose.checked) options.disclose_me = true;
    try {
      const publication = await this.#session.publish(uri, list, dict, options);
      log('publish', 'Published', uri, { text: payload(list, dict), facts: publication ? `publication ${publication}` : 'not acknowledged' });
    } catch (error) {
      logError(error, uri);
    }
  }

  async call({ procedure, args, kwargs, timeout, progress, disclose_me: disclose }) {
    const uri = procedure.value.trim();
    const [list, dict] = [parse(args, '[', ']'), parse(kwargs, '{', '}')];
    const options = {};
    if (Number(timeout.value)) options.timeout = Number(timeout.value);
    if (disclose.checked) options.disclose_me = true;
    const from = performance.now();
    const took = () => `${(performance.now() - from).toFixed(1)} ms`;
    const show = title => result => log('result', title, uri, { text: payload(result.args, result.kwargs), facts: took() });
    const { result, cancel } = this.#session.start(uri, list, dict, options, progress.checked ? show('Progress') : null);
    const done = log('call', 'Call', uri, { text: payload(list, dict), button: ['Cancel', () => cancel()] });
    try {
      show('Result')(await result);
    } catch (error) {
      logError(error, uri);
    } finally {
      done();
    }
  }

  /** Subscribes or registers, and shows it among what is held. */
  async #hold(held, again = '') {
    const { kind, uri, options, handler } = held;
    const session = this.#session;
    const match = options.match === 'exact' ? '' : ` (${options.match})`;
    const title = (kind === 'subscribe' ? 'Subscribed' : 'Registered') + (again && ` ${again}`);
    try {
      held.entry = await session[kind](uri, options, handler);
      log(kind, title, uri + match, { facts: `${kind === 'subscribe' ? 'subscription' : 'registration'} ${held.entry.id}` });
      if (!again) this.#add(held, match);
    } catch (error) {
      if (this.#session !== session) return;
      logError(error, uri);
      if (again) this.#drop(held);
    }
  }

  #add(held, match) {
    const undo = held.kind === 'subscribe' ? 'Unsubscribe from' : 'Unregister';
    held.item = element('li', {},
      element('span', { class: `kind ${held.kind}` }, held.kind === 'subscribe' ? 'Subscribed' : 'Registered'),
      element('span', {}, element('code', {}, held.uri), match),
      element('button', { type: 'button', 'aria-label': `${undo} ${held.uri}`, title: `${undo} ${held.uri}`, onclick: () => this.#release(held) }, '×'));
    this.#held.push(held);
    $('held').append(held.item);
  }

  #drop(held) {
    this.#held = this.#held.filter(other => other !== held);
    held.item?.remove();
  }

  async #release(held) {
    this.#drop(held);
    if (!this.#session) return;
    try {
      await this.#session[held.kind === 'subscribe' ? 'unsubscribe' : 'unregister'](held.entry);
      log(held.kind, held.kind === 'subscribe' ? 'Unsubscribed' : 'Unregistered', held.uri);
    } catch (error) {
      logError(error, held.uri);
    }
  }
}
