/**
 * What administrators may do with a running relay (NIP-86): text of a request in, an answer out.
 * Who is an administrator, and how the text came here, is decided before. Each call changes what it
 * names and nothing else; it is durable, and in force for open connections, when it is answered.
 */

import type { Peer } from "../channel.ts";
import type { Log } from "../log.ts";
import type { RulingList, Rulings } from "../moderation.ts";
import type { EventId, PublicKey } from "../nostr/key.ts";
import type { Reason } from "../nostr/message.ts";
import { isRecord, type Parsed } from "../nostr/parsed.ts";
import type { EventStore } from "../store.ts";
import { CallError, Params } from "./params.ts";
import { reportedEvents } from "./reports.ts";
import type { Roles } from "./roles.ts";

export interface ManagementParts {
  /** The relay's own key: it and its events cannot be banned. */
  readonly self: PublicKey;
  readonly rulings: Rulings;
  readonly store: EventStore;
  readonly relay: ManagedRelay;
  readonly log: Log;
  /** The kinds that may be published, rulings included. */
  acceptedKinds(): readonly number[];
  /** The canonical spelling of an IP address or network (CIDR), if it may be blocked. */
  networkOf(text: string): Parsed<string>;
  /** Whether rulings block the address. */
  isBlocked(address: string): boolean;
  /** Called after rulings have changed, before that is answered. */
  changed(): Promise<void>;
  /** Without it, the methods about roles are not offered. */
  readonly roles?: Roles | undefined;
}

/** What management needs of a `Relay`. */
export interface ManagedRelay {
  expel(concerns: (peer: Peer) => boolean, reason: Reason): void;
  settled(): Promise<void>;
}

export type Answer = { readonly result: unknown } | { readonly error: string };

/** Characters of an administrator's key in the log, which shows no whole keys. */
const SHOWN_OF_KEY = 8;

type Method = (params: Params) => unknown;

