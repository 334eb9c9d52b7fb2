import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "../../src/channel.ts";
import type { EventTemplate } from "../../src/nostr/event.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import {
  type AccessSettings,
  accessPolicy,
  demandsKey,
  restrictsWrites,
  takesRelayLists,
  type WhoAndWhatSettings,
} from "../../src/policy/access.ts";
import type { Policy, Verdict } from "../../src/policy.ts";
import { Author } from "../relay/conformance/session.ts";
import { filterOf, OPEN, open } from "./settings.ts";

const [member, friend, stranger, enemy] = [new Author(), new Author(), new Author(), new Author()];
const trusted = { has: (key: PublicKey) => key === friend.pubkey };
const members = { has: (key: PublicKey) => key === member.pubkey };
const policyOf = (settings: Partial<AccessSettings>): Policy =>
  accessPolicy({ ...OPEN, ...settings }, { members, webOfTrust: trusted });
const peerWith = (...authors: Author[]): Peer => ({
  address: "192.0.2.1",
  pubkeys: new Set(authors.map(({ pubkey }) => pubkey)),
});

function prefixOf(verdict: unknown): string {
  assert(verdict && !(verdict instanceof Promise));
  const { accepted, prefix = "" } = verdict as Verdict & { prefix?: string };
  return accepted ? "accepted" : prefix;
}

const admit = (policy: Policy, author?: Author, peer: Peer = peerWith()) =>
  prefixOf(policy.admit?.(author?.pubkey, peer));
const read = (policy: Policy, peer: Peer, ...filters: object[]) =>
  prefixOf(policy.read?.((filters.length > 0 ? filters : [{}]).map(filterOf), peer));
const write = (
  policy: Policy,
  author: Author,
  template: Partial<EventTemplate> = {},
  by = peerWith(),
) => prefixOf(policy.write?.(author.sign(template), by));

const only = (...allow: WhoAndWhatSettings["allow"]) => open({ allow });

test("by default everything is accepted of everybody", () => {
  const policy = policyOf({});
  for (const author of [undefined, stranger]) assert.equal(admit(policy, author), "accepted");
  for (const peer of [peerWith(), peerWith(stranger)]) assert.equal(read(policy, peer), "accepted");
  assert.equal(write(policy, stranger, { kind: 65_535 }), "accepted");
  const filter = filterOf({});
  assert.equal(policy.narrow?.(filter, peerWith()), filter);
  assert.deepEqual([demandsKey(OPEN), restrictsWrites(OPEN)], [false, false]);
});

test("connecting: listed keys, trusted keys, one that may is enough", () => {
  const policy = policyOf({ connect: only(member.pubkey, "webOfTrust") });
  assert.equal(admit(policy), "auth-required");
  assert.equal(admit(policy, member), "accepted");
  assert.equal(admit(policy, friend), "accepted");
  assert.equal(admit(policy, stranger), "restricted");
  assert.equal(admit(policy, stranger, peerWith(stranger)), "restricted");
  assert.equal(admit(policy, stranger, peerWith(member, stranger)), "accepted");
});

test("a banned key never gets in, nor does what it has written, whatever else it shows", () => {
  const policy = policyOf({ connect: { allow: ["everybody"], deny: [enemy.pubkey] } });
  assert.equal(admit(policy, enemy), "blocked");
  assert.equal(admit(policy, enemy, peerWith(member, enemy)), "blocked");
  assert.equal(admit(policy), "accepted");
  assert.equal(write(policy, enemy, {}, peerWith(member)), "blocked");
});

test("members are whoever is one at the moment", () => {
  const keys = new Set<PublicKey>();
  const policy = accessPolicy(
    { ...OPEN, read: only("members"), write: only("members") },
    { members: keys, webOfTrust: trusted },
  );
  const both = () => [read(policy, peerWith(stranger)), write(policy, stranger)];
  assert.deepEqual(both(), ["restricted", "restricted"]);
  keys.add(stranger.pubkey);
  assert.deepEqual(both(), ["accepted", "accepted"]);
  keys.delete(stranger.pubkey);
  assert.deepEqual(both(), ["restricted", "restricted"]);
});

test("where members may connect, every key may, but it gets no further than the door", () => {
  const policy = policyOf({ connect: { allow: ["members"], deny: [enemy.pubkey] } });
  assert.equal(admit(policy), "auth-required");
  assert.equal(admit(policy, stranger), "accepted");
  assert.equal(admit(policy, enemy), "blocked");
  for (const [author, expected] of [
    [stranger, "restricted"],
    [member, "accepted"],
  ] as const) {
    assert.equal(read(policy, peerWith(author)), expected);
    assert.equal(write(policy, author, {}, peerWith(author)), expected);
  }
  assert.equal(write(policy, member, {}, peerWith(stranger)), "restricted", "brought by others");
  assert.equal(write(policy, stranger, {}, peerWith(member)), "accepted");
});

test("an empty list lets nobody in", () => {
  const policy = policyOf({ connect: only(), read: only(), write: only() });
  assert.equal(admit(policy), "auth-required");
  assert.equal(admit(policy, member), "restricted");
  assert.equal(read(policy, peerWith()), "auth-required");
  assert.equal(read(policy, peerWith(member)), "restricted");
  assert.equal(write(policy, member, {}, peerWith(member)), "restricted");
});

