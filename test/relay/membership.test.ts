/** A relay with members (NIP-43) as clients meet it, over channels in memory. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { type AccessSettings, accessPolicy } from "../../src/policy/access.ts";
import { all } from "../../src/policy.ts";
import type { Relay } from "../../src/relay/relay.ts";
import type { RelayConfig } from "../../src/server/config.ts";
import { makeInvite, openMembers } from "../../src/server/members.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { OPEN, open } from "../policy/settings.ts";
import { Author, crypto, NOW, type Session, STORED } from "./conformance/session.ts";
import { createTestRelay, fixedClock, type PairClient, turns } from "./setup.ts";

const SHARED = "a code for everybody";
const DAY = 86_400;
const nobody = { has: () => false };
const membersOnly: AccessSettings = { ...OPEN, connect: { allow: ["members"], deny: [] } };
const refusedHere = /^restricted: this key may not/;

interface Club {
  readonly owner: Author;
  readonly self: PublicKey;
  readonly banned: Set<PublicKey>;
  connect(...authors: Author[]): PairClient;
  /** A code by the operator. */
  invite(days?: number): string;
}

/** A relay whose only member is its owner. */
async function club(
  access: AccessSettings = membersOnly,
  settings: Partial<RelayConfig["membership"]> = {},
): Promise<Club> {
  const store = new MemoryStore();
  const banned = new Set<PublicKey>();
  const [owner, operator] = [new Author(), new Author()];
  const { secretKey } = operator;
  let relay: Relay | undefined;
  const members = await openMembers(
    {
      enabled: true,
      members: [owner.pubkey],
      maxMembers: 9,
      inviters: [],
      inviteDays: 1,
      codes: [SHARED],
      ...settings,
    },
    {
      store,
      crypto,
      clock: fixedClock,
      log: () => {},
      secretKey,
      webOfTrust: nobody,
      isBanned: (key) => banned.has(key),
      publish: (events) => (relay ? relay.publish(events) : store.insert(events)),
      removed: (key) => void relay?.review(key),
    },
  );
  const groups = { members: members.membership, webOfTrust: nobody };
  const policy = all(members.policy, accessPolicy(access, groups));
  const testRelay = createTestRelay({ store, policy, made: members.made });
  relay = testRelay.relay;
  return {
    owner,
    banned,
    self: operator.pubkey,
    connect: (...authors) =>
      testRelay.connect({ pubkeys: authors.map(({ pubkey }) => pubkey), challenge: "riddle" }),
    invite: (days = 1) => makeInvite(days, { secretKey, crypto, clock: fixedClock }),
  };
}

const joining = (author: Author, claim?: string, created_at = NOW) =>
  author.sign({
    kind: 28_934,
    created_at,
    tags: [["-"], ...(claim === undefined ? [] : [["claim", claim]])],
  });
const leaving = (author: Author, tags = [["-"]]) => author.sign({ kind: 28_936, tags });

/** The code in what a REQ for invites brings. */
async function askForInvite(session: Session, filter: object = {}): Promise<string | undefined> {
  const events = await session.requestEvents("invite", { kinds: [28_935], ...filter });
  session.send("CLOSE", "invite");
  assert(events.length <= 1);
  return events[0]?.tags.find(([name]) => name === "claim")?.[1];
}

test("a stranger may knock at a relay for members, and nothing else", async () => {
  const { connect, owner } = await club();
  const guest = new Author();
  const { session, far } = connect(guest);
  assert.match(await session.refused("x", {}), refusedHere);
  assert.match(await session.refused("x", { kinds: [28_935] }), refusedHere);
  for (const kind of [1, 1059, 20_001]) {
    const { accepted, reason } = await session.publish(guest.sign({ kind }));
    assert.deepEqual([accepted, reason.split(":")[0]], [false, "restricted"], `kind ${kind}`);
  }
  assert.match((await session.publish(owner.sign())).reason, refusedHere);
  assert.equal(far.ended, undefined);
  const anonymous = connect().session;
  assert.match(await anonymous.refused("x", {}), /^auth-required: ./);
  assert.match((await anonymous.publish(joining(guest, SHARED))).reason, /^auth-required: ./);
});

