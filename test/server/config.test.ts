import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { configJsonSchema, configSchema } from "../../src/server/config/schema.ts";
import {
  ConfigError,
  type ConfigOverrides,
  loadConfig,
  parseConfig,
} from "../../src/server/config.ts";

const REPOSITORY = new URL("../../../", import.meta.url);
const UPDATE = "stale: run it with UPDATE=1, then `npm run format`";
const NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
const HEX = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";

describe("the files in the repository", () => {
  it("relay.config.json holds every setting with its default", () => {
    const { $schema: _, ...settings } = fileInStep("relay.config.json", {
      $schema: "./relay.config.schema.json",
      ...configSchema.parse({}),
    }) as Record<string, unknown>;
    assert.deepEqual(settings, configSchema.parse({}), UPDATE);
  });

  it("relay.config.schema.json is made from the settings", () => {
    assert.deepEqual(fileInStep("relay.config.schema.json", configJsonSchema()), plain(), UPDATE);
  });

  it("the JSON schema describes every setting and closes every object", () => {
    let settings = 0;
    const visit = (node: unknown): void => {
      const { properties, additionalProperties } = node as Record<string, unknown>;
      if (properties === undefined) return;
      assert.equal(additionalProperties, false);
      for (const [name, child] of Object.entries(properties as object)) {
        settings += 1;
        assert.equal(typeof child.description, "string", name);
        visit(child);
      }
    };
    visit(plain());
    assert.ok(settings > 40);
  });

  function plain(): unknown {
    return JSON.parse(JSON.stringify(configJsonSchema()));
  }

  function fileInStep(name: string, content: unknown): unknown {
    const url = new URL(name, REPOSITORY);
    if (process.env["UPDATE"]) writeFileSync(url, `${JSON.stringify(content, null, 2)}\n`);
    return JSON.parse(readFileSync(url, "utf8"));
  }
});

