/** No key and nonce are ever used twice, and no key serves both directions. */

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { CryptoProvider } from "../../src/crypto.ts";
import { REKEY_INTERVAL } from "../../src/transport/constants.ts";
import { initiate, respond, type Session } from "../../src/transport/session.ts";
import { goodOffer, hex, nodeCrypto, RUNS } from "./sessions.ts";

const hello = { auth: "optional", maxMessage: 2 ** 20, time: 0 } as const;

it("holds over long random runs", () => {
  const watch = new NonceWatch();
  const action = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ up: fc.boolean(), frames: fc.integer({ min: 1, max: 300 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ up: fc.boolean(), message: fc.integer({ min: 1, max: 200_000 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ up: fc.boolean(), covers: fc.integer({ min: 1, max: 64 }) }),
    },
    { weight: 1, arbitrary: fc.record({ up: fc.boolean(), flip: fc.nat(200) }) },
    { weight: 1, arbitrary: fc.record({ up: fc.boolean(), close: fc.constant(1000) }) },
  );
  const runs = fc.array(action, { minLength: 10, maxLength: 60, size: "max" });
  const property = fc.property(runs, (actions) => {
    const { client, relay } = connect(watch);
    // Right up to the first change of key, so that all that follows happens around it.
    for (let n = 1; n < REKEY_INTERVAL; n++) {
      pass(client, relay, "x");
      pass(relay, client, "x");
    }
    for (const step of actions) {
      const [from, to] = step.up ? [client, relay] : [relay, client];
      attempt(() => act(from, to, step));
    }
    for (const session of [client, relay]) attempt(() => session.sealClose(1000, "end"));
  });
  // Seeded: the figures below are about these runs.
  fc.assert(property, { numRuns: RUNS / 2, seed: 1_024 });
  assert.ok(watch.sealed > RUNS * REKEY_INTERVAL, `${watch.sealed} frames`);
  assert.ok(watch.rekeys >= RUNS, `${watch.rekeys} rekeys`);
});

it("changes keys every 1,024 frames, each direction on its own", () => {
  const watch = new NonceWatch();
  const { client, relay } = connect(watch);
  const before = watch.keys;
  // The first frame was one of these.
  for (let n = 1; n < REKEY_INTERVAL - 1; n++) pass(client, relay, "x");
  assert.equal(watch.keys, before);
  pass(client, relay, "the last under its key");
  assert.equal(watch.keys, before);
  pass(client, relay, "x");
  assert.equal(watch.keys, before + 1);
  pass(relay, client, "x");
  assert.equal(watch.keys, before + 2);
  for (let n = 1; n < 2 * REKEY_INTERVAL; n++) pass(client, relay, "x");
  assert.equal(watch.keys, before + 3);
});

type Step =
  | { readonly frames: number }
  | { readonly message: number }
  | { readonly covers: number }
  | { readonly flip: number }
  | { readonly close: number };

function act(from: Session, to: Session, step: Step): void {
  if ("frames" in step) for (let n = 0; n < step.frames; n++) pass(from, to, "x");
  else if ("message" in step) pass(from, to, "é".repeat(step.message / 2));
  else if ("covers" in step) for (let n = 0; n < step.covers; n++) open(to, from.sealCover());
  else if ("close" in step) open(to, from.sealClose(step.close, ""));
  else {
    const [frame = new Uint8Array(0)] = from.sealMessages(["x"]);
    const at = step.flip % frame.length;
    frame[at] = (frame[at] ?? 0) ^ 1;
    open(to, [frame]);
  }
}

function pass(from: Session, to: Session, text: string): void {
  open(to, from.sealMessages([text]));
}

function open(to: Session, frames: readonly Uint8Array[]): void {
  for (const frame of frames) to.open(frame);
}

/** Dead and closed sessions refuse; what counts here is what they seal. */
function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    assert.equal((error as Error).name, "TransportError");
  }
}

function connect(watch: NonceWatch): { readonly client: Session; readonly relay: Session } {
  const keys = nodeCrypto.secp256k1x.generateKeyPair();
  const initiation = initiate(hex(keys.publicKey) as Parameters<typeof initiate>[0], watch.end());
  const offer = goodOffer(initiation.protocols.join(", "));
  const { message2, session: relay } = respond(offer, keys, hello, watch.end());
  const { session: client } = initiation.readMessage2(message2, 2 ** 20);
  relay.openFirst(client.sealFirst('["ANON"]'));
  return { client, relay };
}

/** A provider for each end of each session; all report here. */
class NonceWatch {
  sealed = 0;
  rekeys = 0;
  readonly #used = new Set<string>();
  /** Which end seals under a key. */
  readonly #sealers = new Map<string, number>();
  #ends = 0;

  /** Under how many keys anything was sealed, rekeying itself left out. */
  get keys(): number {
    return this.#sealers.size;
  }

  end(): CryptoProvider {
    const end = this.#ends++;
    return {
      ...nodeCrypto,
      aes256gcm: (key) => {
        const name = hex(key);
        const aead = nodeCrypto.aes256gcm(key);
        return {
          open: (...frame) => aead.open(...frame),
          destroy: () => aead.destroy(),
          seal: (nonce, plaintext, ad) => {
            this.#note(end, name, hex(nonce));
            return aead.seal(nonce, plaintext, ad);
          },
        };
      },
    };
  }

  #note(end: number, key: string, nonce: string): void {
    // Both ends derive the next key of a direction; it is no frame and the same bytes at both.
    if (nonce.endsWith("f".repeat(16))) {
      assert.ok(this.#once(`${end} ${key} ${nonce}`), "an end rekeyed twice from one key");
      this.rekeys += 1;
      return;
    }
    assert.ok(this.#once(`${key} ${nonce}`), "a key and nonce were used twice");
    const sealer = this.#sealers.get(key) ?? end;
    assert.equal(sealer, end, "both ends seal under one key");
    this.#sealers.set(key, end);
    this.sealed += 1;
  }

  #once(use: string): boolean {
    const isNew = !this.#used.has(use);
    this.#used.add(use);
    return isNew;
  }
}
