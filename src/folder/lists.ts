/**
 * Asks peers for the block hashes of contents of several blocks. Invariant: an answer that nobody waits for, or one that
 * does not fit the content, is blamed on its sender.
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import type { Mesh } from '../mesh.js'
import type { Index } from './contract.js'
import type { Filling } from './filling.js'
import type { Source } from './source.js'

const ANSWER_MS = 10_000
const REQUESTS = 2 ** 32
/** Requests that were given up and may still be answered. */
const MAX_LATE = 256
/** What the answer is reckoned with before it is there: a list of 64 KiB. */
export const LIST_BYTES = 64 * 1024

interface Asked {
  readonly filling: Filling
  readonly source: Source
  readonly link: Link
  timer: Cancel
}

export interface ListsHooks {
  /** That source does not have it. */
  refused(filling: Filling, source: Source): void
  /** The list is known to the index, or that source does not have it: see `refused`. */
  answered(filling: Filling): void
}

export class Lists {
  readonly #env: Pick<Env, 'after'>
  readonly #mesh: Mesh
  readonly #index: () => Index
  readonly #hooks: ListsHooks
  readonly #asked = new Map<number, Asked>() // one a filling
  readonly #late = new Map<number, PeerId>() // at most MAX_LATE
  #lastRequest = -1

  constructor(env: Pick<Env, 'after'>, mesh: Mesh, index: () => Index, hooks: ListsHooks) {
    this.#env = env
    this.#mesh = mesh
    this.#index = index
    this.#hooks = hooks
  }

  ask(filling: Filling, source: Source, link: Link): void {
    this.#lastRequest = (this.#lastRequest + 1) % REQUESTS
    const request = this.#lastRequest
    const timer = this.#env.after(ANSWER_MS, () => this.#timedOut(request))
    this.#asked.set(request, { filling, source, link, timer })
    filling.isListAsked = true
    source.requests++
    source.bytes += LIST_BYTES
    link.send({ type: 'folderContentGet', request, content: filling.content })
  }

  answer(link: Link, request: number, blocks: Uint8Array | null): void {
    const asked = this.#asked.get(request)
    if (asked === undefined || asked.link.serial !== link.serial) {
      if (this.#late.get(request) !== link.peer) {
        this.#mesh.blame(link.peer, 'protocol', 'block hashes of the folder that nobody asked for')
      }
      this.#late.delete(request)
      return
    }
    this.#end(request, asked)
    const { filling, source } = asked
    if (blocks === null) {
      filling.refused.add(source.peer)
      source.refused()
      this.#hooks.refused(filling, source)
    } else if (this.#index().learn(filling.content, filling.size, blocks)) source.delivered()
    else {
      filling.refused.add(source.peer)
      this.#mesh.blame(source.peer, 'protocol', 'block hashes that are not those of the content')
    }
    this.#hooks.answered(filling)
  }

  /** Nothing comes over that link any more. */
  linkClosed(link: Link): void {
    for (const [request, asked] of [...this.#asked]) {
      if (asked.link.serial !== link.serial) continue
      this.#end(request, asked)
      this.#hooks.answered(asked.filling)
    }
  }

  /** Nobody waits for anything any more. */
  clear(): void {
    for (const [request, asked] of [...this.#asked]) {
      this.#end(request, asked)
      this.#expectLate(request, asked.source.peer)
    }
  }

  #timedOut(request: number): void {
    const asked = this.#asked.get(request)
    if (asked === undefined) return
    this.#end(request, asked)
    this.#expectLate(request, asked.source.peer)
    asked.source.rest()
    this.#hooks.answered(asked.filling)
  }

  #end(request: number, { filling, source, timer }: Asked): void {
    timer()
    this.#asked.delete(request)
    filling.isListAsked = false
    source.requests--
    source.bytes -= LIST_BYTES
  }

  #expectLate(request: number, peer: PeerId): void {
    this.#late.set(request, peer)
    for (const oldest of this.#late.keys()) {
      if (this.#late.size <= MAX_LATE) return
      this.#late.delete(oldest)
    }
  }
}
