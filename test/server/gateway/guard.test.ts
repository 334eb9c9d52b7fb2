import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { identify } from "../../../src/server/gateway/guard.ts";
import type { GatewaySettings } from "../../../src/server/gateway/settings.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const ADDRESS =
  "nostr+ws://npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6@relay.example:7777";
const SETTINGS: GatewaySettings = {
  host: "127.0.0.1",
  port: 7780,
  secret: SECRET,
  origins: ["https://app.example"],
  signer: "throwaway",
  relays: { home: [ADDRESS] },
};
const PORT = 7781;
const HOST = `127.0.0.1:${PORT}`;
const PATH = `/${SECRET}/home`;

describe("the gateway's guard", () => {
  it("lets programs in that know the URL, and the pages on the list", () => {
    const program = ask(PATH, ["Host", HOST]);
    assert.ok(typeof program === "object");
    assert.equal(program.name, "home");
    assert.deepEqual(
      program.addresses.map(({ canonical }) => canonical),
      [ADDRESS],
    );
    assert.equal(program.origin, undefined);
    const page = ask(PATH, ["Host", HOST, "Origin", "https://app.example"]);
    assert.equal(typeof page === "object" && page.origin, "https://app.example");
    const v6 = ask(PATH, ["Host", `[::1]:${PORT}`], SETTINGS, `[::1]:${PORT}`);
    assert.equal(typeof v6, "object");
  });

  it("answers 403 to every other name for this machine: DNS rebinding", () => {
    for (const host of [
      "localhost:7781",
      "evil.example:7781",
      "127.0.0.1",
      "127.0.0.1:7780",
      "127.0.0.1:07781",
      "127.0.0.1.:7781",
      "127.1:7781",
      "[::1]:7781",
      "[::ffff:127.0.0.1]:7781",
      `${HOST} `,
      `user@${HOST}`,
      "",
    ]) {
      assert.equal(ask(PATH, ["Host", host]), 403, host);
    }
    assert.equal(ask(PATH, []), 403);
    assert.equal(ask(PATH, ["Host", HOST, "Host", "evil.example"]), 403);
    assert.equal(ask(PATH, ["Host", "evil.example", "Host", HOST]), 403);
  });

  it("answers 403 to pages that are not on the list, whatever they call themselves", () => {
    for (const origin of [
      "https://evil.example",
      "http://app.example",
      "https://app.example:443",
      "https://app.example/",
      "https://app.example.evil.example",
      "HTTPS://APP.EXAMPLE",
      `http://${HOST}`,
      "null",
      "",
    ]) {
      assert.equal(ask(PATH, ["Host", HOST, "Origin", origin]), 403, origin);
    }
    const two = ["Host", HOST, "Origin", "https://app.example", "Origin", "https://evil.example"];
    assert.equal(ask(PATH, two), 403);
  });

  it("knows the path with a slash at its end, which some libraries add", () => {
    assert.notEqual(typeof ask(`${PATH}/`, ["Host", HOST]), "number");
    assert.deepEqual(ask(`${PATH}/`, ["Host", HOST]), ask(PATH, ["Host", HOST]));
  });

  it("gives one answer to a wrong secret, an unknown name and any other path", () => {
    for (const path of [
      "/",
      `/${SECRET}`,
      `/${SECRET}/`,
      `/${SECRET}/other`,
      `/${SECRET}/constructor`,
      `/${SECRET}/__proto__`,
      `/${SECRET.toUpperCase()}/home`,
      `/${SECRET.slice(1)}/home`,
      `/${"0".repeat(32)}/home`,
      "//home",
      "/home",
      `/${SECRET}/home//`,
      `/${SECRET}/home?relay=ws://evil.example`,
      `/${SECRET}/home#x`,
      `/%30${SECRET.slice(1)}/home`,
      `http://${HOST}${PATH}`,
      `/x${PATH}`,
    ]) {
      assert.equal(ask(path, ["Host", HOST]), 404, path);
    }
  });
});

function ask(url: string, rawHeaders: readonly string[], settings = SETTINGS, own = HOST) {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  request.rawHeaders = [...rawHeaders];
  const distinct: NodeJS.Dict<string[]> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = String(rawHeaders[at]).toLowerCase();
    distinct[name] = [...(distinct[name] ?? []), String(rawHeaders[at + 1])];
  }
  Object.defineProperty(request, "headersDistinct", { value: distinct });
  return identify(request, settings, own);
}
