/** What the drop-in class looks like to its user, on every platform. */

export type { Signer, SignerTemplate } from "./dial.ts";
export { DialError, type DialErrorCode } from "./errors.ts";
export type {
  AnyCloseEvent,
  AnyErrorEvent,
  SecureCloseEvent,
  SecureErrorEvent,
  SecureMessageEvent,
} from "./events.ts";
export type {
  SecureWebSocket,
  SecureWebSocketConstructor,
  SecureWebSocketEvents,
  SecureWebSocketOptions,
} from "./websocket.ts";
