import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { Texts } from "../../src/nostr/packed-texts.ts";
import { Cursor, newestFirst, Quota, type Row } from "../../src/store/cursor.ts";
import { type PackableScan, packedNewestFirst } from "../../src/store/packed.ts";
import { lowestSeq } from "../../src/store/row.ts";
import type { Remainder } from "../../src/store.ts";
import { pack } from "../nostr/pack.ts";

/** Rows of an index, a few a second; what is hidden has no text, and what is long cannot be packed. */
const index = fc
  .array(
    fc.record({ second: fc.nat(12), kind: fc.constantFrom("text", "text", "hidden", "long") }),
    { maxLength: 60 },
  )
  .map((all) =>
    all
      .map(({ second, kind }, n) => ({ seq: lowestSeq(second) + BigInt(n), kind }))
      .sort((a, b) => (a.seq < b.seq ? 1 : -1)),
  );
const limits = fc.record({
  limit: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  surplus: fc.constantFrom(0, 0, 1, 3, 40),
  minRows: fc.constantFrom(1, 7),
  maxRows: fc.constantFrom(8, 20, 100),
});

it("gives what the rows would give, one by one", async () => {
  await fc.assert(
    fc.asyncProperty(index, limits, async (rows, { limit, surplus, minRows, maxRows }) => {
      const readings: number[] = [];
      const scan = scanOf(rows, minRows, maxRows, readings);
      const cursor = new Cursor(scan, new Quota(limit, surplus));
      const [expected, remainder] = await drained(texts(newestFirst([cursor])));
      const filter = limit === undefined ? { surplus } : { limit, surplus };
      const [packed, packedRemainder] = await drained(packedNewestFirst(scan, filter));
      assert.deepEqual(packed, expected);
      // Either may not know; what they know they agree on.
      if (packedRemainder !== "unknown" && remainder !== "unknown") {
        assert.equal(packedRemainder, remainder);
      }
      assert(readings.every((count) => count <= maxRows));
    }),
    { numRuns: 500 },
  );
});

function scanOf(
  all: readonly { readonly seq: bigint; readonly kind: string }[],
  minRows: number,
  maxRows: number,
  readings: number[],
): PackableScan {
  const slice = (from: bigint, count: number) => {
    readings.push(count);
    return all.filter(({ seq }) => seq <= from).slice(0, count);
  };
  return {
    from: lowestSeq(100),
    to: 0n,
    minRows,
    maxRows,
    read(from, count) {
      const found = slice(from, count);
      const rows = found.map(({ seq, kind }): Row => [seq, kind === "hidden" ? null : `${seq}`]);
      return { rows, isLast: rows.length < count };
    },
    pack(from, count) {
      const found = slice(from, count);
      if (found.some(({ kind }) => kind === "long")) return undefined;
      const shown = found.filter(({ kind }) => kind === "text").map(({ seq }) => seq);
      const [last, lastMatch] = [found.at(-1)?.seq, shown.at(-1)];
      return { texts: pack(shown.map(String)), rows: found.length, last, lastMatch };
    },
  };
}

async function* texts(
  pages: ReturnType<typeof newestFirst>,
): AsyncGenerator<Texts, Remainder, undefined> {
  for (;;) {
    const page = await pages.next();
    if (page.done) return page.value;
    yield page.value.map(([, text]) => text);
  }
}

async function drained(
  pages: AsyncGenerator<Texts, Remainder, undefined>,
): Promise<readonly [readonly string[], Remainder]> {
  const all: string[] = [];
  for (;;) {
    const page = await pages.next();
    if (page.done) return [all, page.value];
    all.push(...page.value);
  }
}
