import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type NostrEvent,
  parseEvent,
  signEvent,
  type VerifiedEvent,
  verifyEvent,
} from "../../src/nostr/event.ts";
import { encodeNsec, generateSecretKey, publicKeyOf } from "../../src/nostr/key.ts";
import { createKeyFile } from "../../src/server/keys/key-file.ts";
import { ADDRESS, crypto, lines, NOW, npubwire, type Script, scripted } from "./harness.ts";

const key = generateSecretKey(crypto);
const environment = { NPUBWIRE_CLIENT_KEY: encodeNsec(key) };
const to = ["--relay", ADDRESS];

const accepting: Script = ([, event], socket) => socket.say(["OK", idOf(event), true, ""]);

describe("npubwire publish TEXT", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "npubwire-cli-publish-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("signs a note, sends it and prints the answer", async () => {
    const { dial, addresses, keys, sockets } = scripted(accepting);
    const { code, out, err } = await npubwire(["publish", "Hello", ...to], { environment, dial });
    const event = onlyEvent(sockets[0]?.sent);
    assert.equal(code, 0);
    assert.equal(out, `${event.id} accepted\n`);
    assert.equal(err, "");
    assert.equal(verifyEvent(event, crypto).ok, true);
    assert.equal(event.pubkey, publicKeyOf(key, crypto));
    assert.deepEqual([event.kind, event.content, event.created_at], [1, "Hello", NOW]);
    assert.deepEqual(addresses, [ADDRESS]);
    assert.deepEqual(keys, [key]);
    assert.equal(sockets[0]?.closed, true);
  });

  it("takes kind and tags, plain and as JSON", async () => {
    const { dial, sockets } = scripted(accepting);
    const flags = ["--tag", "t=a=b", "--tag", '["e","x","wss://y"]', "--kind", "30023"];
    await npubwire(["publish", "", ...flags, ...to], { environment, dial });
    const event = onlyEvent(sockets[0]?.sent);
    assert.equal(event.kind, 30_023);
    assert.deepEqual(event.tags, [
      ["t", "a=b"],
      ["e", "x", "wss://y"],
    ]);
  });

  it("reads the key from a file before the environment", async () => {
    const { dial, sockets } = scripted(accepting);
    const file = join(folder, "me.key");
    const other = generateSecretKey(crypto);
    createKeyFile(file, other);
    await npubwire(["publish", "x", "--key", file, ...to], { environment, dial });
    assert.equal(onlyEvent(sockets[0]?.sent).pubkey, publicKeyOf(other, crypto));
  });

  it("says that it uses a throwaway key", async () => {
    const { dial } = scripted(accepting);
    const { code, err } = await npubwire(["publish", "x", ...to], { dial });
    assert.equal(code, 0);
    assert.match(err, /^Using a throwaway key, npub1[a-z0-9]{58}\. To be known, give --key FILE/);
  });

  it("fails when the relay refuses, and passes on why", async () => {
    const { dial } = scripted(([, event], socket) =>
      socket.say(["OK", idOf(event), false, "blocked: no \u001b[31mthanks"]),
    );
    const { code, out, err } = await npubwire(["publish", "x", ...to], { environment, dial });
    assert.equal(code, 1);
    assert.match(out, /^[0-9a-f]{64} refused blocked: no \\u001b\[31mthanks\n$/);
    assert.equal(err, "npubwire: 1 of 1 events were not accepted\n");
  });

  it("passes on notices, and ignores what is no message or not for it", async () => {
    const { dial } = scripted(([, event], socket) => {
      for (const noise of ["{", "[]", "7", ["OK"], ["OK", 1], ["EVENT", "x", 1], ["EOSE", "z"]]) {
        socket.say(noise);
      }
      socket.say(["OK", idOf(event), "true", "not a verdict"]);
      socket.say(["OK", "f".repeat(64), false, "invalid: another's"]);
      socket.say(["NOTICE", "be\u0007ware"]);
      socket.say(["OK", idOf(event), true, "duplicate: known"]);
    });
    const { code, out, err } = await npubwire(["publish", "x", ...to], { environment, dial });
    assert.equal(code, 0);
    assert.match(out, /^[0-9a-f]{64} accepted duplicate: known\n$/);
    assert.equal(err, "The relay says: be\\u0007ware\n");
  });

  const ends: readonly (readonly [string, number, RegExp, Script])[] = [
    [
      "is refused as a client",
      1,
      /refused this client: restricted: members only\nAnother key/,
      (_, socket) => socket.end(4003, "restricted: members only"),
    ],
    [
      "loses the relay",
      3,
      /npubwire: cut off\n/,
      (_, socket) => socket.end(1006, "truncated: cut off", "cut off"),
    ],
    ["is left by the relay", 3, /npubwire: bye\n/, (_, socket) => socket.end(4001, "bye")],
  ];
  for (const [what, exitCode, message, script] of ends) {
    it(`ends with exit code ${exitCode} when it ${what}`, async () => {
      const { dial } = scripted(script);
      const { code, err } = await npubwire(["publish", "x", ...to], { environment, dial });
      assert.equal(code, exitCode);
      assert.match(err, message);
    });
  }

  it("ends with exit code 3 when no relay can be reached or proved", async () => {
    const { dial } = scripted(accepting, { [ADDRESS]: "whoever answers holds another key" });
    const { code, err } = await npubwire(["publish", "x", ...to], { environment, dial });
    assert.equal(code, 3);
    const advice = "Is the relay running, and is its address current?";
    assert.equal(err, `npubwire: ${ADDRESS}: whoever answers holds another key\n${advice}\n`);
  });

  it("does not wait for ever", async () => {
    const waits: number[] = [];
    const { dial, sockets } = scripted(() => {});
    const after = (milliseconds: number, run: () => void) => {
      waits.push(milliseconds);
      queueMicrotask(run);
      return () => {};
    };
    const { code, err } = await npubwire(["publish", "x", "--timeout", "7", ...to], {
      environment,
      dial,
      clock: { now: () => NOW, after },
    });
    assert.equal(code, 3);
    assert.match(err, /the relay has not answered for 7 seconds\nWait longer with --timeout\.\n$/);
    assert.deepEqual(waits, [7_000]);
    assert.equal(sockets[0]?.closed, true);
  });

  it("fails when it is stopped before the answer", async () => {
    const stop = new AbortController();
    const { dial } = scripted(() => stop.abort());
    const parts = { environment, dial, stop: stop.signal };
    const { code, err } = await npubwire(["publish", "x", ...to], parts);
    assert.equal(code, 1);
    assert.equal(err, "npubwire: 1 of 1 events were not accepted\n");
  });
});

