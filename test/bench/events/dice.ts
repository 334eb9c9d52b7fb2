/** Numbers that look random and are the same in every run (splitmix32; not for secrets). */

export class Dice {
  #state: number;

  /** Other numbers for every pair. */
  constructor(seed: number, stream: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b);
  }

  /** An integer from 0 to `limit` − 1, each as likely as the others. */
  below(limit: number): number {
    return Math.floor(this.#fraction() * limit);
  }

  /** The same, but low ones are likelier: the lowest tenth comes up in every second throw or so. */
  skewed(limit: number): number {
    return Math.floor(this.#fraction() ** 3 * limit);
  }

  #fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }
}
