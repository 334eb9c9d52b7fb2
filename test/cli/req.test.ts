import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OUTPUT_CLOSED } from "../../src/cli/parts.ts";
import { addressOf, encodeProfile } from "../../src/nostr/address.ts";
import { signEvent } from "../../src/nostr/event.ts";
import { encodeNpub, generateSecretKey, parsePublicKey, publicKeyOf } from "../../src/nostr/key.ts";
import { ADDRESS, crypto, NOW, NPUB, npubwire, type Script, scripted } from "./harness.ts";

const key = generateSecretKey(crypto);
const pubkey = publicKeyOf(key, crypto);
const to = ["--relay", ADDRESS];
const empty: Script = ([type], socket) => {
  if (type === "REQ") socket.say(["EOSE", "req"]);
};

describe("npubwire req: what it asks", () => {
  const id = "ab".repeat(32);
  const filters: readonly (readonly [string[], unknown[]])[] = [
    [[], [{}]],
    [["--kind", "1", "--kind", "30023"], [{ kinds: [1, 30023] }]],
    [["--id", id.toUpperCase()], [{ ids: [id] }]],
    [["--author", encodeNpub(pubkey), "--author", id], [{ authors: [pubkey, id] }]],
    [["--tag", "t=a", "--tag", "t=b=c", "--tag", "d="], [{ "#t": ["a", "b=c"], "#d": [""] }]],
    [["--tag", `p=${encodeNpub(pubkey)}`, "--tag", `e=${id}`], [{ "#p": [pubkey], "#e": [id] }]],
    [["--since", "1", "--until", "0", "--limit", "0"], [{ since: 1, until: 0, limit: 0 }]],
    [
      ['{"search":"x"}', '{"kinds":[7]}'],
      [{ search: "x" }, { kinds: [7] }],
    ],
    [
      ['{"kinds":[7]}', "--limit", "2"],
      [{ kinds: [7] }, { limit: 2 }],
    ],
  ];
  for (const [flags, expected] of filters) {
    it(flags.join(" ") || "nothing in particular", async () => {
      const { dial, sockets } = scripted(empty);
      const { code, out } = await npubwire(["req", ...flags, ...to], { dial });
      assert.deepEqual(sockets[0]?.sent, [["REQ", "req", ...expected]]);
      assert.equal(code, 0);
      assert.equal(out, "");
    });
  }
});

describe("npubwire req: whom it asks", () => {
  const relay = parsePublicKey(NPUB);
  assert.ok(relay.ok);
  const far = addressOf("wss://relay.example.com", relay.value);
  const near = addressOf("ws://localhost:7777", relay.value);
  assert.ok(far.ok && near.ok);
  const farAddress = far.value.canonical;
  const nprofile = encodeProfile(relay.value, [far.value, near.value]);

  const forms: readonly (readonly [string[], string])[] = [
    [["--relay", ADDRESS], ADDRESS],
    [["--relay", `${ADDRESS}/`], ADDRESS],
    [["--relay", "ws://localhost:7777", "--npub", NPUB], ADDRESS],
    [["--relay", "ws://localhost:7777", "--npub", relay.value], ADDRESS],
    [["--relay", ADDRESS, "--npub", NPUB], ADDRESS],
    [["--relay", nprofile], farAddress],
    [["--relay", `nostr:${nprofile}`, "--npub", NPUB], farAddress],
  ];
  for (const [flags, dialled] of forms) {
    it(flags.join(" "), async () => {
      const { dial, addresses } = scripted(empty);
      const { code } = await npubwire(["req", ...flags], { dial });
      assert.equal(code, 0);
      assert.deepEqual(addresses, [dialled]);
    });
  }

  it("takes the next address of an nprofile where the first cannot be reached", async () => {
    const { dial, addresses } = scripted(empty, { [farAddress]: "cannot be reached" });
    const { code, err } = await npubwire(["req", "--relay", nprofile], { dial });
    assert.equal(code, 0);
    assert.equal(err, "");
    assert.deepEqual(addresses, [farAddress, ADDRESS]);
  });

  it("refuses an nprofile of another key than --npub", async () => {
    const { code, err } = await npubwire(["req", "--relay", nprofile, "--npub", pubkey]);
    assert.equal(code, 2);
    assert.match(err, /--relay names another key than --npub/);
  });
});

