/** The published vectors that the conformance suite goes by, with the shapes of their files. */

import { readVectors } from "../vectors.ts";

/** The tests of a Wycheproof file. */
export function wycheproof<T>(file: string): readonly T[] {
  const { testGroups }: { testGroups: { tests: T[] }[] } = JSON.parse(
    readVectors(`published/${file}`),
  );
  return testGroups.flatMap((group) => group.tests);
}

/** NIP-44's conversation keys. */
export function conversationKeys(): {
  readonly valid: readonly ConversationKey[];
  readonly invalid: readonly ConversationKey[];
} {
  const { v2 }: Nip44 = JSON.parse(readVectors("published/nip44.vectors.json"));
  return { valid: v2.valid.get_conversation_key, invalid: v2.invalid.get_conversation_key };
}

export interface SchnorrTest {
  readonly index: string;
  /** Empty where there is nothing to sign; so is `auxiliary`. */
  readonly secretKey: string;
  readonly publicKey: string;
  readonly auxiliary: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

/** The rows of BIP-340's table. */
export function bip340(): readonly SchnorrTest[] {
  const [, ...rows] = readVectors("published/bip340.csv").trim().split(/\r?\n/);
  return rows.map((row) => {
    const [index = "", secretKey = "", publicKey = "", auxiliary = "", ...signed] = row.split(",");
    const [message = "", signature = "", result] = signed;
    const valid = result === "TRUE";
    return { index, secretKey, publicKey, auxiliary, message, signature, valid };
  });
}

export interface AesGcmTest extends WycheproofTest {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

export interface EcdhTest extends WycheproofTest {
  readonly public: string;
  readonly private: string;
  readonly shared: string;
}

export interface HkdfTest extends WycheproofTest {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

interface WycheproofTest {
  readonly result: "valid" | "invalid" | "acceptable";
}

interface ConversationKey {
  readonly sec1: string;
  readonly pub2: string;
  readonly conversation_key: string;
  readonly note: string;
}

interface Nip44 {
  readonly v2: {
    readonly valid: { readonly get_conversation_key: readonly ConversationKey[] };
    readonly invalid: { readonly get_conversation_key: readonly ConversationKey[] };
  };
}

/** RFC 5869, appendix A.1 to A.3. */
export const RFC_5869: readonly HkdfCase[] = [
  {
    inputKey: new Uint8Array(22).fill(0x0b),
    salt: range(0x00, 0x0c),
    info: range(0xf0, 0xf9),
    output: hex(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
  },
  {
    inputKey: range(0x00, 0x4f),
    salt: range(0x60, 0xaf),
    info: range(0xb0, 0xff),
    output: hex(
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
  },
  {
    inputKey: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(0),
    info: new Uint8Array(0),
    output: hex(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
  },
];

interface HkdfCase {
  readonly salt: Uint8Array;
  readonly inputKey: Uint8Array;
  readonly info: Uint8Array;
  readonly output: Uint8Array;
}

function range(first: number, last: number): Uint8Array {
  return Uint8Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}