test("joining opens what was closed, tells everybody, and is done once", async () => {
  const { connect, owner, self, invite } = await club();
  const guest = new Author();
  const [host, { session }] = [connect(owner).session, connect(guest)];
  await host.request("news", { kinds: [13_534, 8_000, 28_934] });
  await host.settle();
  assert.deepEqual(await session.publish(joining(guest, invite())), {
    accepted: true,
    reason: "info: welcome to this relay",
  });
  const told = (await host.settle()).map(([, , event]) => event as NostrEvent);
  assert.deepEqual(
    told.map(({ kind, pubkey }) => [kind, pubkey]),
    [
      [13_534, self],
      [8_000, self],
    ],
    "the request itself is not passed on",
  );
  assert.deepEqual(told[0]?.tags, [["-"], ["member", owner.pubkey], ["member", guest.pubkey]]);
  assert.deepEqual(await session.publish(guest.sign()), STORED);
  const kinds = (await session.requestEvents("x", {})).map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, [1, 13_534, 8_000, 8_000]);
  assert.deepEqual(await session.publish(joining(guest, "wrong")), {
    accepted: true,
    reason: "duplicate: you are already a member of this relay",
  });
});

test("wrong, used, expired and missing codes are refused in words", async () => {
  const { connect, invite } = await club();
  const [guest, other] = [new Author(), new Author()];
  const { session } = connect(guest, other);
  const reason = async (event: NostrEvent) => {
    const ok = await session.publish(event);
    return ok.accepted ? "" : ok.reason;
  };
  const foreign = (await club()).invite();
  const cases: readonly (readonly [NostrEvent, string])[] = [
    [joining(guest), "invalid: a request to join needs a claim tag"],
    [joining(guest, ""), "restricted: that is an invalid invite code"],
    [joining(guest, "x".repeat(9_000)), "restricted: that is an invalid invite code"],
    [joining(guest, foreign), "restricted: that is an invalid invite code"],
    [joining(guest, invite(0)), "restricted: that invite code is expired"],
    [joining(guest, SHARED, NOW - 301), "invalid: created_at must be now"],
    [joining(guest, SHARED, NOW + 301), "invalid: created_at must be now"],
  ];
  for (const [event, expected] of cases) assert.equal(await reason(event), expected);
  const code = invite();
  assert.equal(await reason(joining(other, code)), "");
  assert.equal(await reason(joining(guest, code)), "restricted: that invite code has been used");
  assert.equal(await reason(joining(guest, SHARED)), "");
});

test("a full relay takes nobody", async () => {
  const { connect } = await club(membersOnly, { maxMembers: 1 });
  const guest = new Author();
  const ok = await connect(guest).session.publish(joining(guest, SHARED));
  assert.deepEqual(ok, { accepted: false, reason: "restricted: this relay takes no more members" });
});

test("nobody joins or leaves for somebody else", async () => {
  const { connect, owner } = await club();
  const guest = new Author();
  const { session } = connect(guest);
  const event = owner.sign({ kind: 28_934, tags: [["claim", SHARED]] });
  for (const one of [event, leaving(owner), leaving(owner, [])]) {
    assert.match((await session.publish(one)).reason, /^restricted: /);
  }
  assert.deepEqual(await connect(owner).session.publish(owner.sign()), STORED);
});

test("who leaves loses at once what is open, on every channel; others do not", async () => {
  const { connect, owner } = await club();
  const guest = new Author();
  const [first, second] = [connect(guest).session, connect(guest).session];
  const [both, host] = [connect(guest, owner).session, connect(owner).session];
  await first.publish(joining(guest, SHARED));
  for (const session of [first, second, both, host]) await session.request("x", { kinds: [1] });
  assert.match((await first.publish(leaving(guest, []))).reason, /^invalid: /);
  assert.deepEqual(await first.publish(leaving(guest)), {
    accepted: true,
    reason: "info: you have left this relay",
  });
  for (const session of [first, second]) {
    assert.deepEqual((await session.next()).slice(0, 2), ["CLOSED", "x"]);
    assert.match(await session.refused("y", {}), refusedHere);
    assert.match((await session.publish(guest.sign())).reason, refusedHere);
  }
  const event = owner.sign();
  assert.deepEqual(await host.publish(event), STORED);
  for (const session of [both, host]) assert.deepEqual(await session.live(), [event.id]);
  assert.deepEqual(await first.publish(leaving(guest)), {
    accepted: true,
    reason: "duplicate: you are no member of this relay",
  });
  assert.match((await first.publish(joining(guest, SHARED))).reason, /^info: /);
  assert.deepEqual(await first.request("x", { kinds: [1] }), [event.id]);
});