export class Management {
  readonly #parts: ManagementParts;
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(parts: ManagementParts) {
    this.#parts = parts;
    this.#methods = new Map(
      Object.entries({
        ...this.#keys(),
        ...this.#events(),
        ...this.#description(),
        ...this.#kinds(),
        ...this.#addresses(),
        ...(parts.roles ? roleMethods(parts.roles) : {}),
      }),
    );
  }

  /** Never rejects. `administrator`: who asks, for the log. */
  async answer(text: string, administrator: PublicKey): Promise<Answer> {
    const { log, rulings, changed } = this.#parts;
    const { revision } = rulings;
    try {
      const { method, params } = parseRequest(text);
      const names = [...this.#methods.keys()];
      if (method === "supportedmethods") return { result: names };
      const run = this.#methods.get(method);
      if (!run) throw new CallError("unknown method; supportedmethods lists those there are");
      const result = await run(params);
      if (rulings.revision !== revision) await changed();
      log("info", "management", { method, administrator: administrator.slice(0, SHOWN_OF_KEY) });
      return { result };
    } catch (error) {
      if (error instanceof CallError) return { error: error.message };
      log("error", "management failed", { error: String(error) });
      return { error: "the relay could not carry this out" };
    }
  }

  #keys(): Record<string, Method> {
    const { rulings, relay, self } = this.#parts;
    const expel = (key: PublicKey, reason: Reason) =>
      relay.expel((peer) => peer.pubkeys.has(key), reason);
    return {
      banpubkey: (params) => {
        const key = params.pubkey(0);
        if (key === self) throw new CallError("this is the relay's own key; it cannot be banned");
        rulings.set("banned pubkey", key, params.optionalText(1));
        expel(key, "blocked: this key is banned from this relay");
        return true;
      },
      unbanpubkey: (params) => this.#lift("banned pubkey", params.pubkey(0)),
      listbannedpubkeys: () => this.#list("banned pubkey", "pubkey"),
      allowpubkey: (params) => this.#rule("allowed pubkey", params.pubkey(0), params),
      unallowpubkey: (params) => {
        const key = params.pubkey(0);
        if (!rulings.has("allowed pubkey", key)) return true;
        this.#lift("allowed pubkey", key);
        // What it may still do is found out as it connects again.
        expel(key, "restricted: this key is no longer among those that were allowed");
        return true;
      },
      listallowedpubkeys: () => this.#list("allowed pubkey", "pubkey"),
    };
  }

  #events(): Record<string, Method> {
    const { rulings, store, relay } = this.#parts;
    return {
      listeventsneedingmoderation: async () =>
        (await reportedEvents(store, rulings)).map(({ id, reason }) => entry("id", id, reason)),
      allowevent: (params) => {
        const id = params.eventId(0);
        this.#rule("allowed event", id, params);
        return this.#lift("banned event", id);
      },
      banevent: async (params) => {
        const id = params.eventId(0);
        await this.#refuseOwn(id);
        this.#rule("banned event", id, params);
        this.#lift("allowed event", id);
        // It may have been accepted a moment ago.
        await relay.settled();
        await store.remove([id]);
        return true;
      },
      listbannedevents: () => this.#list("banned event", "id"),
    };
  }

  /** Its list of members for instance, without which nobody would be one. */
  async #refuseOwn(id: EventId): Promise<void> {
    const { store, self } = this.#parts;
    const own = { ids: new Set([id]), authors: new Set([self]), tags: new Map() };
    if ((await store.count([own])) === 0) return;
    throw new CallError("this event is by the relay itself; it cannot be banned");
  }

  #description(): Record<string, Method> {
    const change = (field: string, text: string): true => {
      this.#parts.rulings.set("information", field, text);
      return true;
    };
    return {
      changerelayname: (params) => change("name", params.text(0)),
      changerelaydescription: (params) => change("description", params.text(0)),
      changerelayicon: (params) => change("icon", params.webUrl(0)),
    };
  }

  #kinds(): Record<string, Method> {
    return {
      allowkind: (params) => {
        const kind = String(params.kind(0));
        this.#rule("allowed kind", kind, params);
        return this.#lift("disallowed kind", kind);
      },
      disallowkind: (params) => {
        const kind = String(params.kind(0));
        this.#rule("disallowed kind", kind, params);
        return this.#lift("allowed kind", kind);
      },
      listallowedkinds: () => this.#parts.acceptedKinds(),
    };
  }

  #addresses(): Record<string, Method> {
    const { relay, networkOf, isBlocked } = this.#parts;
    const network = (params: Params): string => unwrap(networkOf(params.text(0)));
    return {
      blockip: (params) => {
        this.#rule("blocked address", network(params), params);
        relay.expel(({ address }) => isBlocked(address), "blocked: this address is blocked");
        return true;
      },
      unblockip: (params) => this.#lift("blocked address", network(params)),
      listblockedips: () => this.#list("blocked address", "ip"),
    };
  }

  /** The reason, if any, is the second parameter. */
  #rule(list: RulingList, subject: string, params: Params): true {
    this.#parts.rulings.set(list, subject, params.optionalText(1));
    return true;
  }

  #lift(list: RulingList, subject: string): true {
    this.#parts.rulings.delete(list, subject);
    return true;
  }

  #list(list: RulingList, name: string): readonly unknown[] {
    return this.#parts.rulings.entries(list).map(({ subject, note }) => entry(name, subject, note));
  }
}

function roleMethods(roles: Roles): Record<string, Method> {
  return {
    createrole: async (params) => unwrap(await roles.create(params.role())),
    editrole: async (params) => unwrap(await roles.edit(params.role())),
    deleterole: async (params) => unwrap(await roles.delete(params.roleId(0))),
    assignrole: async (params) => unwrap(await roles.assign(params.pubkey(0), params.roleId(1))),
    unassignrole: async (params) =>
      unwrap(await roles.unassign(params.pubkey(0), params.roleId(1))),
  };
}

function parseRequest(text: string): { readonly method: string; readonly params: Params } {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    throw new CallError("the request is not JSON");
  }
  if (!isRecord(request)) throw new CallError("the request is not an object");
  const { method, params = [] } = request;
  if (typeof method !== "string") throw new CallError("method: expected a text");
  if (!Array.isArray(params)) throw new CallError("params: expected an array");
  return { method, params: new Params(params) };
}

function unwrap<T>(outcome: Parsed<T>): T {
  if (outcome.ok) return outcome.value;
  throw new CallError(outcome.reason);
}

function entry(name: string, subject: string, reason: string): Readonly<Record<string, string>> {
  return reason === "" ? { [name]: subject } : { [name]: subject, reason };
}
