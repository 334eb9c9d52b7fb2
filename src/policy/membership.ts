/**
 * Who is a member of the relay (NIP-43). The truth is the newest list (kind 13534) that the relay's
 * key has signed and the store holds: so it survives a restart, goes with a backup, and may be
 * imported. One change at a time, each made on what is stored by then.
 */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import {
  type EventTemplate,
  idOfJson,
  type NostrEvent,
  type VerifiedEvent,
} from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { PublicKey } from "../nostr/key.ts";
import { KIND_DELETION } from "../nostr/kind.ts";
import {
  addedTemplate,
  KIND_MEMBER_ADDED,
  KIND_MEMBERS,
  KIND_ROLE,
  type MemberList,
  memberListTemplate,
  membersIn,
  type Role,
  removedTemplate,
  roleIn,
  roleTemplate,
} from "../nostr/membership.ts";
import type { EventStore, InsertOutcome } from "../store.ts";

export interface MembershipParts {
  /** The relay's key. */
  readonly self: PublicKey;
  readonly maxMembers: number;
  readonly store: Pick<EventStore, "query" | "count">;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs with the relay's key. */
  sign(template: EventTemplate): VerifiedEvent;
  /** Stores the relay's own events together, and delivers them; `undefined` where that failed. */
  publish(events: readonly VerifiedEvent[]): Promise<readonly (InsertOutcome | undefined)[]>;
  /** Told of each key that is no member any more. */
  removed(key: PublicKey): void;
}

/** What became of somebody who was to be added. */
export type AddOutcome = "added" | "member already" | "invite used" | "no room";

/** Milliseconds between two looks at the store, which an import may have changed. */
const PAUSE = 60_000;

