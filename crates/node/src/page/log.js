// The log of the workbench.

import { $, element } from './dom.js';

const KEEP_ROWS = 500;
const SHOW_CHARS = 4000;
/** How near to the end the log must be to stay there. */
const NEAR_END_PX = 40;

/** Arguments and keyword arguments as one text. */
export function payload(args, kwargs) {
  const parts = [];
  if (args?.length) parts.push(JSON.stringify(args));
  if (kwargs && Object.keys(kwargs).length) parts.push(JSON.stringify(kwargs));
  const text = parts.join(' ') || '(no arguments)';
  return text.length > SHOW_CHARS ? `${text.slice(0, SHOW_CHARS)} … ${text.length.toLocaleString('en')} characters` : text;
}

/** Adds a row; `button` is `[text, onclick]`. Gives a function that takes the button away. */
export function log(kind, title, uri, { text, facts, button } = {}) {
  const list = $('log');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
  const now = new Date();
  const time = now.toLocaleTimeString('en-GB') + '.' + String(now.getMilliseconds()).padStart(3, '0');
  const action = button && element('button', { type: 'button', class: 'small', onclick: button[1] }, button[0]);
  list.append(element('li', { class: kind },
    element('span', { class: 'kind' }, title),
    element('div', { class: 'what' },
      uri && element('span', { class: 'uri' }, uri),
      text && element('span', { class: 'payload' }, text),
      facts && element('span', { class: 'facts' }, facts)),
    element('div', { class: 'aside' }, element('time', { datetime: now.toISOString() }, time), action)));
  while (list.childElementCount > KEEP_ROWS) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  return () => action?.remove();
}

export function logError(error, uri) {
  log('error', 'Error', uri, {
    text: error.uri ? [error.uri, error.args.length || Object.keys(error.kwargs).length ? payload(error.args, error.kwargs) : ''].join(' ').trim() : String(error.message ?? error),
  });
}

$('clear').onclick = () => $('log').replaceChildren();
