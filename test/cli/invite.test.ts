import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { generateSecretKey, publicKeyOf } from "../../src/nostr/key.ts";
import { inviteCodes } from "../../src/policy/membership/codes.ts";
import { createKeyFile } from "../../src/server/keys/key-file.ts";
import { crypto, NOW, npubwire } from "./harness.ts";

const DAY = 86_400;
const key = generateSecretKey(crypto);

let folder: string;
let config: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-cli-invite-"));
  config = join(folder, "relay.config.json");
  writeFileSync(config, JSON.stringify({ membership: { enabled: true, inviteDays: 3 } }));
  createKeyFile(join(folder, "data", "relay.key"), key);
});
after(() => rmSync(folder, { recursive: true }));

describe("npubwire invite", () => {
  it("prints a code by the relay's key, good for the days of the configuration or the flag", async () => {
    for (const [flags, days] of [
      [[], 3],
      [["--days", "30"], 30],
    ] as const) {
      const { code, out, err } = await npubwire(["invite", "--config", config, ...flags]);
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^\S+\n$/);
      const invite = inviteCodes(key, [], crypto).read(out.trim());
      assert(invite && !invite.isShared);
      assert.equal(invite.inviter, publicKeyOf(key, crypto));
      assert.equal(invite.expiresAt, NOW + days * DAY);
    }
  });

  it("refuses a relay without members, without a key, and days that make no sense", async () => {
    const plain = join(folder, "plain.json");
    writeFileSync(plain, "{}");
    const cases = [
      [["--config", plain], /this relay has no members/],
      [["--config", config, "--data", join(folder, "nowhere")], /the relay has no key yet/],
      [["--config", config, "--days", "0"], /A whole number from 1 to 365/],
      [["--config", config, "--days", "1e2"], /A whole number from 1 to 365/],
    ] as const;
    for (const [flags, message] of cases) {
      const { code, out, err } = await npubwire(["invite", ...flags]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, message);
    }
  });
});
