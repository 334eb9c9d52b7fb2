/**
 * Every setting of `relay.config.json`: its type, its default, and the words that editors and error
 * messages use for it. The default file and the JSON schema beside it are held in step by a test.
 */

import { z } from "zod";
import {
  AUTH_DEADLINE,
  DEFAULT_RELAY_MAX_MESSAGE,
  HANDSHAKE_DEADLINE,
  MAX_MAX_MESSAGE,
  MIN_MAX_MESSAGE,
} from "../../transport/constants.ts";
import type { RelayConfig } from "../config.ts";
import {
  A_KEY,
  anyText,
  choice,
  group,
  keyList,
  kindList,
  publicKey,
  text,
  whoList,
  wholeNumber,
  yesOrNo,
} from "./types.ts";
import {
  isHost,
  isInviteCode,
  isNetwork,
  isNotEmpty,
  isPath,
  isRelayUrl,
  isVariableName,
} from "./values.ts";

/** Milliseconds. */
const SECOND = 1_000;

const key = group(
  {
    file: text("a file", isNotEmpty)
      .default("relay.key")
      .describe(
        "File that holds the relay's secret key as nsec or hex; relative to the data folder. Created on first start.",
      ),
    environment: text("the name of an environment variable", isVariableName)
      .default("NPUBWIRE_KEY")
      .describe("Environment variable that holds the secret key; if set, it wins over the file."),
  },
  "Where the relay's secret key is kept. The key itself never stands in this file.",
);

const information = group(
  {
    name: anyText().default("npubwire relay").describe("Name of the relay."),
    description: anyText().default("").describe("What the relay is for."),
    banner: anyText().default("").describe("URL of a wide picture."),
    icon: anyText().default("").describe("URL of a square picture."),
    pubkey: publicKey(A_KEY, "").default("").describe("The operator's npub (or hex key)."),
    contact: anyText().default("").describe("How to reach the operator, such as a mailto: URI."),
    termsOfService: anyText().default("").describe("URL of the terms of service."),
    hidden: yesOrNo()
      .default(false)
      .describe(
        "Whether strangers learn nothing of the relay: 404 to plain HTTP and to clients without npubwire. Clients of the relay find this in an event of kind 30166 by the relay's key.",
      ),
  },
  "What the relay tells about itself (NIP-11). Empty texts are left out.",
);

const access = group(
  {
    connect: group(
      {
        allow: whoList().describe("Who may connect."),
        deny: keyList().describe("Who is banned: neither they nor their events get in."),
      },
      'Who may use the relay at all. A list without "everybody" demands a key of each client.',
    ),
    read: whoAndWhat("read"),
    write: whoAndWhat("publish; the author of an event counts, not who brings it"),
    relayLists: choice("writers", "everybody")
      .default("writers")
      .describe(
        "Whose relay lists are accepted (kinds 10002 and 10050, by which clients find people): those of who may write, or everybody's who may connect and is not denied.",
      ),
    webOfTrust: group(
      {
        roots: keyList().describe("The npubs at the centre, such as the operator's."),
        depth: wholeNumber(1, 4)
          .default(2)
          .describe("Steps from the centre; 1 is whom the roots follow."),
        maxKeys: wholeNumber(1, 1_000_000)
          .default(100_000)
          .describe("Keys in it at most; the nearest come first."),
      },
      'Whom "webOfTrust" stands for: the roots, whom they follow, whom those follow, by the follow lists (kind 3) that the relay stores.',
    ),
  },
  'Who may do what here: lists of npubs (or hex keys) and of the words "everybody", "members" and "webOfTrust". Who is in no list may not, and deny wins. If members may connect, other keys may too, but only to ask to become one.',
);

const membership = group(
  {
    enabled: yesOrNo()
      .default(false)
      .describe("Whether there is a list of members, and requests to join and leave are followed."),
    members: keyList().describe("Who is made a member at each start."),
    maxMembers: wholeNumber(1, 20_000)
      .default(5_000)
      .describe("Members at most; the list of them is one event."),
    inviters: whoList([]).describe("Who gets invite codes from the relay for the asking."),
    inviteDays: wholeNumber(1, 365)
      .default(7)
      .describe("How long those codes are good, each for one person."),
    codes: z
      .array(text("a code of 16 to 128 characters", isInviteCode), { error: "a list of codes" })
      .default([])
      .describe("Invite codes that are good for everybody, as long as they stand here."),
  },
  'Members (NIP-43): whom the word "members" stands for in the access lists. The list is an event that the relay signs and stores; npubwire invite makes invite codes for one person.',
);

