/**
 * Which peers may have the bytes of a path: those that said so; when these have enough to do its author, then anybody who
 * takes part, since a peer that came late hears of most paths from one of many that hold them. Of each kind, whoever has
 * least to do is asked.
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
  /** Peers that take part and did not say that they lack it. */
  mayHold(path: FolderPath): Iterable<PeerId>
  /** It was asked on the chance that it has it, and has not. */
  lacks(path: FolderPath, peer: PeerId): void
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
    const old = this.#holders.get(path) ?? []
    if (old.includes(peer)) return
    const holders = old.length < MAX_HOLDERS ? old : old.filter((holder) => this.#hooks.takesPart(holder))
    if (holders.length < MAX_HOLDERS) this.#holders.set(path, [...holders, peer])
  }

  /** Nobody is known to hold that path: it is another version now, or here. */
  forget(path: FolderPath): void {
    this.#holders.delete(path)
  }

  /** That peer does not hold it after all. */
  refused(path: FolderPath, peer: PeerId): void {
    const told = this.#holders.get(path) ?? []
    if (!told.includes(peer)) this.#hooks.lacks(path, peer)
    const left = told.filter((holder) => holder !== peer)
    if (left.length > 0) this.#holders.set(path, left)
    else this.#holders.delete(path)
  }

  /** Whom to ask for it, the best first: those that said that they hold it, and those that may. */
  usable({ path, author, refused }: Sought): { readonly sure: readonly Source[]; readonly guessed: readonly Source[] } {
    const { mayHold, takesPart } = this.#hooks
    const told = this.#holders.get(path) ?? []
    const sources = (peers: Iterable<PeerId>): Source[] => {
      return [...peers].flatMap((peer) => (refused.has(peer) || !takesPart(peer) ? [] : this.of(peer)))
    }
    const sure = sources(told).filter(({ isResting }) => !isResting)
    const guessed = sources([...mayHold(path)].filter((peer) => !told.includes(peer))).filter(
      ({ mayGuess }) => mayGuess,
    )
    const isAuthor = ({ peer }: Source): number => (peer === author ? 0 : 1)
    return {
      sure: sure.sort((a, b) => a.bytes - b.bytes),
      guessed: guessed.sort((a, b) => isAuthor(a) - isAuthor(b) || a.bytes - b.bytes),
    }
  }

  /** Has a link opened to that peer, unless there is one to anybody: who is asked is decided later. */
  expect(peer: PeerId): void {
    for (const { hasLink } of this.#sources.values()) if (hasLink) return
    this.of(peer).open()
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
