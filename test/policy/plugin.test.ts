import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Author, NOW } from "../relay/conformance/session.ts";
import { turns, unsigned } from "../relay/setup.ts";
import {
  author,
  CONTRARY,
  CONTRARY_IN_SHELL,
  event,
  FAILED,
  peer,
  script,
  type TestPlugin,
  testPlugin,
} from "./plugin-setup.ts";

/** Real processes answer in milliseconds; one that never does must fail a test, not hold it up. */
const TIMEOUT = { timeout: 600_000 };
const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("plugins as operators write them", TIMEOUT, () => {
  test("in shell", async (t) => {
    const plugin = testPlugin(t, `sh ${script("allow-list.sh")} ${author.pubkey}`);
    const stranger = new Author();
    const quoting = `"event":{"id":"${"0".repeat(64)}","pubkey":"${author.pubkey}" 'it''s' $(exit) \\n`;
    assert.equal(await plugin.write(event(quoting)), "true");
    const unlisted = stranger.sign({ content: quoting }, unsigned);
    assert.equal(await plugin.write(unlisted), "false blocked: not on the list");
    assert.equal(await plugin.write(event("again")), "true");
    assert.equal(plugin.starts(), 1);
  });

  test("in Python", { skip: hasPython ? false : "python3 is not installed" }, async (t) => {
    const plugin = testPlugin(t, `python3 ${script("members.py")}`);
    const self = peer("2001:db8::1", author.pubkey);
    assert.equal(await plugin.write(event("Grüße 🌍"), self), "true");
    assert.equal(await plugin.write(event("spam"), self), "true ");
    assert.equal(
      await plugin.write(event("spam"), peer("192.0.2.7")),
      "false restricted: IP4 192.0.2.7 is not the author",
    );
  });

  test("requests to vanish are not theirs to refuse (NIP-62)", async (t) => {
    const plugin = testPlugin(t, "exit 1");
    assert.equal(await plugin.write(event("forget me", { kind: 62 })), "true");
    assert.equal(plugin.starts(), 0);
  });

  test("a path to a program, started anew when the file has changed", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "npubwire-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "plugin");
    const original = script("contrary.js").slice(1, -1);
    const plugin = testPlugin(t, path);
    assert.equal(await plugin.write(event("accept")), FAILED); // there is no such file yet
    copyFileSync(original, path); // with its mode
    for (const seconds of [1_000, 1_000, 2_000]) {
      utimesSync(path, seconds, seconds);
      assert.equal(await plugin.write(event("accept")), "true");
    }
    assert.equal(plugin.starts(), 2);
    rmSync(path);
    assert.equal(await plugin.write(event("accept")), FAILED);
  });
});

describe("what a plugin is told", TIMEOUT, () => {
  const told = async (plugin: TestPlugin, from = peer(), content = "echo") => {
    const answer = await plugin.write(event(content), from);
    return JSON.parse(answer.replace("false blocked: ", "")) as Record<string, unknown>;
  };

  test("the event, when and where it came from", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    assert.deepEqual(await told(plugin, peer("192.0.2.7")), {
      type: "new",
      event: JSON.parse(event("echo").json),
      receivedAt: NOW,
      sourceType: "IP4",
      sourceInfo: "192.0.2.7",
    });
    const { sourceType, sourceInfo } = await told(plugin, peer("2001:db8::1"));
    assert.deepEqual([sourceType, sourceInfo], ["IP6", "2001:db8::1"]);
  });

  test("which key has authenticated: the author's, or else the first", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const [one, other] = [new Author().pubkey, new Author().pubkey];
    for (const [pubkeys, authed] of [
      [[one], one],
      [[one, other], one],
      [[other, one, author.pubkey], author.pubkey],
    ] as const) {
      assert.equal((await told(plugin, peer("192.0.2.1", ...pubkeys)))["authed"], authed);
    }
  });

  test("its environment, and one line an event whatever the event holds", async (t) => {
    const plugin = testPlugin(t, CONTRARY, { environment: { GREETING: "hello" } });
    const asking = event("environment", { tags: [["GREETING"]] });
    assert.equal(await plugin.write(asking), "false blocked: hello");
    assert.equal(await plugin.write(event("a\nb\rc\u2028d\u2029e\u0000\u0085")), "true");
    assert.equal(plugin.starts(), 1);
  });

  test("nothing of events that are stored already", async (t) => {
    const stored = event("reject");
    const plugin = testPlugin(t, CONTRARY, { isStored: async (id) => id === stored.id });
    assert.equal(await plugin.write(stored), "true");
    assert.equal(plugin.starts(), 0);
    assert.equal(
      await plugin.write(event("reject", { kind: 20_000 })),
      "false blocked: as you wish",
    );
  });

  test("one event at a time, in the clients' order, and clients take turns", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const [flooder, other] = [peer(), peer()];
    const order: string[] = [];
    const write = async (name: string, from = flooder) => {
      const tags = [["name", name]];
      assert.equal(await plugin.write(event("alone", { tags }), from), "true");
      order.push(name);
    };
    const flood = Array.from({ length: 12 }, (_, i) => write(`${i}`));
    await Promise.all([...flood, write("a", other), write("b", other)]);
    assert.deepEqual(order, [
      "0",
      "1",
      "a",
      "2",
      "b",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "10",
      "11",
    ]);
  });
});

