import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Admission,
  type AdmissionLimits,
  addressList,
  clientAddress,
  isLoopback,
} from "../../../src/server/door/admission.ts";

const LIMITS: AdmissionLimits = {
  maxConnections: 100,
  maxConnectionsPerAddress: 10,
  maxPending: 50,
  maxPendingPerAddress: 3,
  maxPerMinutePerAddress: 20,
};

function admission(limits: Partial<AdmissionLimits> = {}) {
  const clock = { seconds: 600, now: () => clock.seconds, after: () => () => {} };
  return { admission: new Admission({ ...LIMITS, ...limits }, clock), clock };
}

describe("Admission", () => {
  it("bounds the handshakes under way from one address, and frees them when they settle", () => {
    const { admission: door } = admission();
    const tickets = [1, 2, 3].map(() => door.enter("192.0.2.1"));
    assert.ok(tickets.every((ticket) => ticket));
    assert.equal(door.enter("192.0.2.1"), undefined);
    assert.ok(door.enter("192.0.2.2"), "another address is not concerned");
    tickets[0]?.settled();
    tickets[0]?.settled(); // counts once
    assert.ok(door.enter("192.0.2.1"));
    assert.equal(door.enter("192.0.2.1"), undefined);
  });

  it("bounds connections per address and in all until they leave", () => {
    const { admission: door } = admission({ maxConnectionsPerAddress: 2, maxConnections: 3 });
    const enter = (address: string) => {
      const ticket = door.enter(address);
      ticket?.settled();
      return ticket;
    };
    const first = enter("192.0.2.1");
    assert.ok(first && enter("192.0.2.1"));
    assert.equal(enter("192.0.2.1"), undefined);
    assert.ok(enter("192.0.2.2"));
    assert.equal(enter("192.0.2.3"), undefined, "three in all");
    first.leave();
    first.leave(); // counts once
    assert.ok(enter("192.0.2.3"));
    assert.equal(enter("192.0.2.4"), undefined);
  });

  it("bounds handshakes a minute, refused ones among them", () => {
    const { admission: door, clock } = admission({ maxPerMinutePerAddress: 2 });
    for (let i = 0; i < 2; i++) door.enter("192.0.2.1")?.leave();
    for (let i = 0; i < 5; i++) assert.equal(door.enter("192.0.2.1"), undefined);
    clock.seconds += 60;
    assert.ok(door.enter("192.0.2.1"));
  });

  it("bounds the handshakes of everybody together", () => {
    const { admission: door } = admission({ maxPending: 2 });
    assert.ok(door.enter("192.0.2.1") && door.enter("192.0.2.2"));
    assert.equal(door.enter("192.0.2.3"), undefined);
  });

  it("counts an IPv6 /64 as one address", () => {
    const { admission: door } = admission({ maxPendingPerAddress: 2 });
    assert.ok(door.enter("2001:db8:0:1::1"));
    assert.ok(door.enter("2001:db8::1:0:0:0:ffff"), "the same network, written otherwise");
    assert.equal(door.enter("2001:db8:0:1:dead:beef::2"), undefined);
    assert.ok(door.enter("2001:db8:0:2::1"), "the next network");
  });
});

describe("clientAddress", () => {
  const proxies = addressList(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);

  it("believes forwarding headers only from configured proxies", () => {
    for (const [socket, forwarded, expected] of [
      ["192.0.2.9", "198.51.100.1", "192.0.2.9"],
      ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
      ["::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"],
      ["127.0.0.1", undefined, "127.0.0.1"],
      // What a stranger writes in front of what the proxy adds does not count.
      ["127.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"],
      ["10.1.2.3", "203.0.113.5, 198.51.100.1, 10.9.9.9", "198.51.100.1"],
      ["2001:db8::5", "2001:db9::1", "2001:db9::1"],
      ["127.0.0.1", "unknown", "127.0.0.1"],
      ["127.0.0.1", "", "127.0.0.1"],
      [undefined, undefined, ""],
    ] as const) {
      assert.equal(clientAddress(socket, forwarded, proxies), expected);
    }
  });

  it("knows this machine's own addresses", () => {
    assert.deepEqual(["127.0.0.1", "127.8.8.8", "::1", "192.0.2.1", "::2", ""].map(isLoopback), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
