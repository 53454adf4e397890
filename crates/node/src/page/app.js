// The page of the router: keeps a session in a realm, and hands it to everything that shows or uses it.

import { $, element } from './dom.js';
import { log } from './log.js';
import { Sessions, Uris } from './lists.js';
import { Rates } from './rates.js';
import { Connection } from './wamp.js';
import { Workbench } from './workbench.js';

/** What the node says about itself. */
const settings = { websocket: '/ws', metrics: '/metrics', realms: ['realm1'], ...JSON.parse(document.body.dataset.settings) };

const url = new URL(settings.websocket ?? '', location.href);
url.protocol = url.protocol.replace('http', 'ws');
$('address').textContent = settings.websocket ? url.href : location.origin;

const connection = new Connection(url.href);
const workbench = new Workbench();
new Rates(settings.metrics);
const lists = [
  new Sessions(),
  new Uris('subscriptions', 'Subscriptions', {
    kind: 'subscription', members: 'subscribers', empty: 'Nothing is subscribed to.',
    use: ['Publish', uri => workbench.fill('publish', uri)],
  }),
  new Uris('registrations', 'Registrations', {
    kind: 'registration', members: 'callees', empty: 'Nothing is registered.',
    use: ['Call', uri => workbench.fill('call', uri)],
  }),
];

let realm = '';
let countdown = 0;

function show({ name, session, reason, until }) {
  clearInterval(countdown);
  $('state').dataset.state = name;
  $('retry').hidden = name === 'joining' || name === 'joined' || !settings.websocket;
  $('problem').textContent = reason ? `Not connected: ${reason}` : '';
  if (name === 'waiting') {
    const tick = () => {
      $('state').textContent = `Again in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s`;
    };
    tick();
    countdown = setInterval(tick, 1000);
  } else {
    $('state').textContent = { joining: 'Connecting', joined: 'Connected', refused: 'Refused' }[name];
  }
  $('state').title = session ? `session ${session.id}` : '';
}

let wasJoined = false;
connection.addEventListener('state', ({ detail }) => {
  show(detail);
  if (detail.name === 'joined') log('note', 'Joined', realm, { facts: `session ${detail.session.id}` });
  else if (wasJoined && detail.reason) log('error', 'Lost', realm, { text: detail.reason });
  wasJoined = detail.name === 'joined';
  workbench.follow(detail.session ?? null);
  for (const list of lists) list.follow(detail.session ?? null);
});

function join(name) {
  if (name !== realm) workbench.forget();
  realm = name;
  connection.join(name);
}

$('realms').append(...settings.realms.map(name => element('option', { value: name })));
$('realm').value = new URLSearchParams(location.search).get('realm') ?? settings.realms[0] ?? '';
$('realm').onchange = () => join($('realm').value.trim());
$('realm-form').onsubmit = event => {
  event.preventDefault();
  if ($('realm').value.trim() !== realm) join($('realm').value.trim());
};
$('retry').onclick = () => connection.retry();
// A machine that wakes up, or finds its network again, need not wait.
const hurry = () => !document.hidden && $('state').dataset.state === 'waiting' && connection.retry();
addEventListener('online', hurry);
document.addEventListener('visibilitychange', hurry);

if (settings.websocket) join($('realm').value);
else show({ name: 'refused', reason: 'WebSocket is not among the protocols of this listener.' });