describe("npubwire publish < events", () => {
  it("sends signed events as they are and prints each answer", async () => {
    const events = Array.from({ length: 250 }, (_, index) => signed(`note ${index}`));
    const { dial, sockets } = scripted(accepting);
    const input = lines(events.map((event) => event.json));
    const { code, out } = await npubwire(["publish", ...to], { environment, dial, input });
    assert.equal(code, 0);
    assert.deepEqual(
      sockets[0]?.sent,
      events.map((event) => ["EVENT", JSON.parse(event.json)]),
    );
    assert.equal(out, events.map((event) => `${event.id} accepted\n`).join(""));
  });

  it("never has more than a hundred events unanswered", async () => {
    const unanswered: string[] = [];
    let most = 0;
    const { dial } = scripted(([, event], socket) => {
      unanswered.push(idOf(event));
      most = Math.max(most, unanswered.length);
      // Answers only when the client has stopped sending.
      setImmediate(() => {
        for (const id of unanswered.splice(0)) socket.say(["OK", id, true, ""]);
      });
    });
    const events = Array.from({ length: 250 }, (_, index) => signed(`note ${index}`));
    const input = lines(events.map((event) => event.json));
    const { code } = await npubwire(["publish", ...to], { environment, dial, input });
    assert.equal(code, 0);
    assert.equal(most, 100);
  });

  it("reports lines that hold no event, sends the others, and fails", async () => {
    const event = signed("x");
    const { dial } = scripted(accepting);
    const input = lines(["{", "", '{"id":1}', event.json]);
    const { code, out, err } = await npubwire(["publish", ...to], { environment, dial, input });
    assert.equal(code, 1);
    assert.equal(out, `${event.id} accepted\n`);
    assert.deepEqual(err.split("\n"), [
      'npubwire: line 1: not JSON: column 2: expected a name in double quotes or "}"',
      "npubwire: line 3: id is not 64 lower-case hex digits",
      "npubwire: lines that held no event: 2",
      "",
    ]);
  });

  it("gets an answer for each copy of the same event", async () => {
    const event = signed("x");
    const { dial } = scripted(accepting);
    const input = lines([event.json, event.json]);
    const { code, out } = await npubwire(["publish", ...to], { environment, dial, input });
    assert.equal(code, 0);
    assert.equal(out, `${event.id} accepted\n`.repeat(2));
  });

  it("refuses to change signed events", async () => {
    const { code, err } = await npubwire(["publish", "--kind", "5", ...to], { input: lines([]) });
    assert.equal(code, 2);
    assert.match(err, /--kind and --tag belong to a note/);
  });
});

function signed(content: string): VerifiedEvent {
  return signEvent({ created_at: NOW, kind: 1, tags: [], content }, key, crypto);
}

function idOf(event: unknown): string {
  const parsed = parseEvent(event);
  assert.ok(parsed.ok);
  return parsed.value.id;
}

function onlyEvent(sent: unknown[][] = []): NostrEvent {
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.[0], "EVENT");
  const event = parseEvent(sent[0]?.[1]);
  assert.ok(event.ok);
  return event.value;
}
