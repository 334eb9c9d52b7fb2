/** The README's recipes for proxies that end TLS, with the proxies of this machine. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import { selfSigned } from "../bench/certificate.ts";
import { failure } from "./client.ts";
import { npubwire } from "./process.ts";
import { type Scope, testFolder, testRelay } from "./setup.ts";

const README = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

interface Place {
  readonly folder: string;
  /** Where the proxy is to listen, and where the relay does. */
  readonly port: number;
  readonly relay: number;
}

/** Each recipe with other ports and files, and nothing else changed. */
const PROXIES = {
  nginx: {
    version: "-v",
    configuration: ({ folder, port, relay }: Place) => {
      const server = recipe("nginx")
        .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
        .replace(/ssl_certificate \S+;/, `ssl_certificate ${folder}/cert.pem;`)
        .replace(/ssl_certificate_key \S+;/, `ssl_certificate_key ${folder}/key.pem;`)
        .replace("127.0.0.1:7777", `127.0.0.1:${relay}`);
      const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      const temporary = kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
      const around = `daemon off;\nmaster_process off;\npid ${folder}/pid;\nerror_log stderr;\n`;
      return `${around}events {}\nhttp {\naccess_log off;\n${temporary}\n${server}}\n`;
    },
    args: (file: string) => ["-c", file],
  },
  caddy: {
    version: "version",
    configuration: ({ folder, port, relay }: Place) => {
      const site = recipe("caddy")
        .replace(
          "relay.example.com {",
          `https://localhost:${port} {\n    tls ${folder}/cert.pem ${folder}/key.pem`,
        )
        .replace("127.0.0.1:7777", `127.0.0.1:${relay}`);
      return `{\n    admin off\n    auto_https disable_redirects\n}\n${site}`;
    },
    args: (file: string) => ["run", "--adapter", "caddyfile", "--config", file],
  },
} as const;

for (const [name, proxy] of Object.entries(PROXIES)) {
  const skip = spawnSync(name, [proxy.version]).error ? `no ${name} on this machine` : false;

  describe(`behind ${name}`, { skip }, () => {
    it("clients reach the relay through TLS, and plain ones are nobody's neighbours", async (t) => {
      const port = await freePort();
      const config = {
        addresses: [`wss://localhost:${port}`],
        trustedProxies: ["127.0.0.1"],
        plaintext: "loopback",
      };
      const relay = await testRelay(t, { config });
      const { certificate, file } = await startProxy(t, name, proxy, port, relay.port);
      assert.match(relay.address, /^nostr\+wss:\/\/npub1\w+@localhost:\d+$/);

      const distrusting = await failure(relay.address, secureWebSocket());
      assert.equal(distrusting.code, "unreachable", "the certificate is checked");

      process.env["NODE_EXTRA_CA_CERTS"] = file;
      t.after(() => {
        delete process.env["NODE_EXTRA_CA_CERTS"];
      });
      const said = await npubwire(["publish", "--relay", relay.address, "through TLS"]);
      assert.equal(said.code, 0, said.err);
      const read = await npubwire(["req", "--relay", relay.address, "--kind", "1"]);
      assert.match(read.out, /"content":"through TLS"/);

      const headers = { Accept: "application/nostr+json" };
      const ask = get(`https://localhost:${port}/`, { ca: certificate, headers });
      const [response] = await once(ask, "response");
      assert.match(await text(response), /"supported_nips"/);

      const plain = new WebSocket(`wss://localhost:${port}`, { ca: certificate });
      const [notice] = await once(plain, "message");
      assert.match(String(notice), /NOTICE.*this relay is encrypted/);
      assert.equal((await once(plain, "close"))[0], 1008);
    });
  });
}

/** The block of the README in this language. */
function recipe(language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\`\n`).exec(README) ?? [];
  assert.ok(code, `no recipe for ${language} in the README`);
  return code;
}

async function startProxy(
  t: Scope,
  name: string,
  proxy: (typeof PROXIES)[keyof typeof PROXIES],
  port: number,
  relay: number,
) {
  const folder = testFolder(t);
  const { key, certificate } = selfSigned("localhost");
  const file = `${folder}/cert.pem`;
  writeFileSync(file, certificate);
  writeFileSync(`${folder}/key.pem`, key);
  writeFileSync(`${folder}/conf`, proxy.configuration({ folder, port, relay }));
  const child = spawn(name, proxy.args(`${folder}/conf`), {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  let said = "";
  child.stderr.on("data", (bytes) => {
    said += bytes;
  });
  const ended = exited.then(() => Promise.reject(new Error(`${name} has ended: ${said}`)));
  await Promise.race([answering(port), ended]);
  ended.catch(() => {});
  return { certificate, file };
}

/** Resolves when somebody listens there. */
async function answering(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
