/** A WebSocket upgrade as bytes, for tests that are cruder than any client. */
export const UPGRADE: string = [
  "GET / HTTP/1.1",
  "Host: relay.example",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");
