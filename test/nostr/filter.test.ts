import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_CREATED_AT, type NostrEvent } from "../../src/nostr/event.ts";
import {
  type Filter,
  matchFilter,
  matchFilters,
  parseFilter,
  timeRange,
} from "../../src/nostr/filter.ts";
import { arbitraryEvent, key, madeUp } from "./arbitrary.ts";

const HEX = "0123456789abcdef".repeat(4);

function parse(value: unknown): Filter {
  const filter = parseFilter(value);
  assert.ok(filter.ok, filter.ok ? "" : filter.reason);
  return filter.value;
}

function refusal(value: unknown): string {
  const filter = parseFilter(value);
  assert.ok(!filter.ok, JSON.stringify(value));
  return filter.reason;
}

const matches = (value: unknown, fields: Partial<NostrEvent>) =>
  matchFilter(parse(value), madeUp(fields));

describe("parsing a filter", () => {
  it("keeps every condition, each value once", () => {
    const filter = parse({
      ids: [HEX, HEX],
      authors: [HEX],
      kinds: [1, 65_535, 1],
      "#e": [HEX],
      "#T": ["", "a", "a"],
      since: 0,
      until: 5,
      limit: 0,
    });
    assert.deepEqual(filter, {
      ids: new Set([HEX]),
      authors: new Set([HEX]),
      kinds: new Set([1, 65_535]),
      tags: new Map([
        ["e", new Set([HEX])],
        ["T", new Set(["", "a"])],
      ]),
      since: 0,
      until: 5,
      limit: 0,
    });
    assert.deepEqual(parse({}), { tags: new Map() });
  });

  it("refuses what is not an object", () => {
    for (const value of [null, undefined, [], [{}], "{}", 1, true]) {
      assert.match(refusal(value), /^invalid: /);
    }
  });

  it("8, 9: refuses ids, authors, #e and #p that are not 64 lower-case hex digits", () => {
    const wrong = [
      HEX.slice(1),
      `${HEX}0`,
      HEX.toUpperCase(),
      `${HEX}\n`,
      "",
      "npub1",
      1,
      null,
      [],
    ];
    for (const name of ["ids", "authors", "#e", "#p"]) {
      assert.match(refusal({ [name]: HEX }), /^invalid: /);
      for (const value of wrong) assert.match(refusal({ [name]: [HEX, value] }), /^invalid: /);
    }
  });

  it("refuses kinds, times and limits that are not counts", () => {
    const wrong = [
      -1,
      0.5,
      "1",
      null,
      true,
      [1],
      {},
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ];
    for (const value of wrong) {
      assert.match(refusal({ kinds: [value] }), /^invalid: kinds/);
      for (const name of ["since", "until", "limit"]) {
        assert.match(refusal({ [name]: value }), /^invalid: /);
      }
    }
    assert.match(refusal({ kinds: [65_536] }), /^invalid: kinds/);
    assert.match(refusal({ kinds: 1 }), /^invalid: kinds/);
  });

  it("10: refuses unknown conditions as unsupported, wrong values as invalid", () => {
    for (const name of ["#", "#ab", "#1", "#é", "e", "##e", "searches", "", "&tt", "__proto__x"]) {
      assert.match(refusal({ [name]: ["a"] }), /^unsupported: /);
    }
    for (const value of ["a", 1, null, {}, [1], [null], [["a"]], ["\ud800"]]) {
      assert.match(refusal({ "#t": value }), /^invalid: #t/);
    }
    assert.match(refusal(JSON.parse('{"__proto__": ["a"]}')), /^unsupported: /);
  });

  it("10: keeps & apart, and counts a value under & and # once (NIP-91)", () => {
    const read = (value: object) => {
      const filter = parseFilter(value);
      assert.ok(filter.ok);
      return filter.value;
    };
    const sets = (...values: readonly string[]) => new Map([["t", new Set(values)]]);
    assert.deepEqual(read({ "&t": ["a", "b", "a"] }), { tags: new Map(), allTags: sets("a", "b") });
    assert.deepEqual(read({ "#t": ["a", "c"], "&t": ["a"] }), {
      tags: sets("c"),
      allTags: sets("a"),
    });
    assert.deepEqual(read({ "&t": ["a"], "#t": ["a"] }), { tags: new Map(), allTags: sets("a") });
    assert.deepEqual(read({ "&t": ["a"], "#t": [] }), { tags: sets(), allTags: sets("a") });
    assert.equal(read({ "#t": ["a"] }).allTags, undefined);
    for (const key of ["&", "&tt", "&1", "t", "!t"]) {
      const refused = parseFilter({ [key]: ["a"] });
      assert.match(refused.ok ? "" : refused.reason, /^unsupported: ./);
    }
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof parseFilter(value).ok === "boolean"));
  });
});

