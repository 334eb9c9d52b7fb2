/** `npubwire req`: asks a relay for events and prints those that prove genuine, one a line. */

import type { Command } from "commander";
import { parseEvent, verifyEvent } from "../nostr/event.ts";
import { type Filter, matchFilters, parseFilter } from "../nostr/filter.ts";
import { printable } from "../server/log.ts";
import { type Conversation, converse } from "./conversation.ts";
import { EXIT, Failure } from "./failure.ts";
import {
  addFilterOptions,
  type FilterFlags,
  type FilterJson,
  readFilters,
} from "./filter-option.ts";
import type { CliParts } from "./parts.ts";
import type { RelayMessage } from "./relay-message.ts";
import {
  addRelayOptions,
  RELAY_HELP,
  type RelayFlags,
  readClientKey,
  readRelayAddresses,
} from "./relay-option.ts";
import { escapeControls } from "./terminal.ts";

interface ReqFlags extends RelayFlags, FilterFlags {
  readonly stream?: true;
}

const HELP = `${RELAY_HELP}

The flags together make one filter; each JSON filter is another one; an event that meets any of
them is printed. Every event is verified: what a relay made up or did not find is reported, not
printed, and the exit code is then 1.

Examples:
  $ npubwire req --kind 1 --author npub1… --limit 10 --relay nostr+ws://npub1…@localhost:7777
  $ npubwire req '{"#t":["nostr"]}' '{"kinds":[0]}' --relay nprofile1… | jq .content
  $ npubwire req --kind 1 --limit 0 --stream --relay wss://relay.example.com --npub npub1…
`;

const SUBSCRIPTION = "req";

export function addReqCommand(root: Command, parts: CliParts): void {
  const command = root.command("req").description("ask for events and print them as JSON lines");
  addFilterOptions(addRelayOptions(command))
    .option("--stream", "stay, and print what is published from now on")
    .addHelpText("after", HELP)
    .action((filters: readonly FilterJson[], flags: ReqFlags) => req(filters, flags, parts));
}

async function req(given: readonly FilterJson[], flags: ReqFlags, parts: CliParts): Promise<void> {
  const addresses = readRelayAddresses(flags);
  const { secretKey } = readClientKey(flags, parts);
  const request = new Request(readFilters(given, flags), flags.stream === true, parts);
  await converse(
    {
      addresses,
      key: secretKey,
      proxy: flags.proxy,
      timeout: flags.timeout,
      onMessage: (message, conversation) => request.take(message, conversation),
    },
    parts,
    (conversation) => request.run(conversation),
  );
  request.conclude();
}

class Request {
  readonly #filters: readonly FilterJson[];
  /** For matching; `undefined` when a filter holds conditions that only the relay knows. */
  readonly #matchable: readonly Filter[] | undefined;
  readonly #stream: boolean;
  readonly #parts: CliParts;
  readonly #finished: Promise<void>;
  #finish: (failure?: Failure) => void = () => {};
  /** Whether all stored events were here. */
  #complete = false;
  #wrong = 0;

  constructor(filters: readonly FilterJson[], stream: boolean, parts: CliParts) {
    this.#filters = filters;
    this.#stream = stream;
    this.#parts = parts;
    const known = filters.map(parseFilter).flatMap((filter) => (filter.ok ? [filter.value] : []));
    this.#matchable = known.length === filters.length ? known : undefined;
    this.#finished = new Promise((resolve, reject) => {
      this.#finish = (failure) => (failure ? reject(failure) : resolve());
    });
    // A relay may refuse before it was asked.
    this.#finished.catch(() => {});
  }

  async run(conversation: Conversation): Promise<void> {
    conversation.send(["REQ", SUBSCRIPTION, ...this.#filters]);
    conversation.expectAnswer();
    await this.#finished;
  }

  take(message: RelayMessage, conversation: Conversation): void {
    if (!("subscription" in message) || message.subscription !== SUBSCRIPTION) return;
    if (this.#complete && !this.#stream) return;
    switch (message.type) {
      case "EVENT":
        this.#print(message.event);
        break;
      case "EOSE":
        conversation.rest();
        this.#complete = true;
        if (!this.#stream) this.#finish();
        break;
      case "CLOSED":
        this.#finish(new Failure(EXIT.failed, `the relay refused: ${printable(message.reason)}`));
    }
  }

  /** Throws a {@link Failure} if the answer is not complete or not true. */
  conclude(): void {
    if (this.#wrong > 0) {
      throw new Failure(
        EXIT.failed,
        `not printed, because not genuine or not asked for: ${this.#wrong} of the events received`,
        "Do not rely on what this relay shows, or hides.",
      );
    }
    if (!this.#complete) throw new Failure(EXIT.failed, "stopped before all events were here");
  }

  #print(value: unknown): void {
    const event = parseEvent(value);
    const verified = event.ok ? verifyEvent(event.value, this.#parts.crypto) : event;
    if (!verified.ok) {
      this.#reportWrong(verified.reason);
    } else if (this.#matchable && !matchFilters(this.#matchable, verified.value)) {
      this.#reportWrong("it was not asked for");
    } else {
      this.#parts.out(`${escapeControls(verified.value.json)}\n`);
    }
  }

  #reportWrong(reason: string): void {
    this.#wrong += 1;
    this.#parts.err(`npubwire: the relay sent a wrong event: ${reason}\n`);
  }
}
