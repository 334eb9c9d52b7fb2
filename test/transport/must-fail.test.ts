/**
 * Every entry of must-fail.json, through the whole channel of the end that is fed; and, where the
 * session finds it, through the session alone, which must be dead from then on.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptSecure } from "../../src/channel/accept.ts";
import { dialSecure } from "../../src/channel/dial.ts";
import { DialError } from "../../src/channel/errors.ts";
import { keySigner } from "../../src/channel/signer.ts";
import type { Link, LinkEnd } from "../../src/channel.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import { parseAddress } from "../../src/nostr/address.ts";
import { parseEvent, verifyEvent } from "../../src/nostr/event.ts";
import { type PublicKey, publicKeyFromBytes } from "../../src/nostr/key.ts";
import { accept } from "../../src/nostr/verdict.ts";
import { checkAuthEvent } from "../../src/transport/auth-event.ts";
import { MAX_FRAMES } from "../../src/transport/constants.ts";
import { TransportError } from "../../src/transport/errors.ts";
import { parseHello } from "../../src/transport/hello.ts";
import { CipherState } from "../../src/transport/noise.ts";
import { readOffer } from "../../src/transport/offer.ts";
import { initiate, respond, Session } from "../../src/transport/session.ts";
import { TestClock } from "../channel/clock.ts";
import { MemorySocket, quiet } from "../channel/sockets.ts";
import type { Input, Scenario } from "../vectors/must-fail/scenario.ts";
import { utf8 } from "../vectors/reference.ts";
import { readVectors } from "../vectors.ts";
import { bytes, goodOffer, nodeCrypto, withEphemeral } from "./sessions.ts";

interface MustFail {
  readonly client: {
    readonly secret: string;
    readonly address: string;
    readonly clock: number;
    readonly event: unknown;
    readonly max_message: number;
  };
  readonly first: { readonly relay: string; readonly client: string };
  readonly scenarios: readonly Scenario[];
}

interface Handshake {
  readonly name: string;
  readonly hello: string;
  readonly hello_length: number;
  readonly offer: string;
  readonly message2: string;
  readonly [field: string]: unknown;
}

const { client, first, scenarios }: MustFail = JSON.parse(readVectors("must-fail.json"));
const { vectors }: { vectors: readonly Handshake[] } = JSON.parse(readVectors("handshake.json"));

describe("must-fail.json", () => {
  for (const scenario of scenarios) {
    it(`${scenario.class}: ${scenario.name}`, async () => {
      const failed =
        scenario.fed === "relay" ? await feedRelay(scenario) : await feedClient(scenario);
      assert.equal(failed, scenario.class);
      if (scenario.at !== "opening") feedSession(scenario);
      if (scenario.event) checkEvent(scenario);
    });
  }

  it("has an entry for every failure class of SPEC", () => {
    const spec = readVectors("../../SPEC.md").split("### 14.1")[1]?.split("\n## ")[0] ?? "";
    const classes = [...spec.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
    assert.equal(classes.length, 21);
    assert.deepEqual(new Set(scenarios.map((scenario) => scenario.class)), new Set(classes));
  });
});

/** The class with which a relay fails that gets all this. */
async function feedRelay(scenario: Scenario): Promise<string> {
  const vector = handshakeOf(scenario);
  const offer = readOffer(scenario.offer ?? vector.offer);
  if ("status" in offer) return "offer";
  const hello = parseHello(paddedHello(vector));
  let handshake: ReturnType<typeof respond>;
  try {
    handshake = respond(offer, relayOf(vector), hello, ephemeral(vector, "e_R"));
  } catch (error) {
    return codeOf(error);
  }
  const socket = new MemorySocket();
  const accepting = acceptSecure(socket, handshake, {
    crypto: nodeCrypto,
    clock: new TestClock(scenario.clock ?? client.clock),
    relay: publicKeyFromBytes(relayOf(vector).publicKey),
    auth: hello.auth,
    address: "192.0.2.1",
    admit: async () => accept,
    authDeadline: 60_000,
  });
  if (scenario.at === "later") feed(socket, first.relay);
  else feed(socket, scenario.input);
  const { channel, refusal } = await accepting;
  if (refusal?.verdict) return refusal.verdict.accepted ? "accepted" : "auth-event";
  if (refusal) return refusal.code;
  return endOf(channel, socket, scenario);
}

