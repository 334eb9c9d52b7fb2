/** What keeps a store from opening or from answering, as something a program can tell apart. */

export type StoreErrorCode =
  /** The database was written by a newer version of this program. */
  | "ERR_STORE_NEWER"
  /** The database driver is not installed, or not for this version of Node. */
  | "ERR_STORE_DRIVER"
  /** A thread of the store has ended; what it was asked at that time has failed. */
  | "ERR_STORE_THREAD";

/** The message says what to do next. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
