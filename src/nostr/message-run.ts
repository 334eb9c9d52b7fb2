/**
 * Many messages that differ in one text each, such as the stored events of an answer. They are kept
 * apart until they are written into a frame, so that no string is made of each message before.
 */

export class MessageRun implements Iterable<string> {
  readonly texts: readonly string[];
  /** What stands before and behind each text. */
  readonly before: string;
  readonly behind: string;
  /** UTF-16 units of all messages. */
  readonly units: number;

  private constructor(texts: readonly string[], before: string, behind: string, units: number) {
    this.texts = texts;
    this.before = before;
    this.behind = behind;
    this.units = units;
  }

  /** Runs of at most `most` UTF-16 units; a message that is longer has a run of its own. */
  static *of(
    texts: readonly string[],
    before: string,
    behind: string,
    most: number,
  ): Generator<MessageRun, void, undefined> {
    const around = before.length + behind.length;
    let start = 0;
    let units = 0;
    for (const [index, text] of texts.entries()) {
      const more = around + text.length;
      if (index > start && units + more > most) {
        yield new MessageRun(texts.slice(start, index), before, behind, units);
        start = index;
        units = 0;
      }
      units += more;
    }
    if (units > 0) yield new MessageRun(texts.slice(start), before, behind, units);
  }

  /** How many messages. */
  get length(): number {
    return this.texts.length;
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (const text of this.texts) yield `${this.before}${text}${this.behind}`;
  }
}
