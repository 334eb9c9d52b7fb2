/** A remote signer (NIP-46) made of nostr-tools, at a relay of the test. */

import { AbstractRelay } from "nostr-tools/abstract-relay";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import { finalizeEvent, getPublicKey, verifyEvent } from "nostr-tools/pure";
import { WebSocket } from "ws";
import type { SecureWebSocketConstructor } from "../../src/client.ts";
import { newKey } from "./events.ts";
import { patient } from "./patience.ts";
import type { Scope } from "./setup.ts";

export interface Bunker {
  /** `bunker://…` with a secret that serves once. */
  readonly url: string;
  readonly methods: readonly string[];
  /** What becomes of requests to sign; at first it signs. */
  behave(how: "sign" | "refuse" | "keep silent" | "send to a page"): void;
}

/** `Class` opens the connection to the relay. */
export async function testBunker(
  t: Scope,
  relayUrl: string,
  userKey: Uint8Array,
  Class: typeof WebSocket | SecureWebSocketConstructor = WebSocket,
): Promise<Bunker> {
  const key = newKey();
  const secret = "s3cret";
  const methods: string[] = [];
  const known = new Set<string>();
  let behaviour: Parameters<Bunker["behave"]>[0] = "sign";
  const relay = patient(
    new AbstractRelay(relayUrl, {
      verifyEvent,
      websocketImplementation: Class as typeof globalThis.WebSocket,
    }),
  );
  await relay.connect();
  t.after(() => relay.close());

  const answers = (client: string, method: string, params: readonly string[]): object => {
    if (method === "connect") {
      if (params[1] !== secret || known.size > 0) return { error: "the secret was used" };
      known.add(client);
      return { result: "ack" };
    }
    if (!known.has(client)) return { error: "who are you?" };
    if (method === "get_public_key") return { result: getPublicKey(userKey) };
    if (method !== "sign_event") return { error: "unknown method" };
    if (behaviour === "refuse") return { error: "the person said no" };
    const template = JSON.parse(params[0] ?? "");
    return { result: JSON.stringify(finalizeEvent(template, userKey)) };
  };
  const subscribed = new Promise<void>((resolve) => {
    relay.subscribe([{ kinds: [24_133], "#p": [getPublicKey(key)], limit: 0 }], {
      oneose: resolve,
      onevent(event) {
        const conversation = getConversationKey(key, event.pubkey);
        const { id, method, params } = JSON.parse(decrypt(event.content, conversation));
        methods.push(method);
        if (method === "sign_event" && behaviour === "keep silent") return;
        const say = (message: object): void => {
          const content = encrypt(JSON.stringify({ id, ...message }), conversation);
          const created_at = Math.floor(Date.now() / 1_000);
          const tags = [["p", event.pubkey]];
          void relay.publish(finalizeEvent({ kind: 24_133, created_at, tags, content }, key));
        };
        if (method === "sign_event" && behaviour === "send to a page") {
          say({ result: "auth_url", error: "https://signer.example/agree" });
        }
        say(answers(event.pubkey, method, params));
      },
    });
  });
  await subscribed;
  const place = encodeURIComponent(relayUrl);
  return {
    url: `bunker://${getPublicKey(key)}?relay=${place}&secret=${secret}`,
    methods,
    behave(how) {
      behaviour = how;
    },
  };
}
