/**
 * The encrypted door for relays by others: a WebSocket server with the shape of `ws`'s, whose
 * clients authenticate it by its npub.
 *
 * @module
 */

export type { Peer } from "./channel.ts";
export { KeyError } from "./server/keys/key-file.ts";
export type { DomEvents, DomListener } from "./server/websocket-server/dom-events.ts";
export {
  SecureServerSocket,
  type SecureServerSocketEvents,
} from "./server/websocket-server/socket.ts";
export {
  type ClientInfo,
  SecureWebSocketServer,
  type SecureWebSocketServerEvents,
  type SecureWebSocketServerOptions,
  type VerifyClient,
} from "./server/websocket-server.ts";