describe("npubwire req: what it prints", () => {
  const event = signEvent({ created_at: NOW, kind: 1, tags: [], content: "x\u009by" }, key, crypto);
  const fields = JSON.parse(event.json);
  const line = event.json.replace("\u009b", "\\u009b");

  it("prints events as JSON lines", async () => {
    const { dial } = scripted((_, socket) => {
      socket.say(["EVENT", "req", fields]);
      socket.say(["EVENT", "another", fields]);
      socket.say(["EVENT", "req", { ...fields, extra: 1 }]);
      socket.say(["EOSE", "req", ["finish"]]);
      socket.say(["EVENT", "req", fields]);
    });
    const { code, out, err } = await npubwire(["req", "--kind", "1", ...to], { dial });
    assert.equal(code, 0);
    assert.equal(err, "");
    assert.equal(out, `${line}\n${line}\n`);
    assert.deepEqual(JSON.parse(line), fields);
  });

  const lies: readonly (readonly [string, unknown, RegExp])[] = [
    ["a changed event", { ...fields, content: "z" }, /id does not match the event/],
    ["a forged signature", { ...fields, sig: "0".repeat(128) }, /signature does not verify/],
    ["a broken event", { ...fields, tags: 1 }, /tags is not an array/],
    ["an event that was not asked for", JSON.parse(signed(7)), /it was not asked for/],
  ];
  for (const [what, lie, message] of lies) {
    it(`reports ${what} and does not print it`, async () => {
      const { dial } = scripted((_, socket) => {
        socket.say(["EVENT", "req", lie]);
        socket.say(["EVENT", "req", fields]);
        socket.say(["EOSE", "req"]);
      });
      const { code, out, err } = await npubwire(["req", "--kind", "1", ...to], { dial });
      assert.equal(code, 1);
      assert.equal(out, `${line}\n`);
      assert.match(err, message);
      assert.match(err, /not genuine or not asked for: 1 of the events received\n/);
    });
  }

  it("leaves matching to the relay where it does not know a condition itself", async () => {
    const { dial } = scripted((_, socket) => {
      socket.say(["EVENT", "req", fields]);
      socket.say(["EOSE", "req"]);
    });
    const { code, out } = await npubwire(["req", '{"search":"x"}', ...to], { dial });
    assert.equal(code, 0);
    assert.equal(out, `${line}\n`);
  });

  it("stays with --stream, until it is told to stop", async () => {
    const stop = new AbortController();
    const { dial, sockets } = scripted((_, socket) => {
      socket.say(["EOSE", "req"]);
      setImmediate(() => {
        socket.say(["EVENT", "req", fields]);
        stop.abort();
      });
    });
    const { code, out } = await npubwire(["req", "--stream", ...to], { dial, stop: stop.signal });
    assert.equal(code, 0);
    assert.equal(out, `${line}\n`);
    assert.equal(sockets[0]?.closed, true);
  });

  it("fails when it is stopped before everything was here", async () => {
    const stop = new AbortController();
    const { dial } = scripted(() => stop.abort());
    const { code, err } = await npubwire(["req", ...to], { dial, stop: stop.signal });
    assert.equal(code, 1);
    assert.equal(err, "npubwire: stopped before all events were here\n");
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const stop = new AbortController();
    const { dial } = scripted(() => stop.abort(OUTPUT_CLOSED));
    const { code, err } = await npubwire(["req", ...to], { dial, stop: stop.signal });
    assert.equal(code, 0);
    assert.equal(err, "");
  });

  it("fails when the relay refuses", async () => {
    const { dial } = scripted((_, socket) => socket.say(["CLOSED", "req", "restricted: no"]));
    const { code, err } = await npubwire(["req", ...to], { dial });
    assert.equal(code, 1);
    assert.equal(err, "npubwire: the relay refused: restricted: no\n");
  });

  it("waits as long as the relay goes on answering", async () => {
    let deadlines = 0;
    let cancelled = 0;
    const { dial } = scripted((_, socket) => {
      for (let count = 0; count < 5; count += 1) socket.say(["EVENT", "req", fields]);
      socket.say(["EOSE", "req"]);
    });
    const after = () => {
      deadlines += 1;
      return () => {
        cancelled += 1;
      };
    };
    await npubwire(["req", ...to], { dial, clock: { now: () => NOW, after } });
    assert.ok(deadlines >= 6);
    assert.equal(cancelled, deadlines);
  });

  function signed(kind: number): string {
    return signEvent({ created_at: NOW, kind, tags: [], content: "" }, key, crypto).json;
  }
});
