// Compressed connections on the npm package ws, for compression.py: `node compression.js client URL` talks to our echo server
// with every combination of parameters, messages are on standard input; `node compression.js server` echoes with the
// options that a request's query names, as JSON.
'use strict';
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');

async function talk(url, options, messages) {
  const ws = new WebSocket(url, { perMessageDeflate: { threshold: 0, ...options } });
  await once(ws, 'open');
  assert.match(ws.extensions, /permessage-deflate/, JSON.stringify(options));
  for (const message of messages) {
    const answer = once(ws, 'message');
    ws.send(message);
    assert.equal((await answer)[0].toString(), message, JSON.stringify(options));
  }
  ws.close();
  await once(ws, 'close');
}

async function client(url) {
  const messages = JSON.parse(readFileSync(0)).slice(0, 8);
  const windows = [undefined, 9, 10, 11, 12, 13, 14, 15];
  let count = 0;
  for (const serverNoContextTakeover of [false, true]) {
    for (const clientNoContextTakeover of [false, true]) {
      for (const serverMaxWindowBits of windows) {
        for (const clientMaxWindowBits of [...windows, true]) {
          const options = { serverNoContextTakeover, clientNoContextTakeover };
          if (serverMaxWindowBits) options.serverMaxWindowBits = serverMaxWindowBits;
          if (clientMaxWindowBits) options.clientMaxWindowBits = clientMaxWindowBits;
          await talk(url, options, messages);
          count += 1;
        }
      }
    }
  }
  console.log(`${count} connections`);
}

function server() {
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    const options = JSON.parse(decodeURIComponent(request.url.split('?')[1]));
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0, ...options } });
    sockets.handleUpgrade(request, socket, head, ws => {
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
  });
  http.listen(0, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${http.address().port}/`));
}

if (process.argv[2] === 'server') server();
else client(process.argv[3]).catch(error => { console.log(error.message.slice(0, 300)); process.exit(1); });
