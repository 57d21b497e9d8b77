/**
 * Data links that this peer opened to download over: one per source, shared by all downloads from it, closed when
 * nobody has used it for ten seconds (four sockets to one source were slower than one).
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import type { Mesh } from '../mesh.js'

const IDLE_MS = 10_000
const MAX_LINKS = 128

export type LinkReady = (link: Link | null, reason: string) => void

interface Entry {
  link: Link | null
  users: number
  readonly waiting: Set<LinkReady> // at most one per download
  cancel: Cancel
}

export class DataLinks {
  readonly #env: Pick<Env, 'after'>
  readonly #mesh: Mesh
  readonly #entries = new Map<PeerId, Entry>() // at most MAX_LINKS

  constructor(env: Pick<Env, 'after'>, mesh: Mesh) {
    this.#env = env
    this.#mesh = mesh
  }

  /** A link to that peer, now or later; the returned call says that this user is done with it. */
  use(peer: PeerId, ready: LinkReady): Cancel {
    const entry = this.#entryOf(peer)
    if (entry === null) return this.#env.after(0, () => ready(null, 'too many data links'))
    entry.users++
    entry.waiting.add(ready)
    if (entry.link !== null) this.#env.after(0, () => this.#hand(peer, entry))
    let using = true
    return () => {
      if (using) this.#release(peer, entry, ready)
      using = false
    }
  }

  /** The link does not work: nobody gets it again. */
  discard(peer: PeerId, reason: string): void {
    const entry = this.#entries.get(peer)
    this.#entries.delete(peer)
    entry?.cancel()
    entry?.link?.close('slow', reason)
  }

  #entryOf(peer: PeerId): Entry | null {
    const old = this.#entries.get(peer)
    if (old !== undefined && !old.link?.closed) {
      if (old.link !== null) old.cancel()
      return old
    }
    if (old === undefined && this.#entries.size >= MAX_LINKS) return null
    const entry: Entry = { link: null, users: 0, waiting: new Set(), cancel: () => {} }
    this.#entries.set(peer, entry)
    entry.cancel = this.#mesh.openData(peer, (link, reason) => {
      entry.link = link
      entry.cancel = () => {}
      if (link === null && this.#entries.get(peer) === entry) this.#entries.delete(peer)
      this.#hand(peer, entry, reason)
    })
    return entry
  }

  #hand(peer: PeerId, entry: Entry, reason = ''): void {
    const waiting = [...entry.waiting]
    entry.waiting.clear()
    for (const ready of waiting) ready(entry.link, reason)
    if (entry.users === 0) this.#idle(peer, entry)
  }

  #release(peer: PeerId, entry: Entry, ready: LinkReady): void {
    entry.users--
    entry.waiting.delete(ready)
    if (entry.users === 0 && entry.link !== null) this.#idle(peer, entry)
  }

  #idle(peer: PeerId, entry: Entry): void {
    entry.cancel()
    entry.cancel = this.#env.after(IDLE_MS, () => {
      if (entry.users > 0) return
      if (this.#entries.get(peer) === entry) this.#entries.delete(peer)
      entry.link?.close('normal', 'nothing to fetch any more')
    })
  }
}