describe("a plugin that fails", TIMEOUT, () => {
  const failures: readonly (readonly [content: string, reason: RegExp])[] = [
    ["exit", /has ended|reads no more/],
    ["kill", /has ended|reads no more/],
    ["close stdout", /has ended/],
    ["oversized", /more than 8192 bytes/],
    ["endless", /more than 8192 bytes/],
    ["wrong id", /about another event/],
    ["no id", /about another event/],
    ["unknown action", /unknown action/],
    ["no action", /unknown action/],
    ["odd message", /not a text/],
    ["not an object", /not an object/],
    ["chatter", /lines that are no JSON/],
  ];
  for (const [content, reason] of failures) {
    test(`${content}: the event is refused, the next one is judged by a new process`, async (t) => {
      const plugin = testPlugin(t, CONTRARY);
      assert.equal(await plugin.write(event(content)), FAILED);
      const lines = plugin.log.filter((line) => line.startsWith("write policy plugin failed"));
      assert.equal(lines.length, 1);
      assert.match(String(lines[0]), reason);
      assert.equal(await plugin.write(event("accept")), "true");
      assert.equal(plugin.starts(), 2);
    });
  }

  test("does not answer in time", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const verdict = plugin.write(event("hang"));
    const next = plugin.write(event("accept"));
    await plugin.logged("write policy plugin hanging");
    assert.deepEqual(plugin.clock.timers, [10_000]);
    plugin.clock.expire(10_000);
    assert.equal(await verdict, FAILED);
    assert.ok(plugin.log.includes("write policy plugin failed does not answer in 10000 ms"));
    assert.equal(await next, "true");
  });

  test("does not take the event in time", async (t) => {
    const plugin = testPlugin(t, "exec sleep 1000");
    const verdict = plugin.write(event("x".repeat(2 ** 22))); // more than a pipe holds
    while (plugin.clock.timers.length === 0) await turns(1);
    await turns();
    plugin.clock.expire(10_000);
    assert.equal(await verdict, FAILED);
    assert.ok(
      plugin.log.includes("write policy plugin failed does not take the event in 10000 ms"),
    );
  });

  test("does not end at SIGTERM: SIGKILL, and no two run at once", async (t) => {
    const plugin = testPlugin(t, CONTRARY_IN_SHELL);
    const verdict = plugin.write(event("ignore SIGTERM"));
    await plugin.logged("write policy plugin hanging");
    plugin.clock.expire(10_000);
    assert.equal(await verdict, FAILED);
    const next = plugin.write(event("accept"));
    await plugin.logged("write policy plugin not me");
    assert.equal(plugin.starts(), 1);
    plugin.clock.expire(2_000);
    assert.equal(await next, "true");
    assert.equal(plugin.starts(), 2);
  });

  test("cannot even be found", async (t) => {
    const plugin = testPlugin(t, "exec /nowhere/plugin --now");
    assert.equal(await plugin.write(event("x")), FAILED);
    await plugin.logged("write policy plugin sh: ");
  });

  test("cannot be run for want of a shell", async (t) => {
    const plugin = testPlugin(t, CONTRARY, { environment: { PATH: "/nowhere" } });
    assert.equal(await plugin.write(event("accept")), FAILED);
    await plugin.logged("write policy plugin failed cannot be run: ");
    await plugin.policy.close();
  });

  test("again and again is left alone for a moment that doubles, and events are refused", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    assert.equal(await plugin.write(event("exit")), FAILED);
    for (const rest of [100, 200, 400, 800, 1_600, 3_200, 3_200]) {
      assert.equal(await plugin.write(event("exit")), FAILED);
      const starts = plugin.starts();
      assert.equal(await plugin.write(event("accept")), FAILED);
      assert.equal(plugin.starts(), starts);
      plugin.clock.expire(rest);
    }
    assert.equal(await plugin.write(event("accept")), "true");
    assert.equal(await plugin.write(event("exit")), FAILED);
    assert.equal(await plugin.write(event("accept")), "true"); // the count began anew
  });

  test("is not blamed on others: a store that fails is logged, and the event refused", async (t) => {
    const isStored = () => Promise.reject(new Error("disk"));
    const plugin = testPlugin(t, CONTRARY, { isStored });
    assert.equal(await plugin.write(event("accept")), FAILED);
    assert.deepEqual(plugin.log, ["write policy plugin failed Error: disk"]);
  });
});

