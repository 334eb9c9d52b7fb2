import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import type { CliParts } from "../../src/cli/parts.ts";
import type { RelayConfig } from "../../src/server/config.ts";
import { ADDRESS, NPUB, npubwire, type Outcome, STARTED } from "./harness.ts";

describe("npubwire relay", () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "npubwire-cli-relay-"));
    file = write("c.json", '{ "port": 1234, "host": "::1", "log": { "level": "warn" } }');
  });
  after(() => rmSync(folder, { recursive: true }));

  it("prints exactly one line of JSON", async () => {
    const { code, out, err } = await runRelay(["--json"]);
    assert.equal(code, 0);
    assert.equal(
      out,
      `{"npub":"${NPUB}","address":"${ADDRESS}","nprofile":"nprofile1test","port":7777}\n`,
    );
    assert.equal(err, "");
  });

  it("prints npub, address and nprofile, and a hint", async () => {
    const { out } = await runRelay([]);
    assert.match(out, /^npubwire relay, listening on 0\.0\.0\.0 port 7777$/m);
    assert.match(out, new RegExp(`^  npub      ${NPUB}$`, "m"));
    assert.match(out, new RegExp(`^  address   ${ADDRESS.replace("+", "\\+")}$`, "m"));
    assert.match(out, /^ {2}nprofile {2}nprofile1test$/m);
    assert.match(out, /under "addresses" in relay\.config\.json/);
    assert.doesNotMatch(out, /[▀▄█]/);
  });

  it("gives no hint where addresses are configured", async () => {
    const configured = write("addresses.json", '{ "addresses": ["wss://relay.example.com"] }');
    const { out } = await runRelay(["--config", configured]);
    assert.doesNotMatch(out, /under "addresses"/);
  });

  it("prints a QR code when asked", async () => {
    const { out } = await runRelay(["--qr"]);
    assert.match(out, /[▀▄█]{5}/);
  });

  it("lets flags override the file", async () => {
    const fromFile = await configOf(["--config", file]);
    assert.equal(fromFile.port, 1234);
    assert.equal(fromFile.host, "::1");
    assert.equal(fromFile.data, join(folder, "data"));
    const flags = ["--config", file, "--port", "0", "--host", "127.0.0.1", "--data", "d"];
    const overridden = await configOf(flags);
    assert.equal(overridden.port, 0);
    assert.equal(overridden.host, "127.0.0.1");
    assert.equal(overridden.data, resolve("d"));
    assert.equal(overridden.log.level, "warn");
  });

  it("reports every problem of the file, and starts nothing", async () => {
    const wrong = write("wrong.json", '{ "prot": 1, "auth": "maybe" }');
    const { code, err } = await npubwire(["relay", "--config", wrong]);
    assert.equal(code, 2);
    assert.match(err, /prot: unknown setting; did you mean port\?/);
    assert.match(err, /auth: expected one of "required", "optional", got "maybe"/);
  });

  it("logs to standard error, at the level of the file", async () => {
    const { err } = await runRelay(["--config", file, "--json"], async (_config, { log }) => {
      log("info", "too fine");
      log("warn", "disk nearly full", { free: 3 });
      return STARTED;
    });
    assert.equal(err, "2023-11-14T22:13:20.000Z warn disk nearly full free=3\n");
  });

  it("runs until it is told to stop, and closes the relay before it ends", async () => {
    const steps: string[] = [];
    const stop = new AbortController();
    const close = async () => {
      await Promise.resolve();
      steps.push("closed");
    };
    const { code } = await npubwire(["relay", "--json"], {
      stop: stop.signal,
      startRelay: async () => {
        steps.push("started");
        return { ...STARTED, close };
      },
      out: () => {
        steps.push("printed");
        setImmediate(() => {
          steps.push("told to stop");
          stop.abort();
        });
      },
    });
    assert.equal(code, 0);
    assert.deepEqual(steps, ["started", "printed", "told to stop", "closed"]);
  });

  const failures: readonly (readonly [string, number, RegExp])[] = [
    ["EADDRINUSE", 1, /port 7777 on 0\.0\.0\.0 is taken by another program\nStop .* --port\.\n$/],
    [
      "EACCES",
      1,
      /no permission to listen on port 7777\nChoose a port above 1023 with --port\.\n$/,
    ],
    ["EADDRNOTAVAIL", 2, /this machine has no address 0\.0\.0\.0\nChoose .* --host/],
  ];
  for (const [errno, exitCode, message] of failures) {
    it(`says what to do about ${errno}`, async () => {
      const error = Object.assign(new Error("listen"), { code: errno, syscall: "listen" });
      const { code, out, err } = await runRelay([], () => Promise.reject(error));
      assert.equal(code, exitCode);
      assert.equal(out, "");
      assert.match(err, message);
    });
  }

  /** Starts a relay that is told to stop at once. */
  function runRelay(
    flags: readonly string[],
    startRelay: CliParts["startRelay"] = async () => STARTED,
  ): Promise<Outcome> {
    return npubwire(["relay", ...flags], { startRelay, stop: AbortSignal.abort() });
  }

  async function configOf(flags: readonly string[]): Promise<RelayConfig> {
    const seen: RelayConfig[] = [];
    await runRelay(flags, async (config) => {
      seen.push(config);
      return STARTED;
    });
    const [config] = seen;
    assert.ok(config);
    return config;
  }

  function write(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }
});
