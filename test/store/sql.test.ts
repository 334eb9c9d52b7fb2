import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import Database from "better-sqlite3";
import type { Filter } from "../../src/nostr/filter.ts";
import { parseSearch } from "../../src/nostr/search.ts";
import { Marks } from "../../src/store/marks.ts";
import { migrate } from "../../src/store/migrate.ts";
import {
  conditionsOf,
  indexesFor,
  probeOf,
  type Slice,
  slicesOf,
  viewParameters,
} from "../../src/store/sql.ts";
import { key } from "../nostr/arbitrary.ts";

const database = new Database(":memory:");
migrate(database);
const marks = new Marks(database);
after(() => database.close());

const one = new Set([key(1)]);
const two = new Set([key(1), key(2)]);
const kind = new Set([1]);
const kinds = new Set([1, 7]);
const some = (length: number, of: (n: number) => string) =>
  new Set(Array.from({ length }, (_, n) => of(n)));

const tag = (letter: string, values: ReadonlySet<string>): Filter["tags"] =>
  new Map([[letter, values]]);

function slices(conditions: Partial<Filter>): readonly (readonly Slice[])[] {
  const list = conditionsOf({ tags: new Map(), ...conditions });
  return indexesFor(list).map((index) => slicesOf(list, index, "json", false, marks));
}

/** The same in the view of two readers. */
function viewedSlices(conditions: Partial<Filter>): readonly (readonly Slice[])[] {
  const view = viewParameters({ now: 0, readers: two }, marks);
  const list = conditionsOf({ tags: new Map(), ...conditions });
  return indexesFor(list).map((index) =>
    slicesOf(list, index, "json", true, marks).map((slice) => ({
      ...slice,
      parameters: [...view, ...slice.parameters],
    })),
  );
}

function planOf({ sql, parameters }: Pick<Slice, "sql" | "parameters">): readonly string[] {
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters, 9n, 0n, 10);
  return (rows as { readonly detail: string }[]).map(({ detail }) => detail);
}

describe("the plan of every shape of filter", () => {
  // Where there is one stretch of an index, its order is the order of answers.
  const sorted: Readonly<Record<string, Partial<Filter>>> = {
    nothing: {},
    time: { since: 1, until: 2 },
    id: { ids: one },
    author: { authors: one },
    "author, kind": { authors: one, kinds: kind },
    kind: { kinds: kind },
    "#e": { tags: tag("e", one) },
    "#d": { tags: tag("d", new Set([""])) },
    "#e, kinds": { tags: tag("e", one), kinds },
    "#e, author": { tags: tag("e", one), authors: one },
    "#e, #t, author, kind": {
      tags: new Map([...tag("e", one), ...tag("t", new Set(["a"]))]),
      authors: one,
      kinds: kind,
    },
  };
  for (const [title, filter] of Object.entries(sorted)) {
    it(`${title}: no sort, no scan`, () => {
      for (const slice of [...slices(filter), ...viewedSlices(filter)].flat()) {
        const plan = planOf(slice).join("\n");
        assert.match(plan, /SEARCH/);
        assert.doesNotMatch(plan, /TEMP B-TREE|AUTOMATIC|SCAN (event|marked_)/);
      }
    });
  }

  const merged: Readonly<Record<string, Partial<Filter>>> = {
    ids: { ids: two },
    authors: { authors: two },
    "authors, kind": { authors: two, kinds: kind },
    "author, kinds": { authors: one, kinds },
    "authors, kinds": { authors: two, kinds },
    kinds: { kinds },
    "#p with two values, kinds": { tags: tag("p", two), kinds },
    "#t with values of both forms": { tags: tag("t", new Set(["a", "b", ...two])) },
  };
  for (const [title, filter] of Object.entries(merged)) {
    it(`${title}: stretches of an index, only their seqs are sorted`, () => {
      for (const slice of [...slices(filter), ...viewedSlices(filter)].flat()) {
        const plan = planOf(slice);
        // One for what is fresh, one for what has settled; they are merged without a third.
        assert.equal(plan.filter((detail) => detail.includes("TEMP B-TREE")).length, 2);
        assert.match(
          plan.join("\n"),
          /CO-ROUTINE found\nMERGE \(UNION ALL\)\nLEFT\nSCAN wanted .*\nSEARCH marked/,
        );
        assert.doesNotMatch(plan.join("\n"), /AUTOMATIC|SCAN (event|marked_)/);
      }
    });
  }

  it("search: the full-text index in its own order, within the bounds", () => {
    const parsed = parseSearch("needle 東京");
    assert.ok(parsed.ok && parsed.value);
    const all = { search: parsed.value, kinds, since: 1 };
    for (const slice of [...slices(all), ...viewedSlices(all)].flat()) {
      const plan = planOf(slice).join("\n");
      assert.match(plan, /SCAN search VIRTUAL TABLE INDEX \d+:M1<>/);
      assert.doesNotMatch(plan, /TEMP B-TREE|AUTOMATIC|SCAN (event|marked_)/);
      assert.equal(slice.exact, false);
    }
    const [byAuthor, bySearch] = slices({ ...all, authors: one });
    assert.equal(byAuthor?.[0]?.exact, false);
    assert.ok(bySearch?.[0]?.parameters.includes('"needle"* AND "東京"'));
  });

  it("probes walk the same indexes", () => {
    for (const filter of [...Object.values(sorted), ...Object.values(merged)]) {
      for (const index of indexesFor(conditionsOf({ tags: new Map(), ...filter }))) {
        const plan = planOf(probeOf(index, marks)).join("\n");
        assert.match(plan, /SEARCH/);
        assert.doesNotMatch(plan, /TEMP B-TREE|SCAN (event|marked_)/);
      }
    }
  });
});

describe("what one statement may cost", () => {
  it("is bounded: long lists are cut, and wide statements look at fewer rows", () => {
    const [byAuthor] = slices({ authors: some(1200, key), kinds });
    assert.deepEqual(
      byAuthor?.map(({ maxRows }) => maxRows),
      [100, 100, 250],
    );
    const [byTag] = slices({ tags: tag("t", some(1200, String)) });
    assert.equal(byTag?.length, 3);
  });

  it("does not grow with a list that no index answers", () => {
    const [byTag] = slices({ tags: tag("t", new Set(["a"])), authors: some(5000, key) });
    assert.equal(byTag?.length, 1);
    assert.equal(byTag?.[0]?.exact, false);
    assert.ok((byTag?.[0]?.parameters ?? []).join().length < 100);
  });

  it("leaves the text alone, however long the lists are", () => {
    const text = (n: number) => slices({ authors: some(n, key), kinds })[0]?.[0]?.sql;
    assert.equal(text(2), text(200));
  });
});

it("an empty set needs no statement", () => {
  for (const empty of [{ ids: new Set<string>() }, { authors: one, kinds: new Set<number>() }]) {
    assert.deepEqual(slices(empty), [[]]);
  }
});
