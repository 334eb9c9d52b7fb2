/** What the drop-in class looks like to its user, on every platform. */

export type { Signer, SignerTemplate } from "./dial.ts";
export { DialError, type DialErrorCode } from "./errors.ts";
export type {
  SecureCloseEvent,
  SecureErrorEvent,
  SecureMessageEvent,
} from "./events.ts";
export type {
  SecureWebSocket,
  SecureWebSocketConstructor,
  SecureWebSocketOptions,
} from "./websocket.ts";