/** The class with which a client fails that gets all this. */
async function feedClient(scenario: Scenario): Promise<string> {
  const address = parseAddress(client.address);
  assert.ok(address.ok);
  const socket = new MemorySocket(scenario.subprotocol);
  const isSilent = scenario.at === "before first";
  const signer = keySigner(client.secret, nodeCrypto);
  const vector = handshakeOf(scenario);
  const dialling = dialSecure(address.value, {
    crypto: ephemeral(vector, "e_C"),
    clock: new TestClock(scenario.clock ?? client.clock),
    signer: isSilent ? { ...signer, signEvent: () => new Promise(() => {}) } : signer,
    connect: () => socket,
    maxMessage: client.max_message,
    timeout: 10_000,
  });
  const settled = dialling.catch(codeOf);
  socket.open();
  feed(socket, scenario.at === "opening" ? scenario.input : vector.message2);
  if (isSilent) {
    // In the same tick as message 2, where it is easily overlooked.
    feed(socket, scenario.input);
  }
  const link = await settled;
  if (typeof link === "string") {
    assert.equal(socket.sent.length, 0, "nothing may be sent to an unproved relay");
    assert.deepEqual(socket.closed, { code: 4000, reason: undefined });
    return link;
  }
  if (scenario.at === "later") feed(socket, first.client);
  else feed(socket, scenario.input);
  return endOf(link, socket, scenario);
}

/** Feeds the rest and says how the link ended. */
async function endOf(link: Link, socket: MemorySocket, scenario: Scenario): Promise<string> {
  const ends: LinkEnd[] = [];
  link.start({ message: () => {}, end: (end) => ends.push(end) });
  if (scenario.class === "exhausted") return "exhausted"; // Only a session can be made to count so far.
  if (scenario.at === "later") {
    for (const input of scenario.accepted ?? []) feed(socket, input);
    // A link answers a close frame at once and is over then: what follows is not even read.
    if (scenario.class !== "after-close") assert.equal(ends.length, 0, "ended too early");
    feed(socket, scenario.input);
  }
  await quiet();
  const [end] = ends;
  assert.ok(end, "the link did not end");
  if (scenario.class === "after-close") return end.clean ? "after-close" : "not clean";
  assert.equal(end.clean, false);
  assert.equal(end.code, 1006);
  assert.deepEqual(socket.closed, { code: 4000, reason: undefined });
  return codeOf(end.error);
}

/** The same without a channel: whatever fails, fails for good. */
function feedSession(scenario: Scenario): void {
  if (
    typeof scenario.input === "object" &&
    !("repeat" in scenario.input || "n" in scenario.input)
  ) {
    return;
  }
  const session = scenario.fed === "relay" ? relaySession(scenario) : clientSession(scenario);
  const isFirst = scenario.fed === "relay" && scenario.at === "first";
  for (const input of scenario.accepted ?? []) session.open(bytesOf(input));
  const input = bytesOf(scenario.input);
  const failure = thrown(() => (isFirst ? session.openFirst(input) : session.open(input)));
  const isFoundAbove = ["auth-event", "verdict"].includes(scenario.class);
  if (failure === undefined || scenario.at === "before first") {
    assert.ok(isFoundAbove || scenario.class === "first-frame");
    return;
  }
  assert.equal(codeOf(failure), scenario.class);
  const later = [
    () => session.open(bytesOf(first.relay)),
    () => session.openFirst(bytesOf(first.relay)),
    () => session.sealFirst('["ANON"]'),
    () => session.sealMessages(["[]"]),
    () => session.sealCover(),
    () => session.sealClose(1000, ""),
  ];
  for (const call of later) assert.equal(thrown(call), failure);
  assert.equal(session.clean, false);
}

