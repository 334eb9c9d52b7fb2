/** Runs the command line with everything around it replaced: relay, sockets, time, streams. */

import type { CliParts, Socket } from "../../src/cli/parts.ts";
import { run } from "../../src/cli/program.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import type { SecretKey } from "../../src/nostr/key.ts";
import type { RunningRelay } from "../../src/server/start.ts";

export const crypto: CryptoProvider = createNodeCrypto();
export const NOW = 1_700_000_000;
export const NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
export const ADDRESS: string = `nostr+ws://${NPUB}@localhost:7777`;

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `npubwire …args` to its end. */
export async function npubwire(
  args: readonly string[],
  parts: Partial<CliParts> = {},
): Promise<Outcome> {
  let out = "";
  let err = "";
  const code = await run(args, {
    version: "1.2.3",
    crypto,
    clock: { now: () => NOW, after: () => () => {} },
    environment: {},
    startRelay: () => Promise.reject(new Error("no relay here")),
    startSidecar: () => Promise.reject(new Error("no sidecar here")),
    dial: () => {
      throw new Error("no dialling here");
    },
    startGateway: () => Promise.reject(new Error("no gateway here")),
    home: "/nowhere/npubwire",
    askPassword: undefined,
    knownRelays: { check() {}, remember: () => false, forget: () => false },
    hasDatabase: () => true,
    openDatabase: () => Promise.reject(new Error("no database here")),
    openRulings: async () => new MemoryRulings(),
    post: () => Promise.reject(new Error("no request here")),
    input: undefined,
    drained: async () => {},
    terminal: { out: false, err: false },
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    stop: new AbortController().signal,
    ...parts,
  });
  return { code, out, err };
}

export const STARTED: RunningRelay = {
  npub: NPUB,
  address: ADDRESS,
  nprofile: "nprofile1test",
  host: "0.0.0.0",
  port: 7777,
  close: async () => {},
};

/** What a scripted relay does with each message of a client. */
export type Script = (message: readonly unknown[], socket: FakeSocket) => void;

/** A socket whose other end is a script. It opens on the next tick unless `fails` says why not. */
export class FakeSocket extends EventTarget implements Socket {
  readonly sent: unknown[][] = [];
  closed = false;
  readonly #script: Script;

  constructor(script: Script, fails?: string) {
    super();
    this.#script = script;
    queueMicrotask(() => {
      if (fails === undefined) this.dispatchEvent(new Event("open"));
      else this.end(1006, fails, fails);
    });
  }

  /** The relay says something: a text as it is, anything else as JSON. */
  say(message: unknown): void {
    const data = typeof message === "string" ? message : JSON.stringify(message);
    this.#fire("message", { data });
  }

  /** The connection ends, by either side. */
  end(code: number, reason: string, error?: string): void {
    if (this.closed) return;
    this.closed = true;
    if (error !== undefined) this.#fire("error", { message: error });
    this.#fire("close", { code, reason });
  }

  send(text: string): void {
    const message: unknown[] = JSON.parse(text);
    this.sent.push(message);
    queueMicrotask(() => this.#script(message, this));
  }

  close(): void {
    queueMicrotask(() => this.end(1000, ""));
  }

  #fire(type: string, fields: object): void {
    this.dispatchEvent(Object.assign(new Event(type), fields));
  }
}

export interface Dialled {
  readonly addresses: string[];
  readonly keys: SecretKey[];
  readonly sockets: FakeSocket[];
  readonly dial: CliParts["dial"];
}

/** A `dial` that finds the scripted relay everywhere but at the addresses in `failing`. */
export function scripted(script: Script, failing: Readonly<Record<string, string>> = {}): Dialled {
  const dialled: Dialled = {
    addresses: [],
    keys: [],
    sockets: [],
    dial(address, key) {
      const socket = new FakeSocket(script, failing[address]);
      dialled.addresses.push(address);
      dialled.keys.push(key);
      dialled.sockets.push(socket);
      return socket;
    },
  };
  return dialled;
}

/** Standard input that holds these lines. */
export async function* lines(texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(`${text}\n`);
}
