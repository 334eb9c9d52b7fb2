/**
 * The relay information document (NIP-11): what the operator says about the relay, and the limits
 * exactly as they are enforced. Only what is switched on is announced.
 */

import type { PublicKey } from "../nostr/key.ts";
import { MAX_SUBSCRIPTION_ID } from "../nostr/message.ts";
import type { Limits } from "../policy.ts";

/** What the operator tells about the relay; links are URLs, `pubkey` is the administrator's. */
export interface InformationSettings {
  readonly name: string;
  readonly description: string;
  readonly banner?: string;
  readonly icon?: string;
  readonly pubkey?: PublicKey;
  /** A URI, such as `mailto:` or `https:`. */
  readonly contact?: string;
  readonly terms_of_service?: string;
}

export interface InformationParts {
  readonly settings: InformationSettings;
  /** The relay's own key, the one that its address names. */
  readonly self: PublicKey;
  readonly limits: Limits;
  readonly auth: "required" | "optional";
  readonly search: boolean;
  /** Whether EOSE has hints (NIP-67); it has, if this is left out. */
  readonly eoseHints?: boolean;
  /** Whether the operator takes only some events, or those of some people. */
  readonly restrictsWrites: boolean;
  /** Whether everybody's relay lists are taken (NIP-65). */
  readonly takesRelayLists: boolean;
  /** Whether it can be managed (NIP-86). */
  readonly isManaged: boolean;
  /** Whether there is a list of members, and requests to join and leave are followed. */
  readonly hasMembers: boolean;
  /** URL of the software's project page. */
  readonly software?: string | undefined;
  readonly version: string;
}

/** The members of `limitation` (NIP-11, "Server Limitations"): seconds, bytes, counts. */
export interface Limitation {
  readonly max_message_length: number;
  readonly max_subscriptions: number;
  readonly max_limit: number;
  readonly max_subid_length: number;
  readonly max_event_tags: number;
  readonly max_content_length: number;
  readonly min_pow_difficulty: number;
  readonly auth_required: boolean;
  readonly payment_required: boolean;
  readonly restricted_writes: boolean;
  readonly created_at_lower_limit: number;
  readonly created_at_upper_limit: number;
  readonly default_limit: number;
}

export interface Information extends InformationSettings {
  readonly self: PublicKey;
  readonly supported_nips: readonly number[];
  readonly software?: string;
  readonly version: string;
  readonly limitation: Limitation;
  /** Encrypted transports spoken here (SPEC, "Addresses"); informative, it never pins a key. */
  readonly transports: readonly string[];
}

/** Ready for `JSON.stringify`. */
export function information(parts: InformationParts): Information {
  const { settings, self, software, version } = parts;
  return {
    ...settings,
    self,
    supported_nips: supportedNips(parts),
    ...(software === undefined ? {} : { software }),
    version,
    limitation: limitation(parts),
    transports: ["npubwire/1"],
  };
}

/** What has a switch is announced where it is on. */
function supportedNips(parts: InformationParts): readonly number[] {
  const { limits, hasMembers, search, eoseHints = true, takesRelayLists, isManaged } = parts;
  const nips = [1, 9, 11, 17, 40, 42, 45, 59, 62, 70, 91];
  if (limits.minPowDifficulty > 0) nips.push(13);
  if (hasMembers) nips.push(43);
  if (search) nips.push(50);
  if (takesRelayLists) nips.push(65);
  if (eoseHints) nips.push(67);
  if (limits.maxNegentropyEvents > 0) nips.push(77);
  if (isManaged) nips.push(86, 98);
  return nips.sort((a, b) => a - b);
}

function limitation({ limits, auth, restrictsWrites }: InformationParts): Limitation {
  return {
    max_message_length: limits.maxMessageLength,
    max_subscriptions: limits.maxSubscriptions,
    max_limit: limits.maxLimit,
    max_subid_length: MAX_SUBSCRIPTION_ID,
    max_event_tags: limits.maxEventTags,
    max_content_length: limits.maxContentLength,
    min_pow_difficulty: limits.minPowDifficulty,
    auth_required: auth === "required",
    payment_required: false,
    // What a plugin wants is not known here, and NIP-11 does not count heuristics against spam.
    // A demand for work is a restriction, too (NIP-11).
    restricted_writes: restrictsWrites || limits.minPowDifficulty > 0,
    created_at_lower_limit: limits.createdAtLowerLimit,
    created_at_upper_limit: limits.createdAtUpperLimit,
    default_limit: Math.min(limits.defaultLimit, limits.maxLimit),
  };
}
