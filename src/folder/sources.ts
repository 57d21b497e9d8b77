/**
 * Which peers may have the bytes of a path: those that said so, then its author, then anybody who takes part. Of those,
 * whoever has least to do is asked.
 */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { FolderPath } from '../folder-disk.js'
import type { Mesh } from '../mesh.js'
import { DataLinks } from '../swarm/data-links.js'
import { Source } from './source.js'

/** Peers that are remembered to hold one path. */
const MAX_HOLDERS = 8
/** Peers that are asked, or rest: beyond that idle ones are forgotten. */
const MAX_SOURCES = 256

/** What a source is looked for. */
export interface Sought {
  readonly path: FolderPath
  readonly author: PeerId
  /** Who said that it has none of it. */
  readonly refused: ReadonlySet<PeerId>
}

export interface SourcesHooks {
  /** Peers that take part. */
  partners(): Iterable<PeerId>
  takesPart(peer: PeerId): boolean
  /** A link is open, or could not be opened. */
  ready(): void
}

export class Sources {
  readonly #env: Pick<Env, 'now'>
  readonly #links: DataLinks
  readonly #hooks: SourcesHooks
  readonly #sources = new Map<PeerId, Source>() // at most MAX_SOURCES, and those that are in use
  readonly #holders = new Map<FolderPath, PeerId[]>() // of needed paths; at most MAX_HOLDERS each

  constructor(env: Pick<Env, 'now' | 'after'>, mesh: Mesh, hooks: SourcesHooks) {
    this.#env = env
    this.#links = new DataLinks(env, mesh)
    this.#hooks = hooks
  }

  /** That peer says that it holds the bytes of what is best. */
  held(path: FolderPath, peer: PeerId): void {
    const holders = this.#holders.get(path) ?? []
    if (!holders.includes(peer) && holders.length < MAX_HOLDERS) holders.push(peer)
    this.#holders.set(path, holders)
  }

  /** Nobody is known to hold that path: it is another version now, or here. */
  forget(path: FolderPath): void {
    this.#holders.delete(path)
  }

  /** That peer does not hold it after all. */
  refused(path: FolderPath, peer: PeerId): void {
    const left = this.#holders.get(path)?.filter((holder) => holder !== peer) ?? []
    if (left.length > 0) this.#holders.set(path, left)
    else this.#holders.delete(path)
  }

  /** Whom to ask for it, in no order; empty: nobody now. */
  usable({ path, author, refused }: Sought): readonly Source[] {
    const { partners, takesPart } = this.#hooks
    const fits = (peer: PeerId): Source[] => {
      if (refused.has(peer) || !takesPart(peer)) return []
      const source = this.of(peer)
      return source.isResting ? [] : [source]
    }
    const told = (this.#holders.get(path) ?? []).flatMap(fits)
    if (told.length > 0) return told
    const wrote = fits(author)
    return wrote.length > 0 ? wrote : [...partners()].flatMap(fits)
  }

  of(peer: PeerId): Source {
    let source = this.#sources.get(peer)
    if (source === undefined) {
      if (this.#sources.size >= MAX_SOURCES) this.#forgetIdle()
      source = new Source(this.#env, this.#links, peer, () => this.#hooks.ready())
      this.#sources.set(peer, source)
    }
    return source
  }

  /** Links of those that nothing is asked of may close. */
  releaseIdle(): void {
    for (const source of this.#sources.values()) if (source.requests === 0) source.release()
  }

  /** Nothing is asked for any more, and no answer counts; who rests goes on resting. */
  clear(): void {
    for (const source of this.#sources.values()) source.clear()
  }

  #forgetIdle(): void {
    for (const [peer, source] of this.#sources) if (source.isIdle) this.#sources.delete(peer)
  }
}
