// A client on the npm package ws, against our echo server.   node client.js URL
// URL ends in a slash: ws://127.0.0.1:9001/. The package is taken from $NODE_PATH.
'use strict';
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { WebSocket } = require('ws');

const url = process.argv[2];
const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 300000];
const MESSAGES = [
  'Gr\u00fc\u00dfe, \u4e16\u754c \u{1F600}',
  ...SIZES.map(n => 'x'.repeat(n)),
  ...SIZES.map(n => Buffer.from(Uint8Array.from({ length: n }, (_, i) => i * 7))),
];
let failed = 0;

async function check(name, body) {
  try {
    await body();
    console.log(`ok     ws as client: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ws as client: ${name}: ${String(error.message).split('\n')[0]}`);
  }
}

async function open(options = { perMessageDeflate: false }) {
  const ws = new WebSocket(url, options);
  await once(ws, 'open');
  return ws;
}

function received(data, isBinary) {
  return isBinary ? data : data.toString();
}

async function echoed(ws, messages) {
  const got = [];
  const all = new Promise((resolve, reject) => {
    ws.on('message', (data, isBinary) => got.push(received(data, isBinary)) === messages.length && resolve());
    ws.on('close', code => reject(new Error(`closed with ${code} after ${got.length} messages`)));
  });
  messages.forEach(message => ws.send(message));
  await all;
  messages.forEach((message, i) => assert.deepEqual(got[i], message, `message ${i} came back changed`));
}

async function closed(ws, code, reason) {
  const close = once(ws, 'close');
  ws.close(code, reason);
  return close;
}

async function main() {
  await check('messages of every length class come back unchanged', async () => {
    const ws = await open();
    await echoed(ws, MESSAGES);
    await closed(ws, 1000);
  });
  await check('a fragmented message comes back whole', async () => {
    const ws = await open();
    const message = once(ws, 'message');
    ws.send('Hel', { fin: false });
    ws.ping();
    ws.send('lo', { fin: true });
    assert.equal(received(...await message), 'Hello');
    await closed(ws, 1000);
  });
  await check('a compressed message comes back', async () => {
    const ws = await open({ perMessageDeflate: true });
    await echoed(ws, ['x'.repeat(10000)]);
    await closed(ws, 1000);
  });
  await check('a ping is answered with its payload', async () => {
    const ws = await open();
    const pong = once(ws, 'pong');
    ws.ping('are you there');
    assert.equal((await pong)[0].toString(), 'are you there');
    await closed(ws, 1000);
  });
  await check('a close code comes back', async () => {
    assert.equal((await closed(await open(), 4001, 'enough'))[0], 4001);
  });
  process.exit(failed ? 1 : 0);
}

setTimeout(() => {
  console.log('FAILED ws as client: it ends in time');
  process.exit(1);
}, 60000).unref();
main();
