/** The requests that clients make most, by four kinds; the same sequence for every relay. */

import { Dice } from "./dice.ts";
import { AUTHORS, type EventSeries } from "./series.ts";

export interface QueryKind {
  /** A row of the table. */
  readonly name: string;
  /** The next request of this kind: a filter, as JSON. */
  filter(): string;
}

/** Kinds of requests over events of the series. */
export function queryKinds(series: EventSeries): readonly QueryKind[] {
  const dice = new Dice(1, -2);
  const kind = (name: string, filter: () => object): QueryKind => {
    // Made before anything is measured, since the generator has to share its core.
    const filters = Array.from({ length: FILTERS }, () => JSON.stringify(filter()));
    let turn = 0;
    return { name, filter: () => filters[turn++ % FILTERS] ?? "{}" };
  };
  return [
    kind("author and kind, limit 20", () => ({
      authors: [series.author(dice.skewed(AUTHORS))],
      kinds: [1],
      limit: 20,
    })),
    kind("#p, limit 50", () => ({ "#p": [series.author(dice.skewed(AUTHORS))], limit: 50 })),
    kind("feed of 100 authors, limit 50", () => ({
      authors: distinct(FEED, () => series.author(dice.below(AUTHORS))),
      kinds: [1],
      limit: 50,
    })),
    kind("newest notes, limit 500", () => ({ kinds: [1], limit: 500 })),
  ];
}

/** All kinds in turns. */
export function mixed(kinds: readonly QueryKind[]): QueryKind {
  let turn = 0;
  return { name: "mixed", filter: () => kinds[turn++ % kinds.length]?.filter() ?? "{}" };
}

const FEED = 100;
/** Different ones of each kind, asked in turns. */
const FILTERS = 500;

function distinct<T>(count: number, next: () => T): readonly T[] {
  const values = new Set<T>();
  while (values.size < count) values.add(next());
  return [...values];
}
