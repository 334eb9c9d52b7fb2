/** Texts whose memory is theirs alone, and can go before they do. */

import { MessageChannel } from "node:worker_threads";
import { PackedTexts } from "../nostr/packed-texts.ts";

/** Bytes below which to free them takes longer than to collect them. */
const MIN_FREED = 16_384;
/** Bytes: as much as an answer of a few hundred events takes on its way from the database. */
const LARGE = 2 * 2 ** 20;

/**
 * Left to the collector, every 64 MB of them, which is less than a second of busy answers, would make
 * it walk through the whole heap.
 */
export class OwnedTexts extends PackedTexts {
  /** Then these own it. */
  override first(count: number): OwnedTexts {
    return new OwnedTexts(this.bytes, this.ends.subarray(0, count));
  }

  /** There are no texts in it any more. */
  override release(): void {
    if (this.bytes.length >= MIN_FREED) free(this.bytes.buffer, this.ends.buffer);
  }
}

const { port1: nobody, port2 } = new MessageChannel();
port2.close();

/** What is posted to nobody is freed at once. Node 22 has `ArrayBuffer.prototype.transfer` for it. */
function free(...buffers: readonly ArrayBufferLike[]): void {
  nobody.postMessage(undefined, buffers as readonly ArrayBuffer[]);
}

/**
 * glibc returns to the system what is freed, and takes it back page by page for the next answer, until
 * something as large has come and gone (mallopt(3), M_MMAP_THRESHOLD).
 */
free(Buffer.allocUnsafeSlow(LARGE).buffer);
