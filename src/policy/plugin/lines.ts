/** Bytes to lines, with a bound: whoever never ends a line fills no memory. */

/**
 * Called for each line of at most the bound, without its line feed; for a longer one as soon as it
 * is too long, with its beginning and `isWhole` false.
 */
export type TakeLine = (line: string, isWhole: boolean) => void;

const LINE_FEED = 0x0a;

export class Lines {
  readonly #max: number;
  readonly #take: TakeLine;
  #held: Buffer = Buffer.alloc(0);
  /** The beginning of this line was taken; the rest of it is dropped. */
  #isCut = false;

  /** `max`: bytes. */
  constructor(max: number, take: TakeLine) {
    this.#max = max;
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      this.#hold(rest.subarray(0, end));
      this.#finish();
      rest = rest.subarray(end + 1);
    }
    this.#hold(rest);
  }

  /** Takes what stands behind the last line feed. */
  end(): void {
    if (this.#held.length > 0) this.#finish();
  }

  #hold(bytes: Buffer): void {
    if (this.#isCut) return;
    const room = this.#max - this.#held.length;
    this.#held = Buffer.concat([this.#held, bytes.subarray(0, room)]);
    this.#isCut = bytes.length > room;
    if (this.#isCut) this.#take(this.#held.toString(), false);
  }

  #finish(): void {
    const line = this.#held;
    const isTaken = this.#isCut;
    this.#held = Buffer.alloc(0);
    this.#isCut = false;
    if (!isTaken) this.#take(line.toString(), true);
  }
}
