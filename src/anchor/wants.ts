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
/** Of one peer: whoever asks for what nobody has leaves room for others. */
const MAX_OF_ONE = 1_024

interface Want {
  /** The last that asked us to keep the file, who must have its manifest. */
  from: PeerId
  tries: number
}

export class Wants {
  readonly #parts: Pick<Parts, 'env' | 'post'>
  readonly #wants = new Map<Hash, Want>() // at most MAX_WANTED
  readonly #counts = new Map<PeerId, number>() // of those that have any
  #timer: Cancel | null = null

  constructor(parts: Pick<Parts, 'env' | 'post'>) {
    this.#parts = parts
  }

  has(id: Hash): boolean {
    return this.#wants.has(id)
  }

  /** `new`: that peer is to be asked for the manifest now; from then on it is asked again from here. `full`: it is not. */
  add(id: Hash, from: PeerId): 'new' | 'known' | 'full' {
    const want = this.#wants.get(id)
    if (want !== undefined) {
      this.#count(want.from, -1)
      this.#count(from, 1)
      want.from = from
      return 'known'
    }
    if (this.#wants.size >= MAX_WANTED || (this.#counts.get(from) ?? 0) >= MAX_OF_ONE) return 'full'
    this.#wants.set(id, { from, tries: 1 })
    this.#count(from, 1)
    this.#timer ??= this.#parts.env.after(AGAIN_MS, () => this.#again())
    return 'new'
  }

  end(id: Hash): void {
    const want = this.#wants.get(id)
    if (want === undefined) return
    this.#wants.delete(id)
    this.#count(want.from, -1)
  }

  #count(peer: PeerId, change: 1 | -1): void {
    const count = (this.#counts.get(peer) ?? 0) + change
    if (count > 0) this.#counts.set(peer, count)
    else this.#counts.delete(peer)
  }

  #again(): void {
    const { env, post } = this.#parts
    const questions = new Map<PeerId, Hash[]>()
    for (const [id, want] of this.#wants) {
      if (want.tries++ >= TRIES) this.end(id)
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
