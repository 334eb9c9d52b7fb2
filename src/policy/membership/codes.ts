/**
 * Invite codes. Those that the relay makes are good for one person and for some days, and are kept
 * nowhere: they carry who invites and until when, under a MAC that only the relay's key can make.
 * Those in the configuration are good for everybody, as long as they stand there.
 */

import { timingSafeEqual } from "node:crypto";
import type { CryptoProvider } from "../../crypto.ts";
import { isPublicKey, type PublicKey, type SecretKey } from "../../nostr/key.ts";

/** What a code stands for. */
export type Invite =
  | { readonly isShared: true }
  | {
      readonly isShared: false;
      readonly inviter: PublicKey;
      /** Unix seconds; from then on it is not good any more. */
      readonly expiresAt: number;
      /** 64 hex digits, by which the code is known once it is used up. */
      readonly fingerprint: string;
    };

export interface InviteCodes {
  /** A new code, for one person. `expiresAt`: Unix seconds. */
  make(inviter: PublicKey, expiresAt: number): string;
  /** `undefined` for what is no code of this relay; expired ones are read as well. */
  read(code: string): Invite | undefined;
}

// version (1), expiry (4, big endian), nonce (8), inviter (32), MAC (16)
const VERSION = 1;
const NONCE_BYTES = 8;
const KEY_AT = 5 + NONCE_BYTES;
const MAC_AT = KEY_AT + 32;
const CODE_BYTES = MAC_AT + 16;
/** In base64url; nothing longer is looked at. */
const MAX_CODE_LENGTH = 256;

const NO_INFO = new Uint8Array();

/** `shared`: the codes of the configuration. The key only goes into a key for these codes. */
export function inviteCodes(
  secretKey: SecretKey,
  shared: readonly string[],
  crypto: CryptoProvider,
): InviteCodes {
  const salt = Buffer.from("npubwire invite codes");
  const macKey = crypto.hkdfSha256(salt, secretKey, NO_INFO, 32);
  // HKDF begins with HMAC(salt, input), so it is a MAC, too.
  const macOf = (bytes: Uint8Array) => crypto.hkdfSha256(macKey, bytes, NO_INFO, 16);
  const digests = shared.map((code) => crypto.sha256(Buffer.from(code)));
  return {
    make(inviter, expiresAt) {
      const bytes = Buffer.alloc(CODE_BYTES);
      bytes[0] = VERSION;
      bytes.writeUInt32BE(expiresAt, 1);
      bytes.set(crypto.randomBytes(NONCE_BYTES), 5);
      bytes.write(inviter, KEY_AT, "hex");
      bytes.set(macOf(bytes.subarray(0, MAC_AT)), MAC_AT);
      return bytes.toString("base64url");
    },
    read(code) {
      if (code.length > MAX_CODE_LENGTH) return undefined;
      const digest = crypto.sha256(Buffer.from(code));
      // All are compared, so that the time tells nothing of which was nearly right.
      if (digests.filter((other) => timingSafeEqual(other, digest)).length > 0) {
        return { isShared: true };
      }
      const bytes = Buffer.from(code, "base64url");
      if (bytes.length !== CODE_BYTES || bytes[0] !== VERSION) return undefined;
      if (!timingSafeEqual(bytes.subarray(MAC_AT), macOf(bytes.subarray(0, MAC_AT)))) {
        return undefined;
      }
      const inviter = bytes.toString("hex", KEY_AT, MAC_AT);
      if (!isPublicKey(inviter)) return undefined;
      return {
        isShared: false,
        inviter,
        expiresAt: bytes.readUInt32BE(1),
        fingerprint: Buffer.from(crypto.sha256(bytes)).toString("hex"),
      };
    },
  };
}
