/** Signers for those who hold a key themselves. Extensions and remote signers bring their own. */

import type { CryptoProvider } from "../crypto.ts";
import { signEvent } from "../nostr/event.ts";
import {
  generateSecretKey,
  parseSecretKey,
  publicKeyOf,
  type SecretKey,
  secretKeyFromBytes,
} from "../nostr/key.ts";
import type { Signer } from "./dial.ts";

/** An nsec, 64 hex digits or 32 bytes. Throws a TypeError, which never repeats the key. */
export function keySigner(key: string | Uint8Array, crypto: CryptoProvider): Signer {
  const secretKey =
    typeof key === "string" ? parseSecretKey(key, crypto) : secretKeyFromBytes(key, crypto);
  if (!secretKey.ok) throw new TypeError(secretKey.reason);
  return secretKeySigner(secretKey.value, crypto);
}

/** A key that nobody has seen before and that is forgotten with the connection. */
export function throwawaySigner(crypto: CryptoProvider): Signer {
  return secretKeySigner(generateSecretKey(crypto), crypto);
}

function secretKeySigner(secretKey: SecretKey, crypto: CryptoProvider): Signer {
  return {
    getPublicKey: async () => publicKeyOf(secretKey, crypto),
    async signEvent(template) {
      const { id, pubkey, created_at, kind, tags, content, sig } = signEvent(
        template,
        secretKey,
        crypto,
      );
      return { id, pubkey, created_at, kind, tags, content, sig };
    },
  };
}
