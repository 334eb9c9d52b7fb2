/** Plain HTTP on the relay's URL: NIP-11 or a page for those who ask for it, a pointer for everybody else. */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { ManagementEndpoint } from "./http/management.ts";
import type { Page } from "./page/page.ts";

export interface HttpOptions {
  /** The NIP-11 document. Never rejects. */
  information(): unknown | Promise<unknown>;
  /** Whether every answer is an empty 404, so that nothing shows that there is a relay. */
  readonly isHidden: boolean;
  /** What browsers get. */
  readonly page?: Page | undefined;
  /** What programs get that ask for nothing in particular. */
  greeting(): string;
  readonly management?: ManagementEndpoint | undefined;
  /** Whether whoever asks is to get nothing at all. */
  isBlocked(request: IncomingMessage): boolean;
}

const INFORMATION_TYPE = "application/nostr+json";

/** NIP-11 demands these three. */
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "*",
  "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
};

/** Browsers ask for these before an administrator's page may send its requests (NIP-86). */
const MANAGEMENT_CORS = {
  "Access-Control-Allow-Headers": "*, Authorization",
  "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, POST",
};

/** Answers whatever is asked at the relay's URL. */
export function httpListener(options: HttpOptions): RequestListener {
  return (request, response) => {
    const { management } = options;
    if (options.isBlocked(request)) {
      request.resume();
      response.writeHead(options.isHidden ? 404 : 403, { "Content-Length": 0 }).end();
      return;
    }
    if (management?.takes(request)) {
      void management.serve(request, response);
      return;
    }
    // Nothing that is sent to us is of use; a body that never ends must not hold the connection.
    request.resume();
    if (options.isHidden) {
      response.writeHead(404, { "Content-Length": 0 }).end();
      return;
    }
    switch (request.method) {
      case "OPTIONS":
        return send(response, 204, undefined, "", management ? MANAGEMENT_CORS : {});
      case "GET":
      case "HEAD":
        return get(request, response, options);
      default:
        return send(response, 405, "text/plain", "Method not allowed\n", {
          Allow: "GET, HEAD, OPTIONS",
        });
    }
  };
}

/** Whether the request is the relay's business even where a website is served at the same path. */
export function isForRelay(
  request: IncomingMessage,
  { management }: Pick<HttpOptions, "management">,
): boolean {
  const { method, headers } = request;
  if (method === "GET" || method === "HEAD") return asksForInformation(request);
  const isPreflight = method === "OPTIONS" && headers["access-control-request-method"] === "POST";
  return management !== undefined && (isPreflight || management.takes(request));
}

function get(request: IncomingMessage, response: ServerResponse, options: HttpOptions): void {
  if (asksForInformation(request)) {
    void sendInformation(response, options.information());
    return;
  }
  const page = options.page?.answer(request);
  if (page) send(response, page.status, page.type, page.body, page.headers);
  else send(response, 426, "text/plain", options.greeting(), { Upgrade: "websocket" });
}

async function sendInformation(response: ServerResponse, document: unknown): Promise<void> {
  send(response, 200, INFORMATION_TYPE, JSON.stringify(await document));
}

/** The header may list several types, with parameters (NIP-11, RFC 9110 section 12.5.1). */
export function asksForInformation(request: IncomingMessage): boolean {
  const types = (request.headers.accept ?? "").split(",");
  return types.some((type) => type.split(";")[0]?.trim().toLowerCase() === INFORMATION_TYPE);
}

function send(
  response: ServerResponse,
  status: number,
  type: string | undefined,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const content =
    type === undefined
      ? {}
      : { "Content-Type": `${type}; charset=utf-8`, "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, {
    ...CORS,
    ...content,
    Vary: "Accept",
    "X-Content-Type-Options": "nosniff",
    ...headers,
  });
  response.end(body);
}
