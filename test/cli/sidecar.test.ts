import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CliParts } from "../../src/cli/parts.ts";
import { ADDRESS, NPUB, npubwire, type Outcome, STARTED } from "./harness.ts";

describe("npubwire sidecar", () => {
  it("hands on where the relay behind is, and prints where it listens itself", async () => {
    const started: unknown[] = [];
    const { code, out } = await runSidecar(
      ["--upstream", "ws://127.0.0.1:7777", "--port", "7447"],
      async ({ port }, { upstream }) => {
        started.push([port, upstream]);
        return STARTED;
      },
    );
    assert.equal(code, 0);
    assert.deepEqual(started, [[7447, "ws://127.0.0.1:7777"]]);
    assert.match(out, /^npubwire sidecar, listening on 0\.0\.0\.0 port 7777$/m);
    assert.match(out, new RegExp(`^  address   ${ADDRESS.replace("+", "\\+")}$`, "m"));
  });

  it("prints one line of JSON, or a QR code, as a relay does", async () => {
    const { out } = await runSidecar(["--upstream", "ws://127.0.0.1:7777", "--json"]);
    assert.equal(JSON.parse(out).npub, NPUB);
    assert.match((await runSidecar(["--upstream", "ws://[::1]", "--qr"])).out, /[▀▄█]{5}/);
  });

  it("wants to know what is behind it", async () => {
    const { code, err } = await runSidecar([]);
    assert.equal(code, 2);
    assert.match(err, /required option '--upstream <url>'/);
  });

  function runSidecar(
    flags: readonly string[],
    startSidecar: CliParts["startSidecar"] = async () => STARTED,
  ): Promise<Outcome> {
    return npubwire(["sidecar", ...flags], { startSidecar, stop: AbortSignal.abort() });
  }
});
