// Autobahn|JS under node against a router.   node autobahn_node.js WS_URL RS_URL ROUTER REALM [ONLY]
// The packages are taken from $NODE_PATH. ROUTER (wirebahn, crossbar) decides what is expected.
'use strict';
// Autobahn|JS takes the WebSocket that newer nodes bring.
globalThis.WebSocket ??= require('ws').WebSocket;
console.warn = () => {};
const { run } = require('./scenarios.js');

const [websocket, rawsocket, router, realm, only] = process.argv.slice(2);
const [host, port] = rawsocket.replace('rs://', '').split(':');
run({
  label: 'autobahn-js node',
  transports: { ws: { type: 'websocket', url: websocket }, rs: { type: 'rawsocket', host, port: Number(port) } },
  serializers: ['json', 'msgpack', 'cbor'],
  router, realm, only, report: console.log,
}).then(failed => process.exit(failed ? 1 : 0));
