/**
 * The relay for those who run or embed it: the Node parts, chosen and put together.
 *
 * @module
 */

export type { Peer } from "./channel.ts";
export { type Log, type LogFields, type LogLevel, silent } from "./log.ts";
export { openSqliteRulings } from "./moderation/sqlite.ts";
export type { Rulings } from "./moderation.ts";
export { type AttachOptions, attach } from "./server/attach.ts";
export {
  ConfigError,
  type ConfigOverrides,
  loadConfig,
  parseConfig,
  type RelayConfig,
} from "./server/config.ts";
export { createRelay, type RelayOptions } from "./server/create.ts";
export type { EmbeddedRelay } from "./server/embedded-relay.ts";
export { type GatewayOptions, startGateway } from "./server/gateway/start.ts";
export type { RunningGateway } from "./server/gateway.ts";
export { KeyError } from "./server/keys/key-file.ts";
export { type Listening, type ListenOptions, listen } from "./server/listen.ts";
export type { RelayEvents } from "./server/relay-events.ts";
export { type SidecarOptions, startSidecar } from "./server/sidecar.ts";
export { type RunningRelay, type StartOptions, startRelay } from "./server/start.ts";
export { MemoryStore } from "./store/memory.ts";
export { openSqliteStore } from "./store/sqlite.ts";
