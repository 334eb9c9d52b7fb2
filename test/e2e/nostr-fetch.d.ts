/**
 * nostr-fetch, as far as its recipe uses it: its own declarations leave out the extensions that
 * Node's module resolution wants.
 */
declare module "nostr-fetch" {
  export class NostrFetcher {
    static init(options?: { webSocketConstructor?: new (url: string) => object }): NostrFetcher;
    fetchLatestEvents(
      relays: string[],
      filter: { kinds: number[] },
      limit: number,
    ): Promise<{ content: string }[]>;
    shutdown(): void;
  }
}