test("reading needs one key that may read", () => {
  const policy = policyOf({ read: open({ allow: [member.pubkey], deny: [enemy.pubkey] }) });
  assert.equal(read(policy, peerWith()), "auth-required");
  assert.equal(read(policy, peerWith(stranger)), "restricted");
  assert.equal(read(policy, peerWith(enemy)), "blocked");
  assert.equal(read(policy, peerWith(stranger, member)), "accepted");
});

test("deny wins over allow, in the web of trust too", () => {
  const list = open({ allow: ["everybody", "webOfTrust", friend.pubkey], deny: [friend.pubkey] });
  const policy = policyOf({ read: list, write: list });
  assert.equal(read(policy, peerWith(friend)), "blocked");
  assert.equal(write(policy, friend), "blocked");
  assert.equal(read(policy, peerWith(stranger)), "accepted");
});

test("publishing is judged by the author, whoever brings the event", () => {
  const policy = policyOf({ write: only(member.pubkey) });
  assert.equal(write(policy, member), "accepted");
  assert.equal(write(policy, member, {}, peerWith(stranger)), "accepted");
  assert.equal(write(policy, stranger, {}, peerWith(member)), "restricted");
});

test("gift wraps have an author for one use, so they are judged by who brings them", () => {
  const policy = policyOf({ write: open({ allow: [member.pubkey], deny: [enemy.pubkey] }) });
  for (const kind of [1059, 21_059]) {
    assert.equal(write(policy, stranger, { kind }), "auth-required");
    assert.equal(write(policy, stranger, { kind }, peerWith(member)), "accepted");
    assert.equal(write(policy, stranger, { kind }, peerWith(stranger)), "restricted");
    assert.equal(write(policy, stranger, { kind }, peerWith(enemy)), "blocked");
  }
});

test("a request to vanish is taken from everybody", () => {
  const connect = { allow: [], deny: [enemy.pubkey] };
  const policy = policyOf({ connect, write: open({ allow: [], kinds: [1] }) });
  for (const author of [stranger, enemy]) {
    assert.equal(write(policy, author, { kind: 62 }), "accepted");
  }
});

test("only some kinds are taken", () => {
  const policy = policyOf({ write: open({ kinds: ["0-9"], exceptKinds: [4] }) });
  assert.equal(write(policy, member, { kind: 9 }), "accepted");
  for (const kind of [4, 10]) assert.equal(write(policy, member, { kind }), "restricted");
});

test("filters for nothing but hidden kinds are refused, others are narrowed", () => {
  const policy = policyOf({ read: open({ exceptKinds: [4] }) });
  assert.equal(read(policy, peerWith(), { kinds: [4] }), "restricted");
  assert.equal(read(policy, peerWith(), { kinds: [1, 4] }, { kinds: [4] }), "accepted");
  assert.equal(read(policy, peerWith(), { kinds: [] }), "accepted");
  const narrow = (filter: object) => policy.narrow?.(filterOf(filter), peerWith());
  assert.deepEqual(narrow({ kinds: [1, 4], limit: 3 }), filterOf({ kinds: [1], limit: 3 }));
  assert.deepEqual(narrow({ "#t": ["x"] }), {
    ...filterOf({ "#t": ["x"] }),
    exceptKinds: new Set([4]),
  });
});

test("relay lists may come from everybody, but those who are denied (NIP-65)", () => {
  const restricted = { write: open({ allow: [member.pubkey], deny: [enemy.pubkey] }) };
  const taken = (settings: Partial<AccessSettings>, author: Author, kind: number) =>
    write(policyOf({ ...restricted, ...settings }), author, { kind }, peerWith(stranger));
  const relayLists = "everybody";
  for (const kind of [10_002, 10_050]) {
    assert.equal(taken({}, stranger, kind), "restricted");
    assert.equal(taken({ relayLists }, stranger, kind), "accepted");
    assert.equal(taken({ relayLists }, enemy, kind), "blocked");
    assert.equal(taken({ relayLists, connect: only(member.pubkey) }, stranger, kind), "restricted");
  }
  assert.equal(taken({ relayLists }, stranger, 10_003), "restricted");
  const fewKinds = { relayLists, write: open({ kinds: [1] }) } as const;
  assert.equal(taken(fewKinds, stranger, 10_002), "restricted");
  assert.equal(takesRelayLists(OPEN), true);
  assert.equal(takesRelayLists({ ...OPEN, ...fewKinds }), false);
  assert.equal(takesRelayLists({ ...OPEN, ...restricted }), false);
  assert.equal(takesRelayLists({ ...OPEN, ...restricted, relayLists }), true);
  assert.equal(takesRelayLists({ ...OPEN, relayLists, connect: only(member.pubkey) }), false);
});

test("what NIP-11 announces is what the lists say", () => {
  const restricts = (settings: Partial<AccessSettings>) =>
    restrictsWrites({ ...OPEN, ...settings });
  assert.equal(restricts({ write: only(member.pubkey) }), true);
  assert.equal(restricts({ write: open({ deny: [enemy.pubkey] }) }), false);
  assert.equal(restricts({ write: open({ exceptKinds: [4] }) }), true);
  assert.equal(restricts({ connect: only(member.pubkey) }), true);
  assert.equal(restricts({ read: only(member.pubkey) }), false);
  assert.equal(demandsKey({ ...OPEN, connect: only("webOfTrust") }), true);
  assert.equal(demandsKey({ ...OPEN, read: only(member.pubkey) }), false);
});
