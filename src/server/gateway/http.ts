/** Plain HTTP at the gateway's URLs: a short NIP-11 document, and a pointer for everybody else. */

import type { RequestListener, ServerResponse } from "node:http";
import { encodeNpub } from "../../nostr/key.ts";
import { asksForInformation } from "../http.ts";
import { VERSION } from "../version.ts";
import type { Caller } from "./guard.ts";

/** `identify` says who asks, or with which status that is refused. */
export function gatewayListener(
  identify: (request: Parameters<RequestListener>[0]) => Caller | number,
): RequestListener {
  return (request, response) => {
    // Nothing that is sent to us is of use; a body that never ends must not hold the connection.
    request.resume();
    const caller = identify(request);
    if (typeof caller === "number") {
      response.writeHead(caller, { "Content-Length": 0 }).end();
      return;
    }
    switch (request.method) {
      case "OPTIONS":
        return answer(response, 204, caller, undefined, "");
      case "GET":
      case "HEAD":
        return asksForInformation(request)
          ? answer(response, 200, caller, "application/nostr+json", JSON.stringify(about(caller)))
          : answer(response, 426, caller, "text/plain", GREETING, { Upgrade: "websocket" });
      default:
        return answer(response, 405, caller, "text/plain", "Method not allowed\n", {
          Allow: "GET, HEAD, OPTIONS",
        });
    }
  };
}

const GREETING = "This is a relay's URL at an npubwire gateway: open it with a Nostr app.\n";

/** What the relay says of itself could be had unproved only, so this is the gateway's own word. */
function about({ name, addresses: [address] }: Caller): object {
  const npub = address ? encodeNpub(address.relay) : "";
  return {
    name,
    description: `npubwire gateway to the relay ${npub}`,
    self: address?.relay,
    software: "npubwire gateway",
    version: VERSION,
  };
}

function answer(
  response: ServerResponse,
  status: number,
  { origin }: Caller,
  type: string | undefined,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const content =
    type === undefined
      ? {}
      : { "Content-Type": `${type}; charset=utf-8`, "Content-Length": Buffer.byteLength(body) };
  const sharing =
    origin === undefined
      ? {}
      : {
          "Access-Control-Allow-Origin": origin,
          "Access-Control-Allow-Headers": "Accept",
          "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
        };
  response.writeHead(status, {
    ...sharing,
    ...content,
    Vary: "Accept, Origin",
    "X-Content-Type-Options": "nosniff",
    ...headers,
  });
  response.end(body);
}