const limits = group(
  {
    maxMessageLength: wholeNumber(MIN_MAX_MESSAGE, MAX_MAX_MESSAGE)
      .default(DEFAULT_RELAY_MAX_MESSAGE)
      .describe("Bytes of one message from a client."),
    maxSubscriptions: wholeNumber(1).default(300).describe("Subscriptions of one connection."),
    maxFilters: wholeNumber(1).default(100).describe("Filters of one subscription."),
    maxFilterValues: wholeNumber(1)
      .default(10_000)
      .describe("Ids, authors, kinds and tag values in all filters of one subscription."),
    maxLimit: wholeNumber(1)
      .default(5_000)
      .describe("Stored events that one filter may ask for; a higher limit is lowered to this."),
    defaultLimit: wholeNumber(1)
      .default(500)
      .describe("Stored events for a filter without a limit; lowered to maxLimit."),
    maxEventTags: wholeNumber(0).default(5_000).describe("Tags of one event."),
    maxContentLength: wholeNumber(0)
      .default(262_144)
      .describe("Unicode characters in the content of one event."),
    createdAtLowerLimit: wholeNumber(0)
      .default(0)
      .describe("Seconds that an event may lie in the past; 0 for any age."),
    createdAtUpperLimit: wholeNumber(0)
      .default(900)
      .describe("Seconds that an event may lie in the future."),
    minPowDifficulty: wholeNumber(0, 256)
      .default(0)
      .describe("Leading zero bits that the id of an event must have (NIP-13); 0 for none."),
    maxNegentropyEvents: wholeNumber(0)
      .default(500_000)
      .describe("Events that one connection may reconcile at once (NIP-77); 0 switches it off."),
    maxBufferedBytes: wholeNumber(65_536)
      .default(8_388_608)
      .describe("Bytes waiting for one client before it counts as too slow and is closed."),
    maxStallSeconds: wholeNumber(1, 3_600)
      .default(60)
      .describe("Time in which a client that has much to read reads nothing before it is closed."),
  },
  "What every client must keep to (announced in NIP-11).",
);

const rates = group(
  {
    perAddress: rate("one IP address (IPv6: one /64 network)"),
    perNpub: rate("one key that has authenticated"),
  },
  "What one client may send in a minute, all at once or spread; 0 for any amount.",
);

const backlog = group(
  {
    maxEvents: wholeNumber(1)
      .default(8_192)
      .describe(
        "Events that wait to be checked and stored; each 4,096 characters of a long one count as one more.",
      ),
    maxRequests: wholeNumber(1)
      .default(2_048)
      .describe("REQs, COUNTs and NEG-OPENs that wait to be answered from the store."),
  },
  "What may wait, of all clients together, before those who want more than an equal part are told rate-limited.",
);

const connections = group(
  {
    max: wholeNumber(1).default(10_000).describe("Open connections."),
    maxPerAddress: wholeNumber(1)
      .default(256)
      .describe("Open connections of one IP address (IPv6: of one /64 network)."),
    maxPerNpub: wholeNumber(0)
      .default(0)
      .describe("Open connections on which one key has been proved; 0 for any number."),
  },
  "How many clients may be connected.",
);

const handshake = group(
  {
    deadlineSeconds: wholeNumber(1, 3_600)
      .default(HANDSHAKE_DEADLINE / SECOND)
      .describe("Time from connecting to the end of the handshake."),
    authDeadlineSeconds: wholeNumber(1, 3_600)
      .default(AUTH_DEADLINE / SECOND)
      .describe("Time from there until the client has proved its key; signers ask people."),
    maxPending: wholeNumber(1)
      .default(1_024)
      .describe("Connections that have not proved a key yet."),
    maxPendingPerAddress: wholeNumber(1)
      .default(16)
      .describe("The same, of one IP address (IPv6: of one /64 network)."),
    maxPerMinutePerAddress: wholeNumber(1)
      .default(600)
      .describe("Handshakes that one IP address (IPv6: one /64 network) may begin in a minute."),
  },
  "What is spent on strangers before they have proved a key.",
);