describe("a plugin that is untidy", TIMEOUT, () => {
  test("lines that are no JSON are logged and skipped", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    for (let i = 0; i < 60; i += 1) assert.equal(await plugin.write(event("junk")), "true");
    assert.ok(plugin.log.includes("write policy plugin wrote no JSON SOME JUNK"));
    assert.equal(plugin.starts(), 1);
  });

  test("an answer may come in parts", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    assert.equal(await plugin.write(event("partial")), "true");
  });

  test("an answer too many ends it before it can pass for the answer about another event", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    assert.equal(await plugin.write(event("twice")), "true");
    assert.equal(await plugin.write(event("twice")), "true");
    assert.ok(plugin.log.includes("write policy plugin failed spoke without being asked"));
    assert.equal(plugin.starts(), 2);
  });

  test("one that ends after an answer is started anew", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    assert.equal(await plugin.write(event("last words")), "true");
    await plugin.logged("write policy plugin failed has ended");
    assert.equal(await plugin.write(event("accept")), "true");
  });

  test("what it writes to standard error is logged, long lines cut", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const { id } = event("noise");
    assert.equal(await plugin.write(event("noise")), "true");
    await plugin.logged(`write policy plugin about ${id}`);
    await plugin.logged("write policy plugin long");
    const long = plugin.log.find((line) => line.includes("long")) ?? "";
    assert.equal(long.length, "write policy plugin ".length + 1_024);
  });

  test("a rejection is logged with the plugin's words, and without words it is not", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const expected = "false blocked: the relay's policy does not accept this event";
    assert.equal(await plugin.write(event("no words")), expected);
    assert.deepEqual(plugin.log, ["write policy plugin starts"]);
    await plugin.write(event("reject"));
    const line = `refused an event ${event("reject").id} reject blocked: as you wish`;
    assert.deepEqual(plugin.log.slice(1), [`write policy plugin ${line}`]);
  });
});

describe("the line of events", TIMEOUT, () => {
  test("is bounded", async (t) => {
    const plugin = testPlugin(t, CONTRARY, { isStored: () => new Promise(() => {}) });
    const one = event("accept");
    for (let i = 0; i < 4_097; i += 1) void plugin.write(one); // one of them has its turn
    assert.match(await plugin.write(one), /^false rate-limited: /);
  });

  test("is refused at the close, and the plugin is gone", async (t) => {
    const plugin = testPlugin(t, CONTRARY);
    const pid = Number((await plugin.write(event("pid"))).replace("false blocked: ", ""));
    process.kill(pid, 0); // it is there
    const waiting = [plugin.write(event("hang")), plugin.write(event("accept"))];
    await plugin.logged("write policy plugin hanging");
    await plugin.policy.close();
    assert.deepEqual(await Promise.all(waiting), [FAILED, FAILED]);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    assert.equal(await plugin.write(event("accept")), FAILED);
    assert.deepEqual([plugin.starts(), plugin.clock.timers], [1, []]);
  });

  test("may be closed before anything has come", async (t) => {
    await testPlugin(t, CONTRARY).policy.close();
  });
});
