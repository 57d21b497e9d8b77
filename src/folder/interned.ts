/** One object for equal vectors, authors and contents, so that 50,000 paths of few authors do not cost 50,000 of each. */
import type { Entry, Here, Known, Vector } from './entry.js'

/** Then all is forgotten and shared anew: only memory is at stake. */
const MAX_SHARED = 4096

export class Interned {
  readonly #vectors = new Map<string, Vector>() // at most MAX_SHARED
  readonly #peers = new Map<string, Vector[number]['peer']>() // at most MAX_SHARED

  known({ best, here, untold }: Known): Known {
    return { best: this.entry(best), here: here === null ? null : this.here(here), untold }
  }

  entry({ path, kind, size, mtimeMs, executable, content, author, vector }: Entry): Entry {
    return { path, kind, size, mtimeMs, executable, content, author: this.#peer(author), vector: this.vector(vector) }
  }

  here({ vector, state, content }: Here): Here {
    return { vector: this.vector(vector), state, content }
  }

  vector(vector: Vector): Vector {
    const key = vector.map(({ peer, counter }) => `${peer}${counter}`).join()
    const shared = this.#vectors.get(key)
    if (shared !== undefined) return shared
    if (this.#vectors.size >= MAX_SHARED) this.#vectors.clear()
    const own = vector.map(({ peer, counter }) => ({ peer: this.#peer(peer), counter }))
    this.#vectors.set(key, own)
    return own
  }

  #peer(peer: Vector[number]['peer']): Vector[number]['peer'] {
    const shared = this.#peers.get(peer)
    if (shared !== undefined) return shared
    if (this.#peers.size >= MAX_SHARED) this.#peers.clear()
    this.#peers.set(peer, peer)
    return peer
  }
}
