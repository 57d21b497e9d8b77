/**
 * The manifests that this peer keeps, by id. They may be half a megabyte each, so they live in the store and only a few
 * in memory. Invariant: what `get` returns was verified before it was put.
 */
import type { Hash } from '../../wire/types.js'
import type { Store, StoreOperation } from '../env.js'
import { decodeManifest, encodeManifest, type Manifest } from './manifest.js'

const MAX_CACHED = 32

export class Manifests {
  readonly #store: Store
  readonly #cache = new Map<Hash, Manifest>() // at most MAX_CACHED, least recently used first

  constructor(store: Store) {
    this.#store = store
  }

  get(id: Hash): Manifest | undefined {
    const cached = this.#cache.get(id)
    if (cached !== undefined) return this.remember(cached)
    const bytes = this.#store.get('manifests', id)
    const manifest = bytes === undefined ? null : decodeManifest(bytes)
    return manifest === null || manifest.id !== id ? undefined : this.remember(manifest)
  }

  has(id: Hash): boolean {
    return this.#store.get('manifests', id) !== undefined
  }

  /** What to write, together with whatever refers to the manifest. */
  putting(manifest: Manifest): StoreOperation {
    this.remember(manifest)
    return { put: 'manifests', key: manifest.id, value: encodeManifest(manifest) }
  }

  forget(id: Hash): void {
    this.#cache.delete(id)
    this.#store.write([{ remove: 'manifests', key: id }])
  }

  /** Keeps it in memory for a while; it may be asked for again. */
  remember(manifest: Manifest): Manifest {
    this.#cache.delete(manifest.id)
    this.#cache.set(manifest.id, manifest)
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= MAX_CACHED) break
      this.#cache.delete(oldest)
    }
    return manifest
  }
}
