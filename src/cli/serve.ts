/** What `relay` and `sidecar` have in common: flags, start, the lines that say where it is, the end. */

import { type Command, InvalidArgumentError } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { Log } from "../log.ts";
import { isWildcard } from "../server/announcement.ts";
import { type ConfigOverrides, loadConfig, type RelayConfig } from "../server/config.ts";
import { lineLog } from "../server/log.ts";
import type { RunningRelay } from "../server/start.ts";
import { EXIT, Failure } from "./failure.ts";
import { listening } from "./listening.ts";
import { type CliParts, stopped } from "./parts.ts";

export interface ServeFlags extends ConfigOverrides {
  readonly config?: string;
  readonly json?: true;
  readonly qr?: true;
}

export interface Server {
  /** As people are told: "relay". */
  readonly name: string;
  start(config: RelayConfig, log: Log): Promise<RunningRelay>;
}

/** Adds the flags that {@link serve} reads. */
export function addServeOptions(command: Command, contents: string): Command {
  return command
    .option("--config <file>", "configuration file")
    .option("--host <address>", "address to listen on")
    .option("--port <number>", "port to listen on; 0 takes a free one", parsePort)
    .option("--data <folder>", `folder of ${contents}`)
    .option("--json", "print one line of JSON instead: npub, address, nprofile, port")
    .option("--qr", "print the nprofile as a QR code, too");
}

/** Runs the server until it is told to stop. */
export async function serve(flags: ServeFlags, parts: CliParts, server: Server): Promise<void> {
  if (flags.json && flags.qr) {
    throw new Failure(EXIT.usage, "--qr has no place beside --json: choose one");
  }
  const { host, port, data } = flags;
  const config = loadConfig(flags.config, { host, port, data });
  const log = lineLog({ level: config.log.level, clock: parts.clock, write: parts.err });
  const running = await listening(config.host, config.port, () => server.start(config, log));
  try {
    const lines = greeting(server.name, running, config, flags.qr === true);
    parts.out(flags.json ? jsonLine(running) : lines);
    await stopped(parts.stop);
  } finally {
    await running.close();
  }
}

function jsonLine({ npub, address, nprofile, port }: RunningRelay): string {
  return `${JSON.stringify({ npub, address, nprofile, port })}\n`;
}

function greeting(name: string, relay: RunningRelay, config: RelayConfig, qr: boolean): string {
  const lines = [
    `npubwire ${name}, listening on ${relay.host} port ${relay.port}`,
    "",
    `  npub      ${relay.npub}`,
    `  address   ${relay.address}`,
    `  nprofile  ${relay.nprofile}`,
    "",
    ...(qr ? [renderUnicodeCompact(relay.nprofile, { border: 2 }), ""] : []),
    ...(config.addresses.length === 0 ? [hint(relay.host), ""] : []),
    "Ctrl-C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}

/** The address was made from what the relay listens on; outside it may have another name. */
function hint(host: string): string {
  const reach = isWildcard(host)
    ? "The address works on this machine."
    : "The address works where this machine is reached by that host and port.";
  return `${reach} For others, list the URL by which they
reach the relay under "addresses" in relay.config.json; the npub stays the same.`;
}

export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError("A whole number from 0 to 65535 is expected.");
  }
  return Number(text);
}