export class Membership {
  readonly #parts: MembershipParts;
  #members: MemberList = new Map();
  /** The stored list by its id. */
  #listId: string | undefined;
  /** The newest time that anything here was signed at: later events must not look older. */
  #newest = 0;
  /** Settles when the change that is under way is over. */
  #turn: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  has(key: PublicKey): boolean {
    return this.#members.has(key);
  }

  get members(): MemberList {
    return this.#members;
  }

  /** Reads the list and adds whom the operator names; from then on it is read now and then. */
  async open(founders: readonly PublicKey[]): Promise<void> {
    await this.#change(async () => {
      const absent = [...new Set(founders)].filter((key) => !this.has(key));
      const added = absent.slice(0, Math.max(0, this.#parts.maxMembers - this.#members.size));
      if (added.length < absent.length) {
        this.#parts.log("warn", "no room for members of the configuration", {
          missing: absent.length - added.length,
        });
      }
      if (added.length > 0) await this.#add(added);
    });
    this.#watch();
  }

  /** `fingerprint` is that of an invite for one person, which is used up thereby. */
  add(key: PublicKey, fingerprint?: string): Promise<AddOutcome> {
    return this.#change(async () => {
      if (this.has(key)) return "member already";
      if (fingerprint !== undefined && (await this.#isUsed(fingerprint))) return "invite used";
      if (this.#members.size >= this.#parts.maxMembers) return "no room";
      await this.#add([key], fingerprint);
      return "added";
    });
  }

  /** False if the key is no member. Who leaves loses access at once. */
  remove(key: PublicKey): Promise<boolean> {
    return this.#change(async () => {
      if (!this.has(key)) return false;
      const now = this.#nextTime();
      const others = [...this.#members].filter(([member]) => member !== key);
      await this.#save(new Map(others), now, [removedTemplate(key, now)]);
      return true;
    });
  }

  async roles(): Promise<readonly Role[]> {
    return (await this.#stored(KIND_ROLE)).map(roleIn);
  }

  /** False if there is a role with its id. */
  createRole(role: Role): Promise<boolean> {
    return this.#defineRole(role, false);
  }

  /** Replaces the role with its id; false if there is none. */
  editRole(role: Role): Promise<boolean> {
    return this.#defineRole(role, true);
  }

  /** Takes the role from all who have it, too. */
  deleteRole(id: string): Promise<void> {
    return this.#change(async () => {
      const now = this.#nextTime();
      const tags = [["a", `${KIND_ROLE}:${this.#parts.self}:${id}`]];
      const deletion = { kind: KIND_DELETION, created_at: now, tags, content: "" };
      const others = [...this.#members].map(([key, roles]) => [key, without(roles, id)] as const);
      await this.#save(new Map(others), now, [deletion]);
    });
  }

  /** False if the key is no member. Whether there is such a role is not asked. */
  assignRole(key: PublicKey, id: string): Promise<boolean> {
    return this.#setRoles(key, (roles) => [...without(roles, id), id]);
  }

  /** False if the key is no member. */
  unassignRole(key: PublicKey, id: string): Promise<boolean> {
    return this.#setRoles(key, (roles) => without(roles, id));
  }

  /** Reads no more; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#turn;
  }

  async #add(keys: readonly PublicKey[], fingerprint?: string): Promise<void> {
    const now = this.#nextTime();
    const members = new Map([...this.#members, ...keys.map((key) => [key, []] as const)]);
    const news = keys.map((key) => addedTemplate(key, now, fingerprint));
    await this.#save(members, now, news);
  }

  #defineRole(role: Role, isPresent: boolean): Promise<boolean> {
    return this.#change(async () => {
      const roles = await this.roles();
      if (roles.some(({ id }) => id === role.id) !== isPresent) return false;
      await this.#publish([roleTemplate(role, this.#nextTime())]);
      return true;
    });
  }

  #setRoles(
    key: PublicKey,
    next: (roles: readonly string[]) => readonly string[],
  ): Promise<boolean> {
    return this.#change(async () => {
      const roles = this.#members.get(key);
      if (roles === undefined) return false;
      await this.#save(new Map([...this.#members, [key, next(roles)]]), this.#nextTime(), []);
      return true;
    });
  }

  /** Runs alone, and on what is stored now. */
  #change<T>(run: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#read();
      return await run();
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #save(members: MemberList, now: number, news: readonly EventTemplate[]): Promise<void> {
    const list = memberListTemplate(members, now);
    const [{ id } = { id: "" }] = await this.#publish([list, ...news]);
    this.#adopt(members, id);
  }

  /** Throws when not all of it is stored. */
  async #publish(templates: readonly EventTemplate[]): Promise<readonly VerifiedEvent[]> {
    const events = templates.map((template) => this.#parts.sign(template));
    const outcomes = await this.#parts.publish(events);
    if (outcomes.some((outcome) => outcome !== "stored")) {
      throw new Error(`membership could not be stored: ${outcomes.join(", ")}`);
    }
    return events;
  }

  async #read(): Promise<void> {
    for await (const [json] of this.#parts.store.query([this.#filter(KIND_MEMBERS)])) {
      if (json === undefined || idOfJson(json) === this.#listId) continue;
      const list = JSON.parse(json) as NostrEvent; // verified before it was stored
      this.#newest = Math.max(this.#newest, list.created_at);
      this.#adopt(membersIn(list), list.id);
    }
  }

  #adopt(members: MemberList, listId: string): void {
    const gone = [...this.#members.keys()].filter((key) => !members.has(key));
    this.#members = members;
    this.#listId = listId;
    for (const key of gone) this.#parts.removed(key);
  }

  async #isUsed(fingerprint: string): Promise<boolean> {
    const tags = new Map([["x", new Set([fingerprint])]]);
    return (await this.#parts.store.count([{ ...this.#filter(KIND_MEMBER_ADDED), tags }])) > 0;
  }

  async #stored(kind: number): Promise<readonly NostrEvent[]> {
    const events: NostrEvent[] = [];
    for await (const page of this.#parts.store.query([this.#filter(kind)])) {
      for (const json of page) events.push(JSON.parse(json) as NostrEvent);
    }
    return events;
  }

  #filter(kind: number): Filter {
    return { authors: new Set([this.#parts.self]), kinds: new Set([kind]), tags: new Map() };
  }

  #nextTime(): number {
    this.#newest = Math.max(this.#parts.clock.now(), this.#newest + 1);
    return this.#newest;
  }

  #watch(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.after(PAUSE, () => {
      void this.#inTurn(() => this.#read())
        .catch((error: unknown) => {
          this.#parts.log("error", "member list could not be read", { error: String(error) });
        })
        .then(() => this.#watch());
    });
  }
}

function without(roles: readonly string[], id: string): readonly string[] {
  return roles.filter((role) => role !== id);
}
