/**
 * SOCKS proxies, such as Tor's: they look up the names themselves, so no name server of ours learns
 * whom we dial. Whatever is wrong with one, nothing goes past it.
 */

import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { SocksProxyAgent } from "socks-proxy-agent";
import { DialError } from "../../channel/errors.ts";
import { malformed, type Parsed, parsed } from "../../nostr/parsed.ts";

/** Reads `socks5h://[user:password@]host:port`. Reasons never repeat the input. */
export function parseProxy(text: string): Parsed<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "socks5:" || url?.protocol === "socks4:") {
    return malformed("it would look up names on this machine: write socks5h://");
  }
  const isWhole = url !== undefined && url.hostname !== "" && /^\/?$/.test(url.pathname);
  if (!isWhole || url.protocol !== "socks5h:" || url.search !== "" || url.hash !== "") {
    return malformed("expected socks5h://host:port");
  }
  return parsed(url);
}

type ConnectOptions = Parameters<SocksProxyAgent["connect"]>[1];

export class ProxyAgent extends SocksProxyAgent {
  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    try {
      return await super.connect(request, options);
    } catch (cause) {
      throw proxyError(cause);
    }
  }
}

function proxyError(cause: unknown): DialError {
  const message = cause instanceof Error ? cause.message : "";
  // Only what the proxy says of the relay is the relay's; errors of TLS have codes of their own.
  const [, refusal] = /proxy rejected connection - (\w+)/.exec(message) ?? [];
  if (refusal !== undefined) {
    return new DialError("unreachable", `the proxy cannot reach the relay: ${refusal}`, { cause });
  }
  return new DialError(
    "proxy",
    "the SOCKS proxy does not answer as it should, and nothing was sent past it: is it running?",
    { cause },
  );
}
