/** What is allowed at this relay, in words for people: from the configuration, as administrators amended it. */

import {
  type AccessSettings,
  takesRelayLists,
  type Who,
  type WhoAndWhatSettings,
  type WhoSettings,
} from "../../policy/access.ts";
import { Kinds } from "../../policy/kinds.ts";
import type { Limits } from "../../policy.ts";
import type { RelayConfig } from "../config.ts";

/** A question and its answer. */
export interface Term {
  readonly what: string;
  readonly answer: string;
}

export type TermsSettings = Pick<
  RelayConfig,
  "auth" | "plaintext" | "membership" | "limits" | "rates" | "writePolicy"
> & { readonly access: AccessSettings };

/** Names no key: lists are "keys that the operator has chosen". */
export function terms(settings: TermsSettings): readonly Term[] {
  const { access, limits } = settings;
  const answers: readonly (readonly [string, string | undefined])[] = [
    ["Encryption", encryption(settings)],
    ["Identity", identity(settings)],
    ["Connecting", whoMay(access.connect)],
    ["Reading", whoAndWhat(access.read)],
    ["Publishing", publishing(settings)],
    ["Becoming a member", membership(settings)],
    ["One message", message(limits)],
    ["One connection", connection(limits)],
    ["Dates of events", dates(limits)],
    ["Per minute", rates(settings)],
  ];
  return answers.flatMap(([what, answer]) => (answer === undefined ? [] : [{ what, answer }]));
}

function encryption({ plaintext }: TermsSettings): string {
  switch (plaintext) {
    case "deny":
      return "Always. Clients that speak plain are turned away.";
    case "loopback":
      return "Always, but for programs on the relay's own machine.";
    case "allow":
      return "For clients that know how. Plain ones are served, too, without any protection.";
  }
}

function identity({ auth, access }: TermsSettings): string {
  if (!access.connect.allow.includes("everybody"))
    return "Each client proves a key that is known here.";
  return auth === "required"
    ? "Each client proves a key. A throwaway one will do."
    : "Clients may stay anonymous, or prove a key.";
}

function publishing({ access, limits, writePolicy }: TermsSettings): string {
  const work = limits.minPowDifficulty;
  const takesLists = takesRelayLists(access) && !access.write.allow.includes("everybody");
  return [
    whoAndWhat(access.write),
    takesLists && "Relay lists (kinds 10002 and 10050) are taken from everybody.",
    work > 0 && `Events carry ${work} bits of work (NIP-13).`,
    writePolicy.plugin !== "" && "A program of the operator has a say in each event.",
  ]
    .filter(Boolean)
    .join(" ");
}

function membership({
  membership: { enabled, inviters, codes },
}: TermsSettings): string | undefined {
  if (!enabled) return undefined;
  const ways = [
    "with an invite code",
    ...(codes.length > 0 ? ["some codes are good for everybody"] : []),
    ...(inviters.length > 0 ? [`codes are given to ${those(inviters)}`] : []),
  ];
  return `${sentence(ways.join("; "))} Clients that know NIP-43 can ask to join.`;
}

function message({ maxMessageLength, maxContentLength, maxEventTags }: Limits): string {
  return `Up to ${bytes(maxMessageLength)}; an event up to ${number(maxContentLength)} characters and ${number(maxEventTags)} tags.`;
}

function connection({ maxSubscriptions, maxFilters, maxLimit }: Limits): string {
  return `Up to ${number(maxSubscriptions)} subscriptions of ${number(maxFilters)} filters, with ${number(maxLimit)} stored events to a filter.`;
}

function dates({ createdAtLowerLimit, createdAtUpperLimit }: Limits): string {
  const past =
    createdAtLowerLimit === 0 ? "Of any age" : `At most ${time(createdAtLowerLimit)} old`;
  return `${past}, and at most ${time(createdAtUpperLimit)} ahead.`;
}

function rates({ rates: { perAddress, perNpub } }: TermsSettings): string | undefined {
  const parts = [
    [perAddress, "from one address"],
    [perNpub, "from one key"],
  ] as const;
  const texts = parts.flatMap(([rate, whose]) => {
    const counts = (["events", "requests", "characters"] as const).filter((name) => rate[name] > 0);
    const listed = counts.map((name) => `${number(rate[name])} ${name}`).join(", ");
    return listed === "" ? [] : [`${listed} ${whose}`];
  });
  return texts.length === 0 ? undefined : `${texts.join("; ")}.`;
}

function whoAndWhat(settings: WhoAndWhatSettings): string {
  const kinds = new Kinds(settings.kinds, settings.exceptKinds);
  return kinds.isComplete ? whoMay(settings) : `${whoMay(settings)} Kinds ${ranges(kinds.list)}.`;
}

function whoMay({ allow, deny }: WhoSettings): string {
  const banned = deny.length > 0 ? " Some keys are banned." : "";
  return sentence(those(allow)) + banned;
}

function those(allow: readonly Who[]): string {
  if (allow.includes("everybody")) return "everybody";
  const words = new Set(allow.filter((who) => who === "members" || who === "webOfTrust"));
  const groups = [
    words.has("members") && "members",
    words.has("webOfTrust") && "those in the operator's web of trust",
    allow.length > words.size && "keys that the operator has chosen",
  ].filter((group) => group !== false);
  return groups.length === 0 ? "nobody" : groups.join(", and ");
}

/** Ranges at most; whoever needs the rest asks the relay. */
const MAX_RANGES = 12;

/** `1, 6–7, 30000–39999`. */
function ranges(kinds: readonly number[]): string {
  const found: [number, number][] = [];
  for (const kind of [...kinds].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && last[1] === kind - 1) last[1] = kind;
    else found.push([kind, kind]);
  }
  const texts = found.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  if (texts.length === 0) return "none";
  const more = texts.length > MAX_RANGES ? " and others" : "";
  return texts.slice(0, MAX_RANGES).join(", ") + more;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const number = (value: number): string => value.toLocaleString("en-GB");

function bytes(count: number): string {
  return count >= 1_048_576 ? `${number(count / 1_048_576)} MiB` : `${number(count / 1_024)} KiB`;
}

function time(seconds: number): string {
  const units = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
    [1, "second"],
  ] as const;
  const [size, name] = units.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [
    1,
    "second",
  ];
  const count = seconds / size;
  return `${number(count)} ${name}${count === 1 ? "" : "s"}`;
}
