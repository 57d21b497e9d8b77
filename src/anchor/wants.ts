/**
 * Manifests that the files task lacks to do what it was asked, and of whom it wants them. Peers ask only once, so it
 * asks again itself where no answer comes.
 */
import { MAX_IDS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Cancel } from '../env.js'
import type { Parts } from '../swarm/parts.js'

const AGAIN_MS = 2_000
const TRIES = 5
const MAX_WANTED = 4_096

interface Want {
  /** The last that asked us to keep the file, who must have its manifest. */
  from: PeerId
  tries: number
}

export class Wants {
  readonly #parts: Pick<Parts, 'env' | 'post'>
  readonly #wants = new Map<Hash, Want>() // at most MAX_WANTED
  #timer: Cancel | null = null

  constructor(parts: Pick<Parts, 'env' | 'post'>) {
    this.#parts = parts
  }

  has(id: Hash): boolean {
    return this.#wants.has(id)
  }

  /** True where that peer is to be asked for the manifest now; from then on it is asked again from here. */
  add(id: Hash, from: PeerId): boolean {
    const want = this.#wants.get(id)
    if (want !== undefined) {
      want.from = from
      return false
    }
    if (this.#wants.size >= MAX_WANTED) return false
    this.#wants.set(id, { from, tries: 1 })
    this.#timer ??= this.#parts.env.after(AGAIN_MS, () => this.#again())
    return true
  }

  end(id: Hash): void {
    this.#wants.delete(id)
  }

  #again(): void {
    const { env, post } = this.#parts
    const questions = new Map<PeerId, Hash[]>()
    for (const [id, want] of this.#wants) {
      if (want.tries++ >= TRIES) this.#wants.delete(id)
      else questions.set(want.from, [...(questions.get(want.from) ?? []), id])
    }
    for (const [peer, ids] of questions) {
      for (let at = 0; at < ids.length; at += MAX_IDS_PER_MESSAGE) {
        post.tell(peer, { type: 'manifestWant', manifests: ids.slice(at, at + MAX_IDS_PER_MESSAGE) })
      }
    }
    this.#timer = this.#wants.size > 0 ? env.after(AGAIN_MS, () => this.#again()) : null
  }
}
