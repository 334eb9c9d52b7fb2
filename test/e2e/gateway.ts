/** A gateway on a free port, in front of relays of the test, and what there is to look at. */

import { request } from "node:http";
import { join } from "node:path";
import { throwawaySigner } from "../../src/channel/signer.ts";
import { systemClock } from "../../src/clock.ts";
import { KnownRelaysFile } from "../../src/server/dial/known-relays.ts";
import { route } from "../../src/server/dial.ts";
import { type GatewaySettings, newGatewaySettings } from "../../src/server/gateway/settings.ts";
import {
  type GatewayOptions,
  type RunningGateway,
  startGateway,
} from "../../src/server/gateway.ts";
import { crypto } from "./events.ts";
import { type LogLine, type Scope, testFolder } from "./setup.ts";

export interface TestGateway extends RunningGateway {
  readonly log: readonly LogLine[];
  readonly knownRelays: KnownRelaysFile;
  readonly secret: string;
}

/** `relays`: addresses by name. */
export async function testGateway(
  t: Scope,
  relays: Readonly<Record<string, string>>,
  options: Partial<GatewayOptions> & { readonly origins?: readonly string[] } = {},
): Promise<TestGateway> {
  const log: LogLine[] = [];
  const knownRelays = new KnownRelaysFile(join(testFolder(t), "known_relays"));
  const settings: GatewaySettings = {
    ...newGatewaySettings(crypto),
    origins: options.origins ?? [],
    relays: Object.fromEntries(Object.entries(relays).map(([name, address]) => [name, [address]])),
  };
  const gateway = await startGateway({
    crypto,
    clock: systemClock,
    log: (level, event, fields) => log.push({ level, event, fields }),
    knownRelays,
    route: route(),
    signer: () => throwawaySigner(crypto),
    settings: () => settings,
    port: 0,
    ...options,
  });
  t.after(() => gateway.close());
  return {
    port: gateway.port,
    url: (name) => gateway.url(name),
    close: () => gateway.close(),
    log,
    knownRelays,
    secret: settings.secret,
  };
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** One HTTP request with exactly these headers; `upgrade` asks for a WebSocket. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  { upgrade = false, method = "GET" }: { upgrade?: boolean; method?: string } = {},
): Promise<Answer> {
  const { hostname, port, pathname, host } = new URL(url);
  const wanted = upgrade
    ? {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      }
    : {};
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, path: pathname, method, headers: { Host: host, ...wanted, ...headers } },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => {
          resolve({ status: response.statusCode, headers: response.headers, body });
        });
      },
    );
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body: "" });
    });
    asked.on("error", reject);
    asked.end();
  });
}
