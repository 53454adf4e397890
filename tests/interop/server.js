// A server on the npm package ws, for our client; what it does is told in servers.py.   node server.js
// The package is taken from $NODE_PATH.
'use strict';
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: true,
  maxPayload: 2 ** 26,
  handleProtocols: offers => (offers.has('second') ? 'second' : false),
});

sockets.on('connection', (ws, request) => {
  const path = request.url;
  ws.on('error', () => {});
  if (path === '/hello') ws.send(`X-Probe: ${request.headers['x-probe']}, subprotocol: ${ws.protocol || null}`);
  ws.on('message', (data, isBinary) => {
    if (path === '/bye') ws.close(1000);
    else if (path === '/drop') ws.terminate();
    else if (path === '/kind') ws.send(`${isBinary ? 'binary' : 'text'} ${data.length}`);
    else ws.send(data, { binary: isBinary });
  });
});

const server = createServer();
server.on('upgrade', (request, socket, head) => {
  if (request.url === '/refuse') {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nConnection: close\r\n\r\nnot you\n');
  } else {
    sockets.handleUpgrade(request, socket, head, ws => sockets.emit('connection', ws, request));
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
