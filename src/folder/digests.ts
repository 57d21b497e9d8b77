/**
 * Digests of all best entries by bucket, kept up to date entry by entry: two peers compare them, and tell each other the
 * paths of the buckets that differ. A bucket is the first byte of the SHA-256 of the path; its digest the exclusive or of
 * the first bytes of the SHA-256 of the canonical encoding of its entries.
 */
import { encodeCanonical } from '../../wire/canonical.js'
import { sha256Bytes } from '../../wire/hash.js'
import { FOLDER_BUCKETS, FOLDER_DIGEST_BYTES, folderEntry } from '../../wire/messages/folder.js'
import type { FolderPath } from '../folder-disk.js'
import type { Entry } from './entry.js'

export class Digests {
  readonly #digests = new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES)
  readonly #paths: readonly Set<FolderPath>[] = Array.from({ length: FOLDER_BUCKETS }, () => new Set())

  /** `best` of this path was one and is another; null: none. */
  change(path: FolderPath, was: Entry | null, is: Entry | null): void {
    const bucket = bucketOf(path)
    if (was !== null) this.#toggle(bucket, was)
    if (is !== null) this.#toggle(bucket, is)
    if (is === null) this.#paths[bucket]?.delete(path)
    else this.#paths[bucket]?.add(path)
  }

  /** A copy of all, one after the other. */
  all(): Uint8Array {
    return this.#digests.slice()
  }

  paths(bucket: number): Iterable<FolderPath> {
    return this.#paths[bucket] ?? []
  }

  #toggle(bucket: number, entry: Entry): void {
    const digest = sha256Bytes(encodeCanonical(folderEntry, entry))
    const start = bucket * FOLDER_DIGEST_BYTES
    for (let i = 0; i < FOLDER_DIGEST_BYTES; i++) {
      this.#digests[start + i] = (this.#digests[start + i] ?? 0) ^ (digest[i] ?? 0)
    }
  }
}

function bucketOf(path: FolderPath): number {
  return (sha256Bytes(Buffer.from(path))[0] ?? 0) % FOLDER_BUCKETS
}
