/**
 * What a stranger may cost before anything is known of it: connections and handshakes per address,
 * in all, and per minute. An address is an IPv4 address or an IPv6 /64.
 */

import type { IncomingMessage } from "node:http";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { Clock } from "../../clock.ts";

export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Handshakes that wait for the client's first frame. */
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
  readonly maxPerMinutePerAddress: number;
}

/** What one address, or all together, have of what is limited. */
interface Usage {
  connections: number;
  pending: number;
}

interface AddressUsage extends Usage {
  /** Handshakes begun in the minute that started at `minute`. */
  begun: number;
  minute: number;
}

const MINUTE = 60;

/** One connection's place. Each method may be called again without effect. */
export class Ticket {
  readonly #address: Usage;
  readonly #all: Usage;
  #isPending = true;
  #isConnected = true;

  constructor(address: Usage, all: Usage) {
    this.#address = address;
    this.#all = all;
    for (const usage of [address, all]) {
      usage.connections++;
      usage.pending++;
    }
  }

  /** The handshake is over, well or badly. */
  settled(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#address.pending--;
    this.#all.pending--;
  }

  /** The connection is gone. */
  leave(): void {
    this.settled();
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#address.connections--;
    this.#all.connections--;
  }
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #usage = new Map<string, AddressUsage>();
  readonly #all: Usage = { connections: 0, pending: 0 };
  #swept = 0;

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** A place for a connection that begins its handshake, or `undefined` when a limit is reached. */
  enter(address: string): Ticket | undefined {
    const usage = this.#usageOf(addressGroup(address));
    const limits = this.#limits;
    // Counted first: those who are refused for going too fast do not get in by going on.
    usage.begun++;
    if (
      usage.begun > limits.maxPerMinutePerAddress ||
      usage.pending >= limits.maxPendingPerAddress ||
      usage.connections >= limits.maxConnectionsPerAddress ||
      this.#all.pending >= limits.maxPending ||
      this.#all.connections >= limits.maxConnections
    ) {
      return undefined;
    }
    return new Ticket(usage, this.#all);
  }

  #usageOf(group: string): AddressUsage {
    const minute = Math.floor(this.#clock.now() / MINUTE);
    this.#sweep(minute);
    let usage = this.#usage.get(group);
    if (!usage) {
      usage = { connections: 0, pending: 0, begun: 0, minute };
      this.#usage.set(group, usage);
    }
    if (usage.minute !== minute) {
      usage.minute = minute;
      usage.begun = 0;
    }
    return usage;
  }

  /** Once a minute, forgets addresses that are not here any more. */
  #sweep(minute: number): void {
    if (this.#swept === minute) return;
    this.#swept = minute;
    for (const [group, usage] of this.#usage) {
      if (usage.connections === 0 && usage.minute !== minute) this.#usage.delete(group);
    }
  }
}

/** Whose address counts: the socket's, or the one that a trusted proxy reports. */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: BlockList,
): string {
  let address = plainAddress(socketAddress ?? "");
  if (forwardedFor === undefined) return address;
  // Each proxy appends whom it heard from, so the list is read from its trusted end.
  const hops = forwardedFor.split(",").map((hop) => plainAddress(hop.trim()));
  while (isListed(address, trustedProxies)) {
    const hop = hops.pop();
    if (hop === undefined || !(isIPv4(hop) || isIPv6(hop))) break;
    address = hop;
  }
  return address;
}

/** {@link clientAddress} of an HTTP request. */
export function requestAddress(request: IncomingMessage, trustedProxies: BlockList): string {
  const forwarded = request.headers["x-forwarded-for"]?.toString();
  return clientAddress(request.socket.remoteAddress, forwarded, trustedProxies);
}

/**
 * Whether a program on this machine speaks for itself. A proxy on it speaks for strangers, so what a
 * proxy has marked is from elsewhere.
 */
export function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const isNeighbour = isLoopback(plainAddress(socket.remoteAddress ?? ""));
  return isNeighbour && !FORWARDING.some((name) => headers[name] !== undefined);
}

const FORWARDING = [
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-real-ip",
  "forwarded",
  "via",
];

/** Reads addresses and CIDR networks; throws a RangeError for anything else. */
export function addressList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Whether the address is of this machine. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** Whether the address is in the list. */
export function isListed(address: string, list: BlockList): boolean {
  if (!isIPv4(address) && !isIPv6(address)) return false;
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** IPv4 inside IPv6 (`::ffff:192.0.2.1`) is IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/** One household or server gets a whole IPv6 /64, so that is what is counted. */
export function addressGroup(address: string): string {
  if (!address.includes(":") || !isIPv6(address)) return address; // the second takes its time
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
