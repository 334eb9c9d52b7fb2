/** Known relays as the commands see them: asked before dialling, told after, and forgotten. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RelayAddress } from "../../src/nostr/address.ts";
import { type KnownRelays, KnownRelaysError } from "../../src/server/dial/known-relays.ts";
import { ADDRESS, NPUB, npubwire, scripted } from "./harness.ts";

const req = ["req", "--relay", ADDRESS];

describe("known relays", () => {
  it("are dialled, and remembered once they have proved their key", async () => {
    const { dial } = scripted((_, socket) => socket.say(["EOSE", "req"]));
    const { code, err } = await npubwire(req, { dial, knownRelays: knowing({}) });
    assert.equal(code, 0);
    assert.equal(err, `From now on localhost:7777 is known as ${NPUB}.\n`);
    const again = await npubwire(req, { dial, knownRelays: knowing({ remember: () => false }) });
    assert.equal(again.err, "");
  });

  it("are not remembered when they did not answer", async () => {
    const { dial } = scripted(() => {}, { [ADDRESS]: "unreachable" });
    const remember = () => assert.fail("nobody has proved anything");
    const { code } = await npubwire(req, { dial, knownRelays: knowing({ remember }) });
    assert.equal(code, 3);
  });

  it("are not dialled where the key has changed, and the user is told what to do", async () => {
    const { dial, addresses } = scripted(() => {});
    const check = () => {
      throw new KnownRelaysError(
        "key-changed",
        "another key\n  known",
        "npubwire forget x:1\nline 3",
      );
    };
    const { code, err } = await npubwire(req, { dial, knownRelays: knowing({ check }) });
    assert.equal(code, 3);
    assert.equal(err, "npubwire: another key\n  known\nnpubwire forget x:1\nline 3\n");
    assert.deepEqual(addresses, []);
  });

  it("are used, though they cannot be remembered", async () => {
    const { dial } = scripted((_, socket) => socket.say(["EOSE", "req"]));
    const remember = () => {
      throw new KnownRelaysError("file", "cannot be written", "…");
    };
    const { code, err } = await npubwire(req, { dial, knownRelays: knowing({ remember }) });
    assert.equal(code, 0);
    assert.equal(err, "npubwire: not remembered: cannot be written\n");
  });
});

describe("npubwire forget", () => {
  it("forgets an endpoint, however it is written", async () => {
    const forgotten: string[] = [];
    const forget = (endpoint: string) => forgotten.push(endpoint) > 0;
    const { code, out } = await npubwire(["forget", "LOCALHOST:7777"], {
      knownRelays: knowing({ forget }),
    });
    assert.equal(code, 0);
    assert.match(out, /localhost:7777/);
    assert.deepEqual(forgotten, ["localhost:7777"]);
  });

  it("says when there is nothing to forget", async () => {
    const unknown = await npubwire(["forget", "localhost:7777"]);
    assert.equal(unknown.code, 1);
    assert.equal(unknown.err, "npubwire: no relay is known at localhost:7777\n");
    assert.equal((await npubwire(["forget", "ws://localhost"])).code, 2);
  });
});

function knowing(known: Partial<KnownRelays>): KnownRelays {
  const told: RelayAddress[] = [];
  return {
    check() {},
    remember: (address) => told.push(address) > 0,
    forget: () => false,
    ...known,
  };
}
