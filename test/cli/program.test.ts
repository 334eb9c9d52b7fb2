import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ADDRESS, npubwire } from "./harness.ts";

describe("npubwire", () => {
  it("explains itself, with the commands and the exit codes", async () => {
    const { code, out, err } = await npubwire(["--help"]);
    assert.equal(code, 0);
    assert.equal(err, "");
    for (const word of ["relay", "key", "publish", "req"]) {
      assert.match(out, new RegExp(`^  ${word} `, "m"));
    }
    assert.match(out, /^Exit codes:\n {2}0 {2}fine\n {2}1 .*\n {2}2 .*\n {2}3 /m);
  });

  for (const command of ["relay", "key generate", "key show", "publish", "req"]) {
    it(`explains ${command} with an example`, async () => {
      const { code, out } = await npubwire([...command.split(" "), "--help"]);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`Examples?:\n  \\$ npubwire ${command}`));
    });
  }

  it("prints its version", async () => {
    assert.deepEqual(await npubwire(["--version"]), { code: 0, out: "1.2.3\n", err: "" });
  });

  const to = ["--relay", ADDRESS];
  const wrong: readonly (readonly [args: string[], err: RegExp])[] = [
    [[], /Usage: npubwire/],
    [["key"], /Usage: npubwire key/],
    [["relai"], /unknown command 'relai'\n\(Did you mean relay\?\)/],
    [["relay", "--prot", "1"], /unknown option '--prot'\n\(Did you mean --port\?\)/],
    [["relay", "extra"], /too many arguments/],
    [["relay", "--port", "many"], /A whole number from 0 to 65535 is expected/],
    [["relay", "--port", "65536"], /A whole number from 0 to 65535 is expected/],
    [["relay", "--host", "a b"], /host: expected the address or host name to listen on, got "a b"/],
    [["relay", "--config", "/nowhere/x"], /\/nowhere\/x\n {2}there is no such file/],
    [["relay", "--json", "--qr"], /--qr has no place beside --json/],
    [["publish", "x"], /required option '--relay <address>' not specified/],
    [["publish", ...to], /there is nothing to publish\nGive a text/],
    [["publish", "x", "--relay", "ws://host"], /--relay: the URL names no relay key/],
    [["publish", "x", "--relay", "nprofile1x"], /--relay: expected an nprofile1…/],
    [["publish", "x", ...to, "--kind", "65536"], /from 0 to 65535 is expected/],
    [["publish", "x", ...to, "--tag", "t"], /Expected name=value/],
    [["publish", "x", ...to, "--tag", "[1]"], /Expected name=value/],
    [["publish", "x", ...to, "--timeout", "0"], /A number of seconds/],
    [["publish", "x", ...to, "--key", "/nowhere/k"], /no key file \/nowhere\/k\nMake one: /],
    [["req", ...to, "--npub", "0".repeat(64)], /--relay: the address names another relay key/],
    [["req", ...to, "--npub", "me"], /expected an npub/],
    [["req", ...to, "--id", "xyz"], /Expected an event id: 64 hex digits/],
    [["req", ...to, "--author", "nsec1x"], /this is a secret key/],
    [["req", ...to, "--tag", "tt=x"], /Expected one letter and a value/],
    [["req", ...to, "--since", "yesterday"], /A whole number is expected/],
    [["req", ...to, "{kinds:[1]}"], /Not JSON: column 2: expected a name in double quotes/],
    [["req", ...to, "[]"], /A filter is a JSON object/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses: npubwire ${args.join(" ")}`, async () => {
      const { code, out, err } = await npubwire(args);
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.match(err, message);
      assert.doesNotMatch(err, /^ {4}at /m);
    });
  }

  it("never repeats what stands in the place of a secret key", async () => {
    const environment = { NPUBWIRE_CLIENT_KEY: "nsec1typo" };
    const { code, err } = await npubwire(["req", ...to], { environment });
    assert.equal(code, 2);
    assert.match(err, /environment variable NPUBWIRE_CLIENT_KEY holds no key/);
    assert.doesNotMatch(err, /typo/);
  });

  it("reports what nobody expected in one line, without a stack", async () => {
    const { code, err } = await npubwire(["relay", "--data", "/nowhere"], {
      startRelay: () => Promise.reject(new Error("boom\u001b[2J")),
    });
    assert.equal(code, 1);
    assert.equal(err, "npubwire: boom\\u001b[2J\n");
  });
});
