import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryRulings } from "../../../src/moderation/memory.ts";
import { BlockedAddresses, blockableNetwork } from "../../../src/server/door/blocked-addresses.ts";

describe("blocked addresses", () => {
  it("are spelled in one way", () => {
    for (const [given, expected] of [
      ["192.0.2.1", "192.0.2.1"],
      [" 192.0.2.1 ", "192.0.2.1"],
      ["192.0.2.1/32", "192.0.2.1"],
      ["192.0.2.0/24", "192.0.2.0/24"],
      ["192.0.2.0/024", "192.0.2.0/24"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
      ["2001:db8::/64", "2001:db8::/64"],
    ] as const) {
      assert.deepEqual(blockableNetwork(given), { ok: true, value: expected }, given);
    }
  });

  it("are no names, no nonsense, and not this machine", () => {
    const nonsense = ["", "relay.example", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "1.2.3.4/5/6"];
    for (const text of [...nonsense, "fe80::1%eth0", "2001:db8::/129", "::1/-1", "0x7f.1"]) {
      const network = blockableNetwork(text);
      assert.match(network.ok ? "" : network.reason, /expected an IP address/, text);
    }
    for (const text of [
      "127.0.0.1",
      "127.9.9.9",
      "::1",
      "127.0.0.0/8",
      "0.0.0.0/0",
      "::/0",
      "::1/128",
    ]) {
      const network = blockableNetwork(text);
      assert.match(network.ok ? "" : network.reason, /this machine/, text);
    }
  });

  it("are in force with the next question, one by one or as networks", () => {
    const rulings = new MemoryRulings();
    const blocked = new BlockedAddresses(rulings);
    assert.equal(blocked.has("192.0.2.1"), false);
    for (const network of ["192.0.2.1", "198.51.100.0/24", "2001:db8::1", "2001:db8:1::/64"]) {
      rulings.set("blocked address", network, "");
    }
    const inside = ["192.0.2.1", "198.51.100.77", "2001:db8::1", "2001:db8:1::dead"];
    const outside = ["192.0.2.2", "198.51.101.1", "2001:db8::2", "2001:db8:1:1::1", "", "unknown"];
    assert.deepEqual(
      inside.filter((address) => !blocked.has(address)),
      [],
    );
    assert.deepEqual(
      outside.filter((address) => blocked.has(address)),
      [],
    );
    rulings.delete("blocked address", "192.0.2.1");
    assert.equal(blocked.has("192.0.2.1"), false);
  });
});
