/**
 * The relay for those who run or embed it: the Node parts, chosen and put together.
 *
 * @module
 */

export { type Log, type LogFields, type LogLevel, silent } from "./log.ts";
export {
  ConfigError,
  type ConfigOverrides,
  loadConfig,
  parseConfig,
  type RelayConfig,
} from "./server/config.ts";
export { type RunningRelay, type StartOptions, startRelay } from "./server/start.ts";