test("a list that only reading is for is obeyed as well", async () => {
  const { connect } = await club({ ...OPEN, read: open({ allow: ["members"] }) });
  const guest = new Author();
  const { session } = connect(guest);
  assert.deepEqual(await session.publish(guest.sign()), STORED);
  assert.match(await session.refused("x", {}), refusedHere);
  await session.publish(joining(guest, SHARED));
  await session.request("x", { kinds: [1] });
  await session.publish(leaving(guest));
  assert.deepEqual((await session.next()).slice(0, 2), ["CLOSED", "x"]);
});

test("what the relay says about its members, nobody else may say", async () => {
  const { connect, owner } = await club();
  const { session } = connect(owner);
  for (const kind of [13_534, 33_534, 8_000, 8_001, 28_935]) {
    const { accepted, reason } = await session.publish(owner.sign({ kind, tags: [["-"]] }));
    assert.equal(accepted, false);
    assert.equal(reason, `restricted: only the relay itself makes events of kind ${kind}`);
  }
});

test("members get invites for the asking where they may, a new one each time", async () => {
  const { connect, owner, self } = await club(membersOnly, { inviters: ["members"] });
  const guest = new Author();
  const [host, { session }] = [connect(owner).session, connect(guest)];
  const [event] = await host.requestEvents("x", { kinds: [28_935, 1] });
  assert.deepEqual([event?.kind, event?.pubkey, event?.created_at], [28_935, self, NOW]);
  assert.deepEqual(event?.tags[0], ["-"]);
  const [one, two] = [await askForInvite(host), await askForInvite(host, { authors: [self] })];
  assert(one !== undefined && two !== undefined && one !== two);
  for (const filter of [{ limit: 0 }, { authors: [owner.pubkey] }, { until: NOW - 1 }]) {
    assert.equal(await askForInvite(host, filter), undefined, JSON.stringify(filter));
  }
  const all = await host.requestEvents("all", {});
  assert.deepEqual(all.map(({ kind }) => kind).sort(), [13_534, 8_000], "none is stored");
  assert.match((await session.publish(joining(guest, one))).reason, /^info: /);
  const third = await askForInvite(session);
  assert(third !== undefined);
  await session.publish(leaving(guest));
  assert.equal(
    (await session.publish(joining(guest, third))).reason,
    "restricted: that is an invalid invite code",
    "the invites of who has left are void",
  );
  assert.match((await session.publish(joining(guest, two))).reason, /^info: /);
});

test("nobody gets invites where the operator alone makes them, or some are named", async () => {
  const alone = await club();
  assert.equal(await askForInvite(alone.connect(alone.owner).session), undefined);
  const porter = new Author();
  const { connect, owner } = await club(OPEN, { inviters: [porter.pubkey] });
  assert.equal(await askForInvite(connect(owner).session), undefined);
  assert.equal(await askForInvite(connect().session), undefined);
  assert.notEqual(await askForInvite(connect(owner, porter).session), undefined);
});

test("who is banned has no more invites to give, though a member still", async () => {
  const { connect, owner, banned } = await club(membersOnly, { inviters: ["members"] });
  const [host, guest] = [connect(owner).session, new Author()];
  const code = await askForInvite(host);
  assert.notEqual(code, undefined);
  banned.add(owner.pubkey);
  const { reason } = await connect(guest).session.publish(joining(guest, code));
  assert.equal(reason, "restricted: that is an invalid invite code");
  assert.equal(await askForInvite(host), undefined);
});

test("a banned key is not let in to join", async () => {
  const guest = new Author();
  const connectRule = { allow: ["members" as const], deny: [guest.pubkey] };
  const { connect } = await club({ ...OPEN, connect: connectRule });
  const { session, far } = connect();
  const auth = guest.sign({ kind: 22_242 });
  session.send("AUTH", auth);
  assert.match((await session.ok(auth.id)).reason, /^blocked: /);
  await turns();
  assert.equal(far.ended?.code, 4003);
});

test("an invite by the operator is good for as long as it says", async () => {
  const { connect, invite } = await club();
  const guest = new Author();
  const [expired, code] = [invite(0), invite(1 / DAY)];
  const { session } = connect(guest);
  assert.match((await session.publish(joining(guest, expired))).reason, /expired$/);
  assert.match((await session.publish(joining(guest, code))).reason, /^info: /);
});