function relaySession(scenario: Scenario): Session {
  const vector = handshakeOf(scenario);
  const hello = parseHello(paddedHello(vector));
  const relay = relayOf(vector);
  const { session } = respond(goodOffer(vector.offer), relay, hello, ephemeral(vector, "e_R"));
  const counted = counting(session, scenario, hello.maxMessage);
  if (scenario.at === "later" && counted === session) session.openFirst(bytesOf(first.relay));
  return counted;
}

function clientSession(scenario: Scenario): Session {
  const vector = handshakeOf(scenario);
  const initiation = initiate(String(vector["S_R"]) as PublicKey, ephemeral(vector, "e_C"));
  const { session } = initiation.readMessage2(bytes(vector.message2), client.max_message);
  session.sealFirst(`["AUTH",${JSON.stringify(client.event)}]`);
  if (scenario.at === "later") session.open(bytesOf(first.client));
  return counting(session, scenario, client.max_message);
}

/** A session that has opened 2^32 frames, where the scenario asks for it. */
function counting(session: Session, { input }: Scenario, maxMessage: number): Session {
  if (typeof input !== "object" || !("n" in input)) return session;
  assert.equal(input.n, MAX_FRAMES);
  const send = new CipherState(nodeCrypto, new Uint8Array(32));
  const receive = new CipherState(nodeCrypto, new Uint8Array(32));
  Object.defineProperty(receive, "n", { value: input.n });
  const handshakeHash = session.handshakeHash;
  const counted = new Session("initiator", { send, receive, handshakeHash, maxMessage });
  counted.sealFirst('["ANON"]');
  return counted;
}

function checkEvent(scenario: Scenario): void {
  const vector = handshakeOf(scenario);
  const event = parseEvent(scenario.event);
  assert.ok(event.ok, "the event must be in good shape");
  const verified = verifyEvent(event.value, nodeCrypto);
  if (!verified.ok) return;
  const binding = {
    relay: String(vector["S_R"]) as PublicKey,
    handshakeHash: bytes(String(vector["h"])),
  };
  assert.equal(checkAuthEvent(verified.value, binding, scenario.clock ?? client.clock).ok, false);
}

function feed(socket: MemorySocket, input: Input | undefined): void {
  if (typeof input === "object" && "text" in input) socket.receive(input.text);
  else if (typeof input === "object" && "end" in input) socket.lose();
  else socket.receive(bytesOf(input));
}

function bytesOf(input: Input | undefined): Uint8Array {
  assert.ok(input !== undefined);
  if (typeof input === "string") return bytes(input);
  if ("repeat" in input) return bytes(input.repeat.repeat(input.times));
  assert.ok("frame" in input);
  return bytes(input.frame);
}

function handshakeOf({ handshake }: Scenario): Handshake {
  const vector = vectors.find(({ name }) => name === handshake);
  assert.ok(vector, handshake);
  return vector;
}

function relayOf(vector: Handshake): { secretKey: Uint8Array; publicKey: Uint8Array } {
  return { secretKey: bytes(String(vector["s_R"])), publicKey: bytes(String(vector["S_R"])) };
}

function ephemeral(vector: Handshake, name: "e_C" | "e_R"): CryptoProvider {
  return withEphemeral(nodeCrypto, bytes(String(vector[name])));
}

function paddedHello({ hello, hello_length }: Handshake): Uint8Array {
  return utf8(hello + " ".repeat(hello_length - utf8(hello).length));
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof TransportError || error instanceof DialError, String(error));
  // What it is to people; SPEC allows to tell the two apart.
  return error.code === "not-npubwire" ? "wrong-relay" : error.code;
}
