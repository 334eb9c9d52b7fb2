/** Rulings that end with the process. */

import type { Ruling, RulingList, Rulings } from "../moderation.ts";

export class MemoryRulings implements Rulings {
  revision = 0;
  readonly #lists = new Map<RulingList, Map<string, string>>();

  has(list: RulingList, subject: string): boolean {
    return this.#lists.get(list)?.has(subject) === true;
  }

  entries(list: RulingList): readonly Ruling[] {
    const notes = [...(this.#lists.get(list) ?? [])];
    return notes
      .map(([subject, note]) => ({ subject, note }))
      .sort((a, b) => (a.subject < b.subject ? -1 : 1));
  }

  set(list: RulingList, subject: string, note: string): void {
    const notes = this.#lists.get(list) ?? new Map<string, string>();
    this.#lists.set(list, notes.set(subject, note));
    this.revision += 1;
  }

  delete(list: RulingList, subject: string): void {
    this.#lists.get(list)?.delete(subject);
    this.revision += 1;
  }

  close(): void {}
}
