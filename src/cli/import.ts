/** `npubwire import`: events from standard input into the relay's database, whoever sent them. */

import { type Command, Option } from "commander";
import type { CryptoProvider } from "../crypto.ts";
import { judgeBans } from "../moderation.ts";
import { type NostrEvent, type VerifiedEvent, verifyEvent } from "../nostr/event.ts";
import { publicKeyOf } from "../nostr/key.ts";
import { classifyKind, KIND_AUTH } from "../nostr/kind.ts";
import { malformed, type Parsed } from "../nostr/parsed.ts";
import { judgeVanishing } from "../nostr/publication.ts";
import { announce } from "../server/announcement.ts";
import { loadConfig, type RelayConfig } from "../server/config.ts";
import { readRelayKey } from "../server/keys/relay-key.ts";
import type { EventStore, InsertOutcome } from "../store.ts";
import { EXIT, Failure } from "./failure.ts";
import { parseCount } from "./filter-option.ts";
import { type EventLine, readEventLines } from "./lines.ts";
import type { CliParts } from "./parts.ts";
import { patiently } from "./patience.ts";
import { grouped, StatusLine } from "./terminal.ts";

interface ImportFlags {
  readonly config?: string;
  readonly data?: string;
  /** `false` with --no-verify. */
  readonly verify: boolean;
  /** How many to show. */
  readonly showRejected?: number;
}

const HELP = `
Standard input holds one event a line, as JSON. The relay may be running: its clients find what was
imported with their next request. Neither its limits nor its policies are asked; every id and every
signature is checked. Ephemeral events are rejected, what administrators have banned, requests to
vanish (NIP-62) that name another relay, and lines of more than 4 MiB, unless the relay's
limits.maxMessageLength is higher. What is stored already is counted, not stored twice, so an import
that was stopped can be run again.

Exit code 0: every event is stored now, was stored before, or is replaced or deleted by one that is.
Exit code 1: some lines were rejected, or the import was stopped.

Examples:
  $ npubwire import --data ./data < events.jsonl
  $ zcat backup.jsonl.gz | npubwire import --show-rejected
  $ npubwire export --data ./old | npubwire import --data ./new --no-verify
`;

const SHOWN_BY_DEFAULT = 100;
/** Bytes, unless the relay takes longer messages. Texts of brackets grow fiftyfold when parsed. */
const MAX_LINE = 4 * 2 ** 20;

export function addImportCommand(root: Command, parts: CliParts): void {
  const show = "print number and reason of lines that are rejected, up to so many";
  root
    .command("import")
    .description("store events from standard input, one JSON object a line")
    .option("--config <file>", "configuration file")
    .option("--data <folder>", "folder of the database and the key")
    .option("--no-verify", "take signatures on trust, in a backup of your own")
    .addOption(
      new Option("--show-rejected [number]", show)
        .preset(`${SHOWN_BY_DEFAULT}`)
        .argParser(parseCount),
    )
    .addHelpText("after", HELP)
    .action((flags: ImportFlags) => importEvents(flags, parts));
}

async function importEvents(flags: ImportFlags, parts: CliParts): Promise<void> {
  const { input, crypto } = parts;
  if (input === undefined) {
    throw new Failure(
      EXIT.usage,
      "there is nothing to import",
      "Give events on standard input, one JSON object a line: npubwire import < events.jsonl",
    );
  }
  const config = loadConfig(flags.config, { data: flags.data });
  const maxLine = Math.max(MAX_LINE, config.limits.maxMessageLength);
  const isOwnUrl = ownUrls(config, parts);
  const verifier = flags.verify ? crypto : trusting(crypto);
  const store = await patiently(parts.stop, () => parts.openDatabase(config));
  const rulings = await patiently(parts.stop, () => parts.openRulings(config));
  const check = (event: NostrEvent): Parsed<VerifiedEvent> => {
    const bans = judgeBans(event, rulings);
    return bans.accepted ? checkStorable(event, isOwnUrl, verifier) : malformed(bans.reason);
  };
  const run = new Import(store, check, flags.showRejected, parts);
  try {
    await run.take(readEventLines(input, parts.stop, maxLine));
  } finally {
    run.report();
    rulings.close();
    await store.close();
  }
  run.conclude();
}

/** Takes every signature for right. The id is still computed. */
function trusting(crypto: CryptoProvider): CryptoProvider {
  return { ...crypto, verifySchnorr: () => true };
}