describe("parseConfig", () => {
  it("completes what is given", () => {
    const config = parseConfig(
      { $schema: "x", port: 1, limits: { maxLimit: 10_000 } },
      {},
      "/etc/r",
    );
    assert.equal(config.port, 1);
    assert.equal(config.limits.maxLimit, 10_000);
    assert.equal(config.limits.maxFilters, 100);
    assert.equal(config.plaintext, "deny");
    assert.equal(config.data, resolve("/etc/r/data"));
    assert.equal(config.key.file, resolve("/etc/r/data/relay.key"));
    assert.equal("$schema" in config, false);
  });

  it("puts flags above settings, even wrong ones", () => {
    const overrides: ConfigOverrides = { host: "::1", port: 0, data: "here" };
    const config = parseConfig({ host: "127.0.0.1", port: -5, data: "there" }, overrides, "/etc/r");
    assert.equal(config.host, "::1");
    assert.equal(config.port, 0);
    assert.equal(config.data, resolve("here"));
    assert.equal(config.key.file, resolve("here/relay.key"));
    assert.equal(parseConfig({ port: 5 }, { port: undefined }).port, 5);
  });

  it("keeps a key file with an absolute path", () => {
    assert.equal(parseConfig({ key: { file: "/run/key" } }).key.file, resolve("/run/key"));
  });

  it("lowers defaultLimit to maxLimit", () => {
    assert.equal(parseConfig({ limits: { maxLimit: 7 } }).limits.defaultLimit, 7);
  });

  it("reads the operator's key in both spellings", () => {
    for (const pubkey of [NPUB, HEX, HEX.toUpperCase()]) {
      assert.equal(parseConfig({ information: { pubkey } }).information.pubkey, HEX);
    }
  });

  it("reads lists of people and kinds", () => {
    const read = { allow: [NPUB, "webOfTrust"], deny: [HEX], kinds: [1, "30000-39999"] };
    const config = parseConfig({ access: { read, webOfTrust: { roots: [NPUB] } } });
    assert.deepEqual(config.access.read, { ...read, allow: [HEX, "webOfTrust"], exceptKinds: [] });
    assert.deepEqual(config.access.write.allow, ["everybody"]);
    assert.deepEqual(config.access.webOfTrust.roots, [HEX]);
  });

  it("takes members, and their invites", () => {
    assert.equal(parseConfig({}).membership.enabled, false);
    const membership = { enabled: true, members: [NPUB], inviters: ["members"] };
    const config = parseConfig({ membership, access: { connect: { allow: ["members"] } } });
    assert.deepEqual(config.membership, {
      enabled: true,
      members: [HEX],
      maxMembers: 5_000,
      inviters: ["members"],
      inviteDays: 7,
      codes: [],
    });
    assert.equal(config.auth, "required");
  });

  it("demands a key where not everybody may connect", () => {
    const config = parseConfig({ auth: "optional", access: { connect: { allow: [NPUB] } } });
    assert.equal(config.auth, "required");
    assert.equal(parseConfig({ auth: "optional" }).auth, "optional");
  });

  it("accepts every kind of address and network", () => {
    const addresses = [
      "ws://localhost:7777",
      "wss://relay.example.com/path",
      `nostr+ws://${NPUB}@relay.example.com`,
      `nostr+wss://${NPUB}@relay.example.com`,
      "ws://[::1]:7777",
    ];
    const trustedProxies = ["127.0.0.1", "::1", "10.0.0.0/8", "fc00::/7"];
    const config = parseConfig({ addresses, trustedProxies, host: "::", path: "/a/b" });
    assert.deepEqual(config.addresses, addresses);
    assert.deepEqual(config.trustedProxies, trustedProxies);
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    [[], "the file: expected an object, got a list"],
    [null, "the file: expected an object, got null"],
    [
      { limits: { maxLimit: "many" } },
      'limits.maxLimit: expected a whole number of at least 1, got "many"',
    ],
    [{ limits: { maxLimit: 0 } }, "limits.maxLimit: expected a whole number of at least 1, got 0"],
    [
      { limits: { maxLimit: 1.5 } },
      "limits.maxLimit: expected a whole number of at least 1, got 1.5",
    ],
    [
      { limits: { maxLimit: null } },
      "limits.maxLimit: expected a whole number of at least 1, got null",
    ],
    [{ port: 65_536 }, "port: expected a whole number from 0 to 65535, got 65536"],
    [{ port: "80" }, 'port: expected a whole number from 0 to 65535, got "80"'],
    [
      { limits: { maxMessageLength: 1 } },
      "limits.maxMessageLength: expected a whole number from 1024 to 67108864, got 1",
    ],
    [{ host: "a b" }, 'host: expected the address or host name to listen on, got "a b"'],
    [{ host: "" }, 'host: expected the address or host name to listen on, got ""'],
    [
      { path: "x" },
      'path: expected a path that starts with "/", without query or fragment, got "x"',
    ],
    [
      { path: "/x?y" },
      'path: expected a path that starts with "/", without query or fragment, got "/x?y"',
    ],
    [
      { path: "//h" },
      'path: expected a path that starts with "/", without query or fragment, got "//h"',
    ],
    [{ plaintext: true }, 'plaintext: expected one of "deny", "loopback", "allow", got true'],
    [{ auth: "none" }, 'auth: expected one of "required", "optional", got "none"'],
    [{ addresses: "wss://a" }, 'addresses: expected a list of relay URLs, got "wss://a"'],
    [
      { addresses: ["wss://a", "http://a"] },
      'addresses[1]: expected a relay URL such as "wss://relay.example.com", got "http://a"',
    ],
    [
      { addresses: [`ws://${NPUB}@a`] },
      `addresses[0]: expected a relay URL such as "wss://relay.example.com", got "ws://${NPUB}@a"`,
    ],
    [
      { addresses: ["wss://a/?x"] },
      'addresses[0]: expected a relay URL such as "wss://relay.example.com", got "wss://a/?x"',
    ],
    [
      { trustedProxies: ["10.0.0.0/33"] },
      'trustedProxies[0]: expected an IP address or a network such as "10.0.0.0/8", got "10.0.0.0/33"',
    ],
    [
      { information: { pubkey: "me" } },
      'information.pubkey: expected an npub or 64 hex digits, got "me"',
    ],
    [
      { information: "me" },
      'information: expected an object with the settings name, description, banner, icon, pubkey, contact, termsOfService, hidden, got "me"',
    ],
    [
      { log: { level: "loud" } },
      'log.level: expected one of "debug", "info", "warn", "error", got "loud"',
    ],
    [
      { key: { environment: "A=B" } },
      'key.environment: expected the name of an environment variable, got "A=B"',
    ],
    [
      { access: { write: { allow: [NPUB, "friends"] } } },
      'access.write.allow[1]: expected an npub, 64 hex digits, "everybody", "members" or "webOfTrust", got "friends"',
    ],
    [
      { access: { read: { allow: "everybody" } } },
      'access.read.allow: expected a list of npubs and words, got "everybody"',
    ],
    [
      { access: { connect: { deny: ["everybody"] } } },
      'access.connect.deny[0]: expected an npub or 64 hex digits, got "everybody"',
    ],
    ...[65_536, -1, 1.5, "1-", "5-4", "0-65536", "1", null].map(
      (kind) =>
        [
          { access: { write: { kinds: [kind] } } },
          `access.write.kinds[0]: expected a kind from 0 to 65535 or a range such as "30000-39999", got ${JSON.stringify(kind)}`,
        ] as const,
    ),
    [
      { access: { read: { allow: ["members"] } } },
      'membership.enabled: expected true, since "members" are allowed something, got false',
    ],
    [
      { membership: { codes: ["a code for everybody", "short"] } },
      'membership.codes[1]: expected a code of 16 to 128 characters, got "short"',
    ],
    [
      { membership: { inviters: ["friends"] } },
      'membership.inviters[0]: expected an npub, 64 hex digits, "everybody", "members" or "webOfTrust", got "friends"',
    ],
    [
      { access: { connect: { allow: ["webOfTrust"] } } },
      'access.webOfTrust.roots: expected an npub at least, since "webOfTrust" is allowed something',
    ],
    [
      { information: { hidden: true }, plaintext: "allow" },
      'information.hidden: expected false where plaintext is "allow", got true',
    ],
    [{ information: { hidden: 1 } }, "information.hidden: expected true or false, got 1"],
    [{ prot: 1 }, "prot: unknown setting; did you mean port?"],
    [
      { limits: { maxlimits: 1 } },
      "limits.maxlimits: unknown setting; did you mean limits.maxLimit?",
    ],
    [{ log: { colour: 1 } }, "log.colour: unknown setting; known here: level"],
    [
      { "a b": 1 },
      `"a b": unknown setting; known here: ${Object.keys(parseConfig({})).join(", ")}`,
    ],
  ];
  for (const [settings, problem] of wrong) {
    it(`refuses ${JSON.stringify(settings)}`, () => {
      assert.deepEqual(
        problemsOf(() => parseConfig(settings)),
        [problem],
      );
    });
  }

  it("reports all problems at once", () => {
    const settings = { prot: 1, host: 5, limits: { maxLimit: -1, maxFiltres: 3 }, addresses: [1] };
    assert.deepEqual([...problemsOf(() => parseConfig(settings))].sort(), [
      'addresses[0]: expected a relay URL such as "wss://relay.example.com", got 1',
      "host: expected the address or host name to listen on, got 5",
      "limits.maxFiltres: unknown setting; did you mean limits.maxFilters?",
      "limits.maxLimit: expected a whole number of at least 1, got -1",
      "prot: unknown setting; did you mean port?",
    ]);
  });

  it("never repeats a secret key that stands in the wrong place", () => {
    const nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    for (const settings of [{ key: nsec }, { key: HEX }, { information: { pubkey: nsec } }]) {
      const [problem = ""] = problemsOf(() => parseConfig(settings));
      assert.match(problem, /what may be a secret key; it belongs in the key file$/);
      assert.equal(problem.includes(nsec) || problem.includes(HEX), false);
    }
  });
});

describe("loadConfig", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "npubwire-config-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("takes paths as relative to the file", () => {
    const config = loadConfig(write('\uFEFF{ "data": "events" }'));
    assert.equal(config.data, join(folder, "events"));
  });

  it("names the file that is wrong", () => {
    const file = write('{ "port": "x" }');
    assert.throws(() => loadConfig(file), {
      name: "ConfigError",
      file,
      message: `${file}\n  port: expected a whole number from 0 to 65535, got "x"`,
    });
  });

  it("names line and column of what is not JSON", () => {
    const problems = problemsOf(() => loadConfig(write('{\n  "port": 1,\n}\n')));
    assert.deepEqual(problems, ["not JSON: line 3, column 1: expected a name in double quotes"]);
  });

  it("refuses a file that is not there", () => {
    const problems = problemsOf(() => loadConfig(join(folder, "missing.json")));
    assert.deepEqual(problems, ["there is no such file"]);
  });

  it("refuses a folder", () => {
    assert.match(problemsOf(() => loadConfig(folder))[0] ?? "", /^cannot be read: EISDIR/);
  });

  function write(text: string): string {
    const file = join(folder, "relay.config.json");
    writeFileSync(file, text);
    return file;
  }
});

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  assert.fail("accepted");
}
