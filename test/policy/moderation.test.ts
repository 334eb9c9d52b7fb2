import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Peer } from "../../src/channel.ts";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import type { AccessSettings } from "../../src/policy/access.ts";
import { acceptedKinds, amendedAccess } from "../../src/policy/moderation.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { filterOf, OPEN, open } from "./settings.ts";

const [member, denied, newcomer] = [key(1), key(2), key(3)];
const CLOSED: AccessSettings = {
  ...OPEN,
  connect: { allow: [member], deny: [denied] },
  read: open({ allow: [member] }),
  write: open({ allow: [member], kinds: [1, "30000-30005"], exceptKinds: ["30001-30002"] }),
};

function amended(settings: AccessSettings) {
  const rulings = new MemoryRulings();
  const nobody = { has: () => false };
  const groups = { members: nobody, webOfTrust: nobody };
  return { rulings, policy: amendedAccess(settings, rulings, groups) };
}

function peer(...pubkeys: PublicKey[]): Peer {
  return { address: "192.0.2.1", pubkeys: new Set(pubkeys) };
}

describe("access as administrators have amended it", () => {
  it("takes in keys that they allow, until they no longer do", async () => {
    const { rulings, policy } = amended(CLOSED);
    const may = async () => [
      (await policy.admit(newcomer, peer(newcomer))).accepted,
      (await policy.read([filterOf({})], peer(newcomer))).accepted,
      (await policy.write(madeUp({ pubkey: newcomer }), peer(newcomer))).accepted,
    ];
    assert.deepEqual(await may(), [false, false, false]);
    rulings.set("allowed pubkey", newcomer, "");
    assert.deepEqual(await may(), [true, true, true]);
    rulings.delete("allowed pubkey", newcomer);
    assert.deepEqual(await may(), [false, false, false]);
  });

  it("shuts out keys that they ban, even those that are allowed", async () => {
    const { rulings, policy } = amended(CLOSED);
    assert.equal((await policy.admit(member, peer(member))).accepted, true);
    rulings.set("allowed pubkey", member, "");
    rulings.set("banned pubkey", member, "");
    const verdict = await policy.admit(member, peer(member));
    assert.deepEqual(verdict.accepted === false && verdict.prefix, "blocked");
    const written = await policy.write(madeUp({ pubkey: member }), peer(newcomer));
    assert.equal(written.accepted, false);
  });

  it("leaves denied whom the settings deny", async () => {
    const { rulings, policy } = amended(CLOSED);
    rulings.set("allowed pubkey", denied, "");
    assert.equal((await policy.admit(denied, peer(denied))).accepted, false);
  });

  it("takes the kinds of the settings, and those that were ruled on otherwise", async () => {
    const { rulings, policy } = amended(CLOSED);
    const takes = async (kind: number) =>
      (await policy.write(madeUp({ pubkey: member, kind }), peer(member))).accepted;
    assert.deepEqual(acceptedKinds(CLOSED, rulings), [1, 30_000, 30_003, 30_004, 30_005]);
    assert.deepEqual([await takes(1), await takes(30_001)], [true, false]);
    rulings.set("allowed kind", "30001", "");
    rulings.set("disallowed kind", "1", "");
    assert.deepEqual([await takes(1), await takes(30_001)], [false, true]);
    assert.deepEqual(acceptedKinds(CLOSED, rulings), [30_000, 30_001, 30_003, 30_004, 30_005]);
    assert.equal(acceptedKinds(OPEN, new MemoryRulings()).length, 65_536);
  });

  it("narrows what is shown as the settings do", () => {
    const { policy } = amended({ ...OPEN, read: open({ kinds: [1] }) });
    assert.deepEqual([...(policy.narrow(filterOf({}), peer()).kinds ?? [])], [1]);
  });
});