/** Which URLs name the relay of this database; none as long as it has no key. */
function ownUrls(config: RelayConfig, { crypto, environment }: CliParts): (url: string) => boolean {
  const key = readRelayKey(config.key, crypto, environment);
  if (!key) return () => false;
  return announce(config, publicKeyOf(key.secretKey, crypto), config.port).isOwnUrl;
}

function checkStorable(
  event: NostrEvent,
  isOwnUrl: (url: string) => boolean,
  crypto: CryptoProvider,
): Parsed<VerifiedEvent> {
  if (event.kind === KIND_AUTH) return malformed(`kind ${KIND_AUTH} is for AUTH, never stored`);
  if (classifyKind(event.kind) === "ephemeral") {
    return malformed(`kind ${event.kind} is ephemeral, never stored`);
  }
  const verdict = judgeVanishing(event, { isOwnUrl });
  return verdict.accepted ? verifyEvent(event, crypto) : malformed(verdict.reason);
}

class Import {
  readonly #store: EventStore;
  readonly #check: (event: NostrEvent) => Parsed<VerifiedEvent>;
  /** How many rejected lines to show. */
  readonly #shown: number | undefined;
  readonly #parts: CliParts;
  readonly #counts: Record<Exclude<InsertOutcome, "unfinished"> | "rejected", number> = {
    stored: 0,
    duplicate: 0,
    superseded: 0,
    deleted: 0,
    rejected: 0,
  };
  readonly #status: StatusLine;
  readonly #startedAt: number;
  #renewedAt: number;

  constructor(
    store: EventStore,
    check: (event: NostrEvent) => Parsed<VerifiedEvent>,
    shown: number | undefined,
    parts: CliParts,
  ) {
    this.#store = store;
    this.#check = check;
    this.#shown = shown;
    this.#parts = parts;
    this.#status = new StatusLine(parts.err);
    this.#startedAt = parts.clock.now();
    this.#renewedAt = this.#startedAt;
  }

  /** Each chunk is a transaction of its own: short, so that a running relay gets its turn. */
  async take(chunks: AsyncIterable<readonly EventLine[]>): Promise<void> {
    for await (const lines of chunks) {
      const events = lines.flatMap((line) => this.#judge(line));
      if (events.length > 0) {
        const inserting = () => this.#store.insert(events);
        for (const outcome of await patiently(this.#parts.stop, inserting)) {
          // What a request to vanish has left behind, the relay's sweep removes.
          this.#counts[outcome === "unfinished" ? "stored" : outcome] += 1;
        }
      }
      if (this.#parts.terminal.err) this.#renewStatus();
    }
  }

  report(): void {
    this.#status.clear();
    const hidden = this.#counts.rejected - (this.#shown ?? this.#counts.rejected);
    if (hidden > 0) this.#parts.err(`… and ${grouped(hidden)} more rejected lines\n`);
    this.#parts.out(`${this.#summary()}\n`);
  }

  /** Throws a {@link Failure} unless every line holds an event that is stored or known. */
  conclude(): void {
    if (this.#parts.stop.aborted) {
      const advice = "What was counted is stored. Run the same import again to complete it.";
      throw new Failure(EXIT.failed, "stopped before the end of the input", advice);
    }
    const { rejected } = this.#counts;
    if (rejected === 0) return;
    const advice = this.#shown === undefined ? "--show-rejected prints which, and why." : undefined;
    throw new Failure(EXIT.failed, `lines rejected: ${grouped(rejected)}`, advice);
  }

  /** The event of the line, or none if it is rejected. */
  #judge({ number, event }: EventLine): readonly VerifiedEvent[] {
    const verified = event.ok ? this.#check(event.value) : event;
    if (verified.ok) return [verified.value];
    this.#counts.rejected += 1;
    if (this.#shown !== undefined && this.#counts.rejected <= this.#shown) {
      this.#status.clear();
      this.#parts.err(`line ${number}: ${verified.reason}\n`);
    }
    return [];
  }

  #renewStatus(): void {
    const now = this.#parts.clock.now();
    if (now === this.#renewedAt) return;
    this.#renewedAt = now;
    const rate = Math.round(this.#total() / Math.max(1, now - this.#startedAt));
    this.#status.show(`${this.#summary()}, ${grouped(rate)} a second`);
  }

  #summary(): string {
    const counts = Object.entries(this.#counts).map(([word, n]) => `${grouped(n)} ${word}`);
    const total = this.#total();
    return `${grouped(total)} ${total === 1 ? "line" : "lines"}: ${counts.join(", ")}`;
  }

  #total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count);
  }
}
