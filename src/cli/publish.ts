/** `npubwire publish`: sends a note, or events that are signed already, and prints each answer. */

import { type Command, InvalidArgumentError } from "commander";
import { type NostrEvent, signEvent, type Tag } from "../nostr/event.ts";
import { MAX_KIND } from "../nostr/kind.ts";
import { isWellFormed } from "../nostr/parsed.ts";
import { printable } from "../server/log.ts";
import { MAX_MAX_MESSAGE } from "../transport/constants.ts";
import { type Conversation, converse } from "./conversation.ts";
import { EXIT, Failure } from "./failure.ts";
import { type EventLine, readEventLines } from "./lines.ts";
import type { CliParts } from "./parts.ts";
import type { RelayMessage } from "./relay-message.ts";
import {
  addRelayOptions,
  type ClientKey,
  npubOf,
  RELAY_HELP,
  type RelayFlags,
  readClientKey,
  readRelayAddresses,
} from "./relay-option.ts";

interface PublishFlags extends RelayFlags {
  readonly kind?: number;
  readonly tag?: readonly Tag[];
}

const HELP = `${RELAY_HELP}

For every event one line is printed: its id, "accepted" or "refused", and the relay's reason.

Examples:
  $ npubwire publish "Hello" --key me.key --tag t=greeting --relay nostr+ws://npub1…@localhost:7777
  $ npubwire publish --relay nprofile1… < events.jsonl
`;

/** Events that may wait for their answers at the same time. */
const MAX_UNANSWERED = 100;

export function addPublishCommand(root: Command, parts: CliParts): void {
  addRelayOptions(
    root
      .command("publish")
      .description("publish a note, or signed events from standard input, one JSON object a line")
      .argument("[text]", "the note; without it, standard input is read"),
  )
    .option("--kind <number>", "the note's kind (default: 1)", parseKind)
    .option("--tag <name=value>", 'a tag, or as JSON: \'["e","id","relay"]\' (repeatable)', addTag)
    .addHelpText("after", HELP)
    .action((text: string | undefined, flags: PublishFlags) => publish(text, flags, parts));
}

export function parseKind(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= MAX_KIND) return Number(text);
  throw new InvalidArgumentError(`A whole number from 0 to ${MAX_KIND} is expected.`);
}

async function publish(
  text: string | undefined,
  flags: PublishFlags,
  parts: CliParts,
): Promise<void> {
  const addresses = readRelayAddresses(flags);
  const key = readClientKey(flags, parts);
  const candidates =
    text === undefined ? readEvents(flags, parts) : [note(text, flags, key, parts)];
  if (key.throwaway) {
    parts.err(
      `Using a throwaway key, ${npubOf(key, parts)}. To be known, give --key FILE or set NPUBWIRE_CLIENT_KEY.\n`,
    );
  }
  const publication = new Publication(parts);
  await converse(
    {
      addresses,
      key: key.secretKey,
      proxy: flags.proxy,
      timeout: flags.timeout,
      onMessage: (message, conversation) => publication.take(message, conversation),
    },
    parts,
    (conversation) => publication.run(candidates, conversation),
  );
  publication.conclude();
}

/** An event, or the reason why there is none in that line. */
type Candidate = NostrEvent | { readonly problem: string };

function note(text: string, flags: PublishFlags, key: ClientKey, parts: CliParts): NostrEvent {
  if (!isWellFormed(text)) throw new Failure(EXIT.usage, "the text is not valid Unicode");
  const { kind = 1, tag: tags = [] } = flags;
  const template = { created_at: parts.clock.now(), kind, tags, content: text };
  return signEvent(template, key.secretKey, parts.crypto);
}

function readEvents(
  { kind, tag }: PublishFlags,
  { input, stop }: CliParts,
): AsyncIterable<Candidate> {
  if (input === undefined) {
    throw new Failure(
      EXIT.usage,
      "there is nothing to publish",
      'Give a text, as in npubwire publish "Hello", or signed events on standard input.',
    );
  }
  if (kind !== undefined || tag !== undefined) {
    throw new Failure(
      EXIT.usage,
      "--kind and --tag belong to a note; events on standard input are signed as they are",
    );
  }
  return candidatesIn(readEventLines(input, stop, MAX_MAX_MESSAGE));
}

async function* candidatesIn(
  chunks: AsyncIterable<readonly EventLine[]>,
): AsyncIterable<Candidate> {
  for await (const lines of chunks) {
    for (const { number, event } of lines) {
      yield event.ok ? event.value : { problem: `line ${number}: ${event.reason}` };
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Answer = Extract<RelayMessage, { type: "OK" }>;

/** Sends events, several at a time, and prints the answers as they come. */
class Publication {
  readonly #parts: CliParts;
  /** By event id; the same event may be sent more than once. */
  readonly #unanswered = new Map<string, ((answer: Answer) => void)[]>();
  #sent = 0;
  #accepted = 0;
  #unreadable = 0;

  constructor(parts: CliParts) {
    this.#parts = parts;
  }

  async run(
    candidates: Iterable<Candidate> | AsyncIterable<Candidate>,
    conversation: Conversation,
  ): Promise<void> {
    const running = new Set<Promise<void>>();
    for await (const candidate of candidates) {
      if ("problem" in candidate) {
        this.#unreadable += 1;
        this.#parts.err(`npubwire: ${candidate.problem}\n`);
        continue;
      }
      const answered = this.#publish(candidate, conversation);
      running.add(answered);
      answered.then(() => running.delete(answered));
      if (running.size >= MAX_UNANSWERED) await Promise.race(running);
    }
    await Promise.all(running);
  }

  take(message: RelayMessage, conversation: Conversation): void {
    if (message.type !== "OK") return;
    const resolvers = this.#unanswered.get(message.id);
    resolvers?.shift()?.(message);
    if (resolvers?.length === 0) this.#unanswered.delete(message.id);
    if (this.#unanswered.size === 0) conversation.rest();
  }

  /** Throws a {@link Failure} unless everything was accepted. */
  conclude(): void {
    const missing = this.#sent - this.#accepted;
    if (missing > 0) {
      throw new Failure(EXIT.failed, `${missing} of ${this.#sent} events were not accepted`);
    }
    if (this.#unreadable > 0) {
      throw new Failure(EXIT.failed, `lines that held no event: ${this.#unreadable}`);
    }
  }

  async #publish(event: NostrEvent, conversation: Conversation): Promise<void> {
    const { id, pubkey, created_at, kind, tags, content, sig } = event;
    const answer = this.#answerTo(id);
    this.#sent += 1;
    conversation.send(["EVENT", { id, pubkey, created_at, kind, tags, content, sig }]);
    conversation.expectAnswer();
    const { accepted, reason } = await answer;
    if (accepted) this.#accepted += 1;
    const words = [id, accepted ? "accepted" : "refused", printable(reason)];
    this.#parts.out(`${words.join(" ").trim()}\n`);
  }

  #answerTo(id: string): Promise<Answer> {
    return new Promise((resolve) => {
      const resolvers = this.#unanswered.get(id) ?? [];
      this.#unanswered.set(id, resolvers);
      resolvers.push(resolve);
    });
  }
}

function addTag(text: string, tags: readonly Tag[] = []): readonly Tag[] {
  return [...tags, parseTag(text)];
}

function parseTag(text: string): Tag {
  if (text.startsWith("[")) {
    const tag = parseJson(text);
    if (Array.isArray(tag) && tag.length > 0 && tag.every((item) => typeof item === "string")) {
      return tag;
    }
  }
  const [, name, value] = /^([^=[]+)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new InvalidArgumentError("Expected name=value, or a JSON list of texts.");
}
