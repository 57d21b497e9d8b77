/** One object for equal vectors and authors, so that 50,000 paths of few authors do not cost 50,000 of each. */
import type { PeerId } from '../../wire/types.js'
import type { Entry, Known, Vector } from './entry.js'

/** Then all is forgotten and shared anew: only memory is at stake. */
const MAX_SHARED = 4096

export class Interned {
  readonly #vectors = new Map<string, Vector>() // at most MAX_SHARED
  readonly #peers = new Map<PeerId, PeerId>() // at most MAX_SHARED

  known(known: Known): Known {
    const best = this.entry(known.best)
    const { here, untold } = known
    if (here === null) return { best, here, untold }
    const version = here.version === known.best ? best : this.entry(here.version)
    return { best, here: { version, state: here.state }, untold }
  }

  entry({ path, kind, size, mtimeMs, executable, content, author, made, vector }: Entry): Entry {
    const madeShared = made === null ? null : this.#vector(made)
    const shared = { author: this.#peer(author), made: madeShared, vector: this.#vector(vector) }
    return { path, kind, size, mtimeMs, executable, content, ...shared }
  }

  #vector(vector: Vector): Vector {
    const key = vector.map(({ peer, counter }) => `${peer}${counter}`).join()
    const shared = this.#vectors.get(key)
    if (shared !== undefined) return shared
    if (this.#vectors.size >= MAX_SHARED) this.#vectors.clear()
    const own = vector.map(({ peer, counter }) => ({ peer: this.#peer(peer), counter }))
    this.#vectors.set(key, own)
    return own
  }

  #peer(peer: PeerId): PeerId {
    const shared = this.#peers.get(peer)
    if (shared !== undefined) return shared
    if (this.#peers.size >= MAX_SHARED) this.#peers.clear()
    this.#peers.set(peer, peer)
    return peer
  }
}
