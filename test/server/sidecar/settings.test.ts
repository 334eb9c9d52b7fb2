import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, parseConfig } from "../../../src/server/config.ts";
import { ignoredSettings } from "../../../src/server/sidecar/settings.ts";

const NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";

describe("the settings of a sidecar", () => {
  it("are all kept where only those of the door are changed", () => {
    const settings = {
      host: "127.0.0.1",
      port: 0,
      path: "/relay",
      addresses: ["wss://relay.example.com"],
      auth: "optional",
      information: { name: "door", description: "a door", hidden: true },
      access: { connect: { allow: [NPUB], deny: [] } },
      limits: { maxMessageLength: 4_096, maxStallSeconds: 5 },
      rates: { perAddress: { events: 1 }, perNpub: { requests: 2 } },
      connections: { max: 5 },
      handshake: { maxPending: 5 },
      trustedProxies: ["10.0.0.0/8"],
      log: { level: "warn" },
    };
    assert.deepEqual(ignoredSettings(parseConfig(settings, { data: "elsewhere" })), []);
  });

  it("are named where they mean nothing", () => {
    const settings = {
      search: false,
      limits: { maxFilters: 3 },
      information: { icon: "https://example.com/i.png" },
    };
    assert.deepEqual([...ignoredSettings(parseConfig(settings))].sort(), [
      "information.icon",
      "limits.maxFilters",
      "search",
    ]);
  });

  const refused: readonly (readonly [string, object])[] = [
    ["plaintext", { plaintext: "loopback" }],
    ["administrators", { administrators: [NPUB] }],
    ["access.read", { access: { read: { kinds: [1] } } }],
    ["access.write", { access: { write: { deny: [NPUB] } } }],
    ["membership.enabled", { membership: { enabled: true } }],
    ["writePolicy.plugin", { writePolicy: { plugin: "./allow.sh" } }],
    [
      "access.connect.allow",
      { access: { connect: { allow: ["webOfTrust"] }, webOfTrust: { roots: [NPUB] } } },
    ],
  ];
  for (const [path, settings] of refused) {
    it(`stop the start where somebody may count on ${path}`, () => {
      assert.throws(
        () => ignoredSettings(parseConfig(settings)),
        (error) =>
          error instanceof ConfigError &&
          error.problems.some((problem) => problem.startsWith(`${path}: expected `)),
      );
    });
  }
});
