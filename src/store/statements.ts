/** Prepared statements by their text, so that each shape of filter is compiled once. */

import type { Database, Statement } from "better-sqlite3";
import type { SqlValue } from "./row.ts";

/** Shapes of filters whose statements are kept. */
const MAX_STATEMENTS = 500;

export class Statements {
  readonly #database: Database;
  readonly #compose: (sql: string) => string;
  readonly #known = new Map<string, Statement<SqlValue[]>>();

  /** `compose`: makes the statement from the text that it is asked for by. */
  constructor(database: Database, compose: (sql: string) => string = (sql) => sql) {
    this.#database = database;
    this.#compose = compose;
  }

  /** Rows are arrays, integers are bigints. */
  for(sql: string): Statement<SqlValue[]> {
    const known = this.#known.get(sql);
    if (known) return known;
    // Nobody has that many shapes in use; whoever invents them pays by preparing again.
    if (this.#known.size >= MAX_STATEMENTS) this.#known.clear();
    const statement = this.#database.prepare<SqlValue[]>(this.#compose(sql));
    this.#known.set(sql, statement.raw().safeIntegers());
    return statement;
  }
}
