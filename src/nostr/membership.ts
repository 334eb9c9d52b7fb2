/**
 * The membership of a relay (NIP-43): the events by the relay's own key that say who is a member and
 * which roles there are, and the requests of those who want to join or leave. All of the relay's are
 * protected (NIP-70): others may read them, and not pass them on.
 */

import { type EventTemplate, type NostrEvent, tagValue } from "./event.ts";
import { isPublicKey, type PublicKey } from "./key.ts";

/** What the relay's key signs: the list, a role, that somebody came or went, an invite. */
export const KIND_MEMBERS = 13_534;
export const KIND_ROLE = 33_534;
export const KIND_MEMBER_ADDED = 8_000;
export const KIND_MEMBER_REMOVED = 8_001;
export const KIND_INVITE = 28_935;

/** What people send to the relay. Both are ephemeral: they are followed, not stored. */
export const KIND_JOIN = 28_934;
export const KIND_LEAVE = 28_936;

/** Whether events of that kind mean something only where the relay itself has signed them. */
export function isMembershipKind(kind: number): boolean {
  return RELAY_KINDS.has(kind);
}

const RELAY_KINDS: ReadonlySet<number> = new Set([
  KIND_MEMBERS,
  KIND_ROLE,
  KIND_MEMBER_ADDED,
  KIND_MEMBER_REMOVED,
  KIND_INVITE,
]);

/** Every member, with the ids of its roles. */
export type MemberList = ReadonlyMap<PublicKey, readonly string[]>;

export interface Role {
  readonly id: string;
  readonly label?: string;
  readonly description?: string;
  /** A hue, 0 to 360. */
  readonly color?: number;
  /** A place among the roles, for display. */
  readonly order?: number;
}

export function memberListTemplate(members: MemberList, created_at: number): EventTemplate {
  const tags = [...members].map(([key, roles]) => ["member", key, ...roles]);
  return template(KIND_MEMBERS, created_at, tags);
}

/** Who stands in the list; what is no key is left out. */
export function membersIn({ tags }: NostrEvent): MemberList {
  const members = new Map<PublicKey, readonly string[]>();
  for (const [name, key, ...roles] of tags) {
    if (name === "member" && isPublicKey(key)) members.set(key, roles);
  }
  return members;
}

/** `x` is the fingerprint of the invite that was used up, so that it is not taken twice. */
export function addedTemplate(key: PublicKey, created_at: number, x?: string): EventTemplate {
  const used = x === undefined ? [] : [["x", x]];
  return template(KIND_MEMBER_ADDED, created_at, [["p", key], ...used]);
}

export function removedTemplate(key: PublicKey, created_at: number): EventTemplate {
  return template(KIND_MEMBER_REMOVED, created_at, [["p", key]]);
}

export function inviteTemplate(claim: string, created_at: number): EventTemplate {
  return template(KIND_INVITE, created_at, [["claim", claim]]);
}

export function roleTemplate(role: Role, created_at: number): EventTemplate {
  const { id, label, description, color, order } = role;
  const optional = Object.entries({ label, description, color, order });
  const tags = optional.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${value}`]],
  );
  return template(KIND_ROLE, created_at, [["d", id], ...tags]);
}

/** The role that an event of kind 33534 describes; what is no number is left out. */
export function roleIn(event: NostrEvent): Role {
  const label = tagValue(event, "label");
  const description = tagValue(event, "description");
  const color = integerIn(tagValue(event, "color"));
  const order = integerIn(tagValue(event, "order"));
  return {
    id: tagValue(event, "d") ?? "",
    ...(label === undefined ? {} : { label }),
    ...(description === undefined ? {} : { description }),
    ...(color === undefined ? {} : { color }),
    ...(order === undefined ? {} : { order }),
  };
}

/** The invite code that a request to join brings. */
export function claimIn(event: NostrEvent): string | undefined {
  return tagValue(event, "claim");
}

function template(
  kind: number,
  created_at: number,
  tags: readonly (readonly string[])[],
): EventTemplate {
  return { kind, created_at, tags: [["-"], ...tags], content: "" };
}

function integerIn(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