describe("matching", () => {
  it("an empty filter matches everything; limit plays no part", () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        assert.ok(matchFilter(parse({}), event));
        assert.ok(matchFilter(parse({ limit: 0 }), event));
      }),
    );
  });

  it("6: since and until are inclusive, and 0 is a bound", () => {
    assert.ok(matches({ since: 5, until: 5 }, { created_at: 5 }));
    assert.ok(!matches({ since: 6 }, { created_at: 5 }));
    assert.ok(!matches({ until: 4 }, { created_at: 5 }));
    assert.ok(matches({ until: 0 }, { created_at: 0 }));
    assert.ok(!matches({ until: 0 }, { created_at: 1 }));
  });

  it("7: an empty set matches nothing", () => {
    for (const name of ["ids", "authors", "kinds", "#t", "#e"]) {
      assert.ok(!matches({ [name]: [] }, { tags: [["t"], ["e", HEX]] }), name);
    }
  });

  it("all conditions must hold, one value of each", () => {
    const fields = {
      kind: 7,
      pubkey: key(2),
      tags: [
        ["t", "a"],
        ["e", HEX],
      ],
    };
    const all = { kinds: [1, 7], authors: [key(1), key(2)], "#t": ["b", "a"], "#e": [HEX] };
    assert.ok(matches(all, fields));
    assert.ok(matches({ ...all, ids: [madeUp(fields).id] }, fields));
    assert.ok(!matches({ ...all, ids: [HEX] }, fields));
    assert.ok(!matches({ ...all, kinds: [1] }, fields));
    assert.ok(!matches({ ...all, authors: [key(1)] }, fields));
    assert.ok(!matches({ ...all, "#t": ["b"] }, fields));
    assert.ok(!matches({ ...all, "#p": [HEX] }, fields));
  });

  it("10: letters and values are case-sensitive, only the first value of a tag counts", () => {
    const fields = {
      tags: [
        ["t", "a", "b"],
        ["T", "c"],
        ["tt", "d"],
        ["t", "e"],
      ],
    };
    assert.ok(matches({ "#t": ["a"] }, fields));
    assert.ok(matches({ "#t": ["e"] }, fields));
    assert.ok(matches({ "#T": ["c"] }, fields));
    for (const value of ["A", "b", "c", "d", ""]) assert.ok(!matches({ "#t": [value] }, fields));
  });

  it("11: odd tags are no stumbling block; a missing value is an empty one", () => {
    assert.ok(matches({ "#t": [""] }, { tags: [[], ["t"]] }));
    assert.ok(matches({ "#t": [""] }, { tags: [["t", ""]] }));
    assert.ok(!matches({ "#t": [""] }, { tags: [[], [""], ["", ""], ["x"]] }));
  });

  it("12: an addressable event without d has an empty one, other kinds have none", () => {
    const noD = { tags: [["t", "a"]] };
    for (const kind of [30_000, 39_999]) assert.ok(matches({ "#d": [""] }, { ...noD, kind }));
    for (const kind of [0, 1, 10_000, 19_999, 29_999, 40_000]) {
      assert.ok(!matches({ "#d": [""] }, { ...noD, kind }));
    }
    assert.ok(!matches({ "#d": [""] }, { kind: 30_000, tags: [["d", "x"]] }));
    assert.ok(
      matches(
        { "#d": ["y"] },
        {
          kind: 30_000,
          tags: [
            ["d", "x"],
            ["d", "y"],
          ],
        },
      ),
    );
  });

  it("several filters are a union; none matches nothing", () => {
    const event = madeUp({ kind: 1 });
    assert.ok(matchFilters([parse({ kinds: [2] }), parse({ kinds: [1] })], event));
    assert.ok(!matchFilters([parse({ kinds: [2] }), parse({ kinds: [3] })], event));
    assert.ok(!matchFilters([], event));
  });
});

it("a time range ends where time stamps do", () => {
  assert.deepEqual(timeRange(parse({})), { since: 0, until: MAX_CREATED_AT });
  assert.deepEqual(timeRange(parse({ since: 3, until: 2 ** 40 })), {
    since: 3,
    until: MAX_CREATED_AT,
  });
  assert.deepEqual(timeRange(parse({ until: 0 })), { since: 0, until: 0 });
});
