import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CliParts, HttpPost, HttpReply } from "../../src/cli/parts.ts";
import { readHttpAuth, verifyHttpAuth } from "../../src/nostr/http-auth.ts";
import { encodeNsec, generateSecretKey, publicKeyOf } from "../../src/nostr/key.ts";
import { crypto, NOW, NPUB, npubwire } from "./harness.ts";

const admin = generateSecretKey(crypto);
const environment = { NPUBWIRE_CLIENT_KEY: encodeNsec(admin) };
const HEX = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";

/** Runs `npubwire manage …words` against a relay that gives this reply to everything. */
async function manage(words: readonly string[], reply: HttpReply | Error = replyOf(true)) {
  const posts: HttpPost[] = [];
  const post: CliParts["post"] = async (request) => {
    posts.push(request);
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const outcome = await npubwire(["manage", ...words], { environment, post });
  return { ...outcome, posts, sent: posts.map(({ body }) => JSON.parse(body) as unknown) };
}

function replyOf(result: unknown): HttpReply {
  return { status: 200, body: JSON.stringify({ result }) };
}

describe("npubwire manage", () => {
  it("signs each request for its URL and body", async () => {
    const { code, out, posts } = await manage(["banpubkey", NPUB, "sp\u00e4m"]);
    assert.deepEqual([code, out], [0, "true\n"]);
    const [post] = posts;
    assert(post);
    const { Authorization, "Content-Type": type } = post.headers;
    assert.equal(type, "application/nostr+json+rpc");
    const event = readHttpAuth(Authorization, {
      method: "POST",
      isRequested: (url) => url === post.url && url === "http://127.0.0.1:7777/",
      now: NOW,
    });
    assert(event.ok);
    const verified = verifyHttpAuth(event.value, Buffer.from(post.body), crypto);
    assert.equal(verified.ok && verified.value.pubkey, publicKeyOf(admin, crypto));
  });

  it("hands over npubs as hex, kinds as numbers, and all else as it is", async () => {
    const calls = [
      [["supportedmethods"], []],
      [
        ["banpubkey", NPUB, "1"],
        [HEX, "1"],
      ],
      [["allowkind", "30023"], [30_023]],
      [["disallowkind", "x"], ["x"]],
      [["changerelayname", "2025"], ["2025"]],
      [
        ["assignrole", NPUB, "king"],
        [HEX, "king"],
      ],
    ] as const;
    for (const [words, params] of calls) {
      const { sent } = await manage(words);
      assert.deepEqual(sent, [{ method: words[0], params }]);
    }
  });

  it("prints a list line by line, with nothing that moves a cursor", async () => {
    const { out } = await manage(
      ["x"],
      replyOf(["a", 1, { id: "b", reason: "\u202e" }, "\u001b[2J"]),
    );
    assert.equal(out, 'a\n1\n{"id":"b","reason":"\\u202e"}\n\\u001b[2J\n');
  });

  it("says what the relay has refused, and what helps", async () => {
    const cases = [
      [{ status: 200, body: '{"error":"unknown\\u001b method"}' }, 1, /unknown\\u001b method/],
      [
        { status: 401, body: '{"error":"not yours"}' },
        1,
        /HTTP 401\): not yours\n.*administrators/,
      ],
      [{ status: 403, body: "" }, 1, /HTTP 403\)\n.*ssh -L/],
      [{ status: 405, body: "Method not allowed" }, 1, /HTTP 405/],
      [{ status: 500, body: "" }, 1, /HTTP 500/],
      [{ status: 200, body: "<html>" }, 1, /not one of NIP-86/],
      [{ status: 200, body: "{}" }, 1, /not one of NIP-86/],
      [new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") }), 3, /ECONNREFUSED/],
    ] as const;
    for (const [reply, expected, message] of cases) {
      const { code, out, err } = await manage(["x"], reply);
      assert.deepEqual([code, out], [expected, ""], err);
      assert.match(err, message);
    }
  });

  it("signs nothing without a key of yours, or for a place that the network could read", async () => {
    const { code, err } = await npubwire(["manage", "supportedmethods"]);
    assert.equal(code, 2);
    assert.match(err, /no key to sign with/);
    for (const url of ["http://relay.example.com", "ws://127.0.0.1", "x", "https://a@b.example"]) {
      const refused = await manage(["x", "--url", url]);
      assert.deepEqual([refused.code, refused.posts.length], [2, 0], url);
    }
    for (const url of [
      "https://relay.example.com/a",
      "http://localhost:1/",
      "http://[::1]:7777/",
    ]) {
      assert.equal((await manage(["x", "--url", url])).posts[0]?.url, url);
    }
    assert.equal((await manage(["banpubkey", `${NPUB.slice(0, -1)}x`])).code, 2);
  });
});