const writePolicy = group(
  {
    plugin: text("a shell command", (value) => !value.includes("\0"))
      .default("")
      .describe(
        "Command of a program that decides on every event, by strfry's plugin protocol. Without a space it is the path of a program, which is restarted when its file changes. Empty: every event is accepted.",
      ),
    timeoutSeconds: wholeNumber(1, 3_600)
      .default(10)
      .describe("Time for handing an event to the plugin, and again for its answer."),
  },
  "Who else decides which events are accepted.",
);

const log = group(
  {
    level: choice("debug", "info", "warn", "error")
      .default("info")
      .describe("Least important lines to write."),
  },
  "What the relay writes to standard error.",
);

export const configSchema: z.ZodType<RelayConfig> = z
  .strictObject(
    {
      $schema: z.string().optional().describe("Where editors find the schema of this file."),
      // A relay is made to be reached, and lets nobody in who has not proved a key.
      host: text("the address or host name to listen on", isHost)
        .default("0.0.0.0")
        .describe(
          'Address to listen on. "0.0.0.0" is every IPv4 address of this machine, "::" every address, "127.0.0.1" this machine only.',
        ),
      port: wholeNumber(0, 65_535).default(7777).describe("Port to listen on; 0 takes a free one."),
      path: text('a path that starts with "/", without query or fragment', isPath)
        .default("/")
        .describe("Path of the relay's URL."),
      addresses: z
        .array(text('a relay URL such as "wss://relay.example.com"', isRelayUrl), {
          error: "a list of relay URLs",
        })
        .default([])
        .describe(
          "Every URL by which the relay is known: ws://host, wss://host or nostr+ws://npub1…@host. The first is the one that is printed.",
        ),
      data: text("a folder", isNotEmpty)
        .default("./data")
        .describe("Folder of the database and the key; relative to this file."),
      key,
      plaintext: choice("deny", "loopback", "allow")
        .default("deny")
        .describe(
          "Whether clients may speak unencrypted NIP-01: nobody, programs on this machine, or everybody.",
        ),
      auth: choice("required", "optional")
        .default("required")
        .describe("Whether clients on encrypted connections must prove a key of their own."),
      search: z
        .boolean({ error: "true or false" })
        .default(true)
        .describe(
          "Whether what people write can be searched (NIP-50). The index takes room and time; it is made or dropped at the next start.",
        ),
      eoseHints: z
        .boolean({ error: "true or false" })
        .default(true)
        .describe(
          "Whether EOSE says if everything was sent (NIP-67). Some client libraries, Nostrify and nostr-fetch among them, take no EOSE that does.",
        ),
      threads: z
        .union([z.literal("auto"), wholeNumber(0, 64)], {
          error: 'a whole number from 0 to 64 or "auto"',
        })
        .default("auto")
        .describe(
          'Threads for checking signatures, and as many for long reads, with one more that writes; nobody waits for the disk then. 0: everything in one thread. "auto": one where there are several cores, otherwise none.',
        ),
      administrators: keyList().describe(
        "The npubs (or hex keys) of those who may manage the running relay (NIP-86): ban, allow, rename. Empty: nobody may.",
      ),
      information,
      access,
      membership,
      limits,
      rates,
      backlog,
      connections,
      handshake,
      writePolicy,
      trustedProxies: z
        .array(text('an IP address or a network such as "10.0.0.0/8"', isNetwork), {
          error: "a list of IP addresses and networks",
        })
        .default([])
        .describe(
          "Proxies whose X-Forwarded-For header is believed: addresses or networks (CIDR).",
        ),
      log,
    },
    { error: "an object" },
  )
  .transform(({ $schema: _, ...config }) => config)
  .describe("Configuration of an npubwire relay.");

/** The JSON schema (draft 2020-12) of the file, for editors: `relay.config.schema.json`. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

function whoAndWhat(what: string) {
  return group(
    {
      allow: whoList().describe(`Who may ${what}.`),
      deny: keyList().describe("Who may not, even so."),
      kinds: kindList("0-65535").describe(
        'Kinds that may be: single ones and ranges, such as [1, "30000-39999"].',
      ),
      exceptKinds: kindList().describe("Kinds that may not be, even so."),
    },
    `Who may ${what}, and which kinds.`,
  );
}

function rate(whose: string) {
  return group(
    {
      events: wholeNumber(0).default(0).describe("Events."),
      requests: wholeNumber(0).default(0).describe("Requests (REQ)."),
      characters: wholeNumber(0).default(0).describe("Characters of all messages."),
    },
    `What ${whose} may send in a minute.`,
  );
}
