/**
 * Who may connect, read and write, as the operator lists them. Publishing is judged by the event's
 * author, reading by the keys of who asks (SPEC, "More keys"); a banned key ends the channel. Where
 * members may connect, others get no further than the door: they can ask to become one (NIP-43).
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { PublicKey } from "../nostr/key.ts";
import {
  KIND_EPHEMERAL_GIFT_WRAP,
  KIND_GIFT_WRAP,
  KIND_MESSAGE_RELAYS,
  KIND_RELAY_LIST,
  KIND_VANISH,
} from "../nostr/kind.ts";
import { accept, type Policy, reject, type Verdict } from "../policy.ts";
import { type KindRange, Kinds } from "./kinds.ts";

/**
 * One key, or a word for many: everybody, anonymous clients too; the members of the relay; or those
 * in the web of trust.
 */
export type Who = PublicKey | "everybody" | "members" | "webOfTrust";

/** Who may: those in `allow` who are not in `deny`. */
export interface WhoSettings {
  readonly allow: readonly Who[];
  readonly deny: readonly PublicKey[];
}

/** Also what: the kinds in `kinds` that are not in `exceptKinds`. */
export interface WhoAndWhatSettings extends WhoSettings {
  readonly kinds: readonly KindRange[];
  readonly exceptKinds: readonly KindRange[];
}

export interface AccessSettings {
  /** A key in its `deny` is banned: nothing by its hand is taken either. */
  readonly connect: WhoSettings;
  readonly read: WhoAndWhatSettings;
  readonly write: WhoAndWhatSettings;
  /** Whose relay lists (NIP-65, and those for messages of NIP-17) are taken, if their kinds are. */
  readonly relayLists: "writers" | "everybody";
}

/** The keys that a word such as "webOfTrust" stands for; they may change at any time. */
export interface KeySet {
  has(key: PublicKey): boolean;
}

export interface Groups {
  readonly members: KeySet;
  readonly webOfTrust: KeySet;
}

/** Answers `auth-required:` to who has shown no key, `blocked:` to denied keys, else `restricted:`. */
export function accessPolicy(settings: AccessSettings, groups: Groups): Policy {
  const connect = new Circle(settings.connect, groups);
  const read = new Circle(settings.read, groups);
  const write = new Circle(settings.write, groups);
  // Who wants to become a member must be able to say so.
  const isJoinable = settings.connect.allow.includes("members");
  const isEverybodysList = settings.relayLists === "everybody";
  const shown = new Kinds(settings.read.kinds, settings.read.exceptKinds);
  const taken = new Kinds(settings.write.kinds, settings.write.exceptKinds);
  return {
    admit(pubkey, peer) {
      if (pubkey !== undefined && connect.denies(pubkey)) {
        return reject("blocked", "this key is banned from this relay");
      }
      // A client may show further keys that are nothing to this relay, once one has let it in.
      const keys = new Set(peer.pubkeys);
      if (pubkey !== undefined) keys.add(pubkey);
      return isJoinable && keys.size > 0 ? accept : judgeKeys(connect, keys, "use this relay");
    },
    read(filters, peer) {
      for (const circle of [connect, read]) {
        const verdict = judgeKeys(circle, peer.pubkeys, "read here");
        if (!verdict.accepted) return verdict;
      }
      return filters.every((filter) => asksOnlyFor(filter, (kind) => !shown.has(kind)))
        ? reject("restricted", "events of these kinds are not shown here")
        : accept;
    },
    narrow: (filter) => shown.narrow(filter),
    write(event, peer) {
      // Whoever wants to be forgotten is heard (NIP-62).
      if (event.kind === KIND_VANISH) return accept;
      if (!taken.has(event.kind)) {
        return reject("restricted", `events of kind ${event.kind} are not accepted here`);
      }
      if (connect.denies(event.pubkey) || write.denies(event.pubkey)) {
        return reject("blocked", "the author of this event may not publish here");
      }
      const verdict = judgeKeys(connect, peer.pubkeys, "publish here");
      if (!verdict.accepted) return verdict;
      // Their author is a key for one use: what counts is who brings them.
      if (isGiftWrap(event)) return judgeKeys(write, peer.pubkeys, "publish here");
      return write.holds(event.pubkey) || (isEverybodysList && isRelayList(event))
        ? accept
        : reject("restricted", "the author of this event may not publish here");
    },
  };
}

/** Whether an anonymous client is turned away, whatever else is configured. */
export function demandsKey({ connect }: AccessSettings): boolean {
  return !connect.allow.includes("everybody");
}

/**
 * Whether people should know the rules before they write: only some may, or only some kinds (NIP-11,
 * `restricted_writes`). That somebody is denied concerns nobody else.
 */
export function restrictsWrites({ connect, write }: AccessSettings): boolean {
  return (
    [connect, write].some(({ allow }) => !allow.includes("everybody")) ||
    !new Kinds(write.kinds, write.exceptKinds).isComplete
  );
}

/** Whether everybody's relay lists are taken (NIP-65), but those of who is denied. */
export function takesRelayLists({ connect, write, relayLists }: AccessSettings): boolean {
  const isEverybodys = relayLists === "everybody" || write.allow.includes("everybody");
  const kinds = new Kinds(write.kinds, write.exceptKinds);
  return connect.allow.includes("everybody") && isEverybodys && kinds.has(KIND_RELAY_LIST);
}

/** Whether the word is in one of the lists. */
export function asksFor(word: keyof Groups, { connect, read, write }: AccessSettings): boolean {
  return [connect, read, write].some(({ allow }) => allow.includes(word));
}

/** Keys that may do one thing. */
export class Circle {
  /** Whether this takes no key at all. */
  readonly isOpen: boolean;
  readonly #allowed: ReadonlySet<string>;
  readonly #denied: ReadonlySet<string>;
  readonly #groups: readonly KeySet[];

  constructor({ allow, deny }: WhoSettings, { members, webOfTrust }: Groups) {
    this.isOpen = allow.includes("everybody");
    this.#allowed = new Set(allow);
    this.#denied = new Set(deny);
    this.#groups = [
      ...(allow.includes("members") ? [members] : []),
      ...(allow.includes("webOfTrust") ? [webOfTrust] : []),
    ];
  }

  denies(key: PublicKey): boolean {
    return this.#denied.has(key);
  }

  holds(key: PublicKey): boolean {
    if (this.#denied.has(key)) return false;
    if (this.isOpen || this.#allowed.has(key)) return true;
    return this.#groups.some((group) => group.has(key));
  }
}

/** One key inside is enough. */
function judgeKeys(circle: Circle, keys: ReadonlySet<PublicKey>, what: string): Verdict {
  if (keys.size === 0) {
    return circle.isOpen ? accept : reject("auth-required", `only known keys may ${what}`);
  }
  if ([...keys].some((key) => circle.holds(key))) return accept;
  const isDenied = [...keys].every((key) => circle.denies(key));
  return reject(isDenied ? "blocked" : "restricted", `this key may not ${what}`);
}

function asksOnlyFor({ kinds }: Filter, is: (kind: number) => boolean): boolean {
  return kinds !== undefined && kinds.size > 0 && [...kinds].every(is);
}

function isRelayList({ kind }: VerifiedEvent): boolean {
  return kind === KIND_RELAY_LIST || kind === KIND_MESSAGE_RELAYS;
}

function isGiftWrap({ kind }: VerifiedEvent): boolean {
  return kind === KIND_GIFT_WRAP || kind === KIND_EPHEMERAL_GIFT_WRAP;
}
