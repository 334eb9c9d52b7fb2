/**
 * Write policies as programs, by strfry's protocol (its docs/plugins.md): the program reads one
 * line of JSON per event and answers with one. One event at a time; the others wait in line.
 *
 * It fails closed: an event whose answer cannot be had is refused with `error: internal error`, the
 * plugin is killed, and the next event starts it anew. Where that fails again and again, events are
 * refused without asking for a moment that doubles each time.
 */

import { stat } from "node:fs/promises";
import type { Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { EventId } from "../nostr/key.ts";
import { KIND_VANISH } from "../nostr/kind.ts";
import { accept, type Policy, reject, type WriteVerdict } from "../policy.ts";
import { verdictOf } from "./plugin/answer.ts";
import { PluginProcess } from "./plugin/process.ts";

export interface PluginPolicyParts {
  /**
   * Run with `sh -c`, in the relay's working directory. Without a space in it, it is the path of a
   * program, and the plugin is started anew when that file has changed.
   */
  readonly command: string;
  /** For handing over an event, and again for the answer. */
  readonly timeoutSeconds: number;
  /** The plugin's environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Plugins are not asked about what is stored already. */
  readonly isStored: (id: EventId) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events that wait for their turn. */
const MAX_WAITING = 4_096;
/** Milliseconds without a restart after the second failure in a row, and the most it grows to. */
const REST = 100;
const MAX_REST = 3_200;

/** What strfry says when a plugin fails. */
const FAILED = reject("error", "internal error");

interface Job {
  readonly event: VerifiedEvent;
  /** One line of JSON with its line feed. */
  readonly request: string;
  readonly decide: (verdict: WriteVerdict) => void;
}

/** Accepts, rejects and shadow-rejects as the plugin says. The plugin is started by the first event. */
export class PluginPolicy implements Policy {
  readonly #parts: PluginPolicyParts;
  /** One queue a client, in turns; the first in the map is next. */
  readonly #queues = new Map<Peer, Job[]>();
  #waiting = 0;
  #isWorking = false;
  #process: PluginProcess | undefined;
  /** When the program's file was changed last, in nanoseconds, as of the start. */
  #modified: bigint | undefined;
  /** In a row. */
  #failures = 0;
  #isResting = false;
  #cancelRest: () => void = () => {};
  #isClosed = false;

  constructor(parts: PluginPolicyParts) {
    this.#parts = parts;
  }

  /** Never rejects. Verdicts on the events of one peer come in their order. */
  write(event: VerifiedEvent, peer: Peer): Promise<WriteVerdict> {
    // Whoever wants to be forgotten is heard (NIP-62).
    if (event.kind === KIND_VANISH) return Promise.resolve(accept);
    if (this.#waiting >= MAX_WAITING) {
      return Promise.resolve(reject("rate-limited", "too many events wait for the relay's policy"));
    }
    const request = requestLine(event, peer, this.#parts.clock.now());
    return new Promise((decide) => {
      const job = { event, request, decide };
      const queue = this.#queues.get(peer);
      if (queue) queue.push(job);
      else this.#queues.set(peer, [job]);
      this.#waiting += 1;
      void this.#work();
    });
  }

  /** Kills the plugin and waits for its end. What waits for it, and whatever comes, is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRest();
    await this.#process?.end();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let job = this.#next(); job; job = this.#next()) job.decide(await this.#judge(job));
    this.#isWorking = false;
  }

  /** The next event of the client whose turn it is; the client goes to the end of the line. */
  #next(): Job | undefined {
    for (const [peer, queue] of this.#queues) {
      this.#queues.delete(peer);
      const job = queue.shift();
      if (queue.length > 0) this.#queues.set(peer, queue);
      this.#waiting -= 1;
      return job;
    }
    return undefined;
  }

  async #judge({ event, request }: Job): Promise<WriteVerdict> {
    const { isStored, log } = this.#parts;
    try {
      if (await isStored(event.id)) return accept;
      const process = await this.#running();
      const answer = await process?.ask(request, event.id);
      if (answer?.ok) {
        this.#failures = 0;
        const { action, message } = answer.value;
        if (action !== "accept" && message !== "") {
          log("info", "write policy plugin refused an event", { id: event.id, action, message });
        }
        return verdictOf(answer.value);
      }
      if (answer) this.#countFailure();
    } catch (error) {
      log("error", "write policy plugin failed", { reason: String(error) });
      void this.#process?.end();
      this.#countFailure();
    }
    return FAILED;
  }

  /** The process to ask, started where there is none; `undefined` while there must not be one. */
  async #running(): Promise<PluginProcess | undefined> {
    const { command, environment, timeoutSeconds, clock, log } = this.#parts;
    if (this.#isResting || this.#isClosed) return undefined;
    const modified = await modificationTime(command);
    if (this.#process?.isAlive && modified === this.#modified) return this.#process;
    await this.#process?.end();
    if (this.#isClosed) return undefined;
    log("info", "write policy plugin starts");
    const timeout = timeoutSeconds * 1_000;
    this.#process = new PluginProcess({ command, environment, timeout, clock, log });
    this.#modified = modified;
    return this.#process;
  }

  #countFailure(): void {
    this.#failures += 1;
    if (this.#failures === 1 || this.#isClosed) return;
    this.#isResting = true;
    const rest = Math.min(REST * 2 ** (this.#failures - 2), MAX_REST);
    this.#cancelRest = this.#parts.clock.after(rest, () => {
      this.#isResting = false;
    });
  }
}

/** In nanoseconds; `undefined` for a command that is more than a path. Throws where there is no such file. */
async function modificationTime(command: string): Promise<bigint | undefined> {
  return command.includes(" ") ? undefined : (await stat(command, { bigint: true })).mtimeNs;
}

function requestLine(event: VerifiedEvent, peer: Peer, receivedAt: number): string {
  const source = {
    receivedAt,
    sourceType: peer.address.includes(":") ? "IP6" : "IP4",
    sourceInfo: peer.address,
    authed: authenticatedKey(event, peer),
  };
  const json = `{"type":"new","event":${event.json},${JSON.stringify(source).slice(1)}\n`;
  // Node's readline, which plugins like to use, takes these two for line feeds.
  return json.replace(/[\u2028\u2029]/g, (separator) =>
    separator === "\u2028" ? "\\u2028" : "\\u2029",
  );
}

/** The protocol has room for one key: the author's, or else the one that came first. */
function authenticatedKey(event: VerifiedEvent, { pubkeys }: Peer): string | undefined {
  return pubkeys.has(event.pubkey) ? event.pubkey : pubkeys.values().next().value;
}
