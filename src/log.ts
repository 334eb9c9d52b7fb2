/**
 * What the parts tell the operator. The writer is handed in (`server/log.ts`); fields never carry
 * keys, message texts, or ids that were not verified.
 *
 * @module
 */

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** `event` names what happened in a few words, the same words every time. */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

export const silent: Log = () => {};
