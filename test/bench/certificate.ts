/**
 * A self-signed certificate for one run, made with node:crypto alone: X.509 version 1 (RFC 5280,
 * section 4.1) in DER, ECDSA on P-256.
 */

import { generateKeyPairSync, sign } from "node:crypto";

export interface SelfSigned {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Valid for a day around now; `name` becomes the common name. */
export function selfSigned(name: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const subject = sequence(der(SET, sequence(COMMON_NAME, der(UTF8_STRING, Buffer.from(name)))));
  const now = Date.now();
  const body = sequence(
    der(INTEGER, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    subject,
    sequence(time(now - HALF_A_DAY), time(now + HALF_A_DAY)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.toString("base64")}\n-----END CERTIFICATE-----\n`,
  };
}

const HALF_A_DAY = 12 * 60 * 60 * 1000;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;

/** 1.2.840.10045.4.3.2 and 2.5.4.3, as DER writes them. */
const ECDSA_WITH_SHA256: Buffer = sequence(der(OBJECT_ID, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME: Buffer = der(OBJECT_ID, Buffer.from("550403", "hex"));

function sequence(...items: readonly Buffer[]): Buffer {
  return der(SEQUENCE, ...items);
}

/** YYMMDDHHMMSSZ */
function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/^..|[-:T]|\.\d+/g, "");
  return der(UTC_TIME, Buffer.from(text));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  // DER wants the shortest form; no certificate of ours reaches 64 KiB.
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
