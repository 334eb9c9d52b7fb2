/** `npubwire manage`: asks a running relay to ban, allow, rename and the like (NIP-86). */

import { type Command, InvalidArgumentError } from "commander";
import { signEvent } from "../nostr/event.ts";
import { httpAuthHeader, httpAuthTemplate } from "../nostr/http-auth.ts";
import { parsePublicKey } from "../nostr/key.ts";
import { isRecord } from "../nostr/parsed.ts";
import { printable } from "../server/log.ts";
import { EXIT, Failure } from "./failure.ts";
import type { CliParts, HttpReply } from "./parts.ts";
import { KEY_VARIABLE, parseSeconds, readClientKey } from "./relay-option.ts";

interface ManageFlags {
  readonly url: string;
  readonly key?: string;
  /** Seconds. */
  readonly timeout: number;
}

const HELP = `
Your key signs the request, and its npub must be among the relay's administrators. The relay answers
on its own machine, and over TLS that a proxy in trustedProxies ends. From elsewhere, go through
ssh -L 7777:127.0.0.1:7777 and leave --url as it is. supportedmethods lists what there is.

Examples:
  $ export ${KEY_VARIABLE}=nsec1…
  $ npubwire manage supportedmethods
  $ npubwire manage banpubkey npub1… "spam"
  $ npubwire manage blockip 192.0.2.0/24 scraper
  $ npubwire manage changerelayname "Our relay" --url https://relay.example.com
`;

export function addManageCommand(root: Command, parts: CliParts): void {
  root
    .command("manage")
    .description("ask a running relay to ban, allow, rename and the like")
    .argument("<method>", "a method of NIP-86")
    .argument("[params...]", "what it takes: npubs or hex keys, ids, kinds, texts")
    .option("--url <url>", "the relay's URL for HTTP", parseUrl, "http://127.0.0.1:7777/")
    .option("--key <file>", `file with your nsec (default: ${KEY_VARIABLE})`)
    .option("--timeout <seconds>", "how long to wait for the answer", parseSeconds, 30)
    .addHelpText("after", HELP)
    .action((method: string, params: readonly string[], flags: ManageFlags) =>
      manage(method, params, flags, parts),
    );
}

async function manage(
  method: string,
  words: readonly string[],
  { url, timeout, ...flags }: ManageFlags,
  parts: CliParts,
): Promise<void> {
  const { secretKey, throwaway } = readClientKey(flags, parts);
  if (throwaway) {
    throw new Failure(
      EXIT.usage,
      "no key to sign with",
      `Give an administrator's: --key FILE, or ${KEY_VARIABLE}.`,
    );
  }
  const body = JSON.stringify({ method, params: paramsOf(method, words) });
  const { crypto, clock } = parts;
  const template = httpAuthTemplate(url, Buffer.from(body), clock.now(), crypto);
  const headers = {
    "Content-Type": "application/nostr+json+rpc",
    Authorization: httpAuthHeader(signEvent(template, secretKey, crypto)),
  };
  const reply = await parts.post({ url, headers, body, timeout }).catch((error: unknown) => {
    throw new Failure(EXIT.unreachable, `${url}: ${causeOf(error)}`, "Is the relay running there?");
  });
  parts.out(lines(resultOf(reply)));
}

/** Kinds are numbers; npubs become hex, which is all that NIP-86 knows. */
function paramsOf(method: string, words: readonly string[]): readonly (string | number)[] {
  const [first = "", ...others] = words;
  if (words.length === 0) return [];
  if (/^(dis)?allowkind$/.test(method) && /^\d{1,5}$/.test(first))
    return [Number(first), ...others];
  const key = /^npub1/i.test(first) ? parsePublicKey(first) : undefined;
  if (key === undefined) return words;
  if (key.ok) return [key.value, ...others];
  throw new Failure(EXIT.usage, `${printable(first)}: ${key.reason}`);
}

/** Throws a {@link Failure} where the relay has refused. */
function resultOf({ status, body }: HttpReply): unknown {
  const answer = parseAnswer(body);
  const error = answer?.["error"];
  const reason = typeof error === "string" && error !== "" ? printable(error) : undefined;
  if (status !== 200) {
    const said = reason === undefined ? "" : `: ${reason}`;
    throw new Failure(EXIT.failed, `the relay refused (HTTP ${status})${said}`, ADVICE[status]);
  }
  if (reason !== undefined) throw new Failure(EXIT.failed, reason);
  if (answer && "result" in answer) return answer["result"];
  throw new Failure(EXIT.failed, "the answer is not one of NIP-86", "Is --url the relay's?");
}

const NO_MANAGEMENT = "Is --url the relay's, with its path, and has it administrators?";

const ADVICE: Readonly<Record<number, string>> = {
  401: 'Is your npub among its "administrators", and is this machine\'s clock right?',
  403: "It is managed on its own machine, or over TLS: ssh -L 7777:127.0.0.1:7777 leads there.",
  404: NO_MANAGEMENT,
  405: NO_MANAGEMENT,
  429: "Wait a minute.",
};

/** One line an entry of a list: texts as they are, anything else as JSON. */
function lines(result: unknown): string {
  const entries: readonly unknown[] = Array.isArray(result) ? result : [result];
  return entries
    .map((entry) => `${printable(typeof entry === "string" ? entry : JSON.stringify(entry))}\n`)
    .join("");
}

function parseAnswer(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    return isRecord(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** `fetch` hides what happened behind "fetch failed". */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return printable(cause instanceof Error ? cause.message : String(cause));
}

/** What goes through a network in the plain would show whom you ban. */
function parseUrl(text: string): string {
  if (!URL.canParse(text)) throw new InvalidArgumentError("A URL is expected.");
  const { protocol, hostname, href, username, hash } = new URL(text);
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  if (
    username !== "" ||
    hash !== "" ||
    !(protocol === "https:" || (protocol === "http:" && isHere))
  ) {
    throw new InvalidArgumentError("https://…, or http:// on this machine, is expected.");
  }
  return href;
}
