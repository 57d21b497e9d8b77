/**
 * How much of what peers claim the manifests task passes on to the files task, which has a process and its own work to
 * do. What is left out is told again: digests go the same way, and a peer whose digest differs repeats its claims.
 */
import type { SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Env } from '../env.js'

/** One token is a message, and as much again for each of these. */
const TOKEN_BYTES = 4_096
/** Who keeps to the rules sends five messages of at most 128 claims a second. */
const BURST_OF_ONE = 256
const PER_SECOND_OF_ONE = 64
const BURST = 2_048
const PER_SECOND = 1_024
/** Of a claim without its bitmaps. */
const CLAIM_BYTES = 40

export class Relays {
  readonly #env: Pick<Env, 'now'>
  readonly #all: Bucket
  readonly #ofPeer = new Map<PeerId, Bucket>() // one per linked peer

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
    this.#all = new Bucket(env, BURST, PER_SECOND)
  }

  /** Whether that message of that peer may be passed on. */
  admits(from: PeerId, message: SwarmMessage): boolean {
    const own = this.#ofPeer.get(from) ?? new Bucket(this.#env, BURST_OF_ONE, PER_SECOND_OF_ONE)
    this.#ofPeer.set(from, own)
    for (let tokens = tokensOf(message); tokens > 0; tokens--) if (!own.take() || !this.#all.take()) return false
    return true
  }

  forget(peer: PeerId): void {
    this.#ofPeer.delete(peer)
  }
}

function tokensOf(message: SwarmMessage): number {
  if (message.type !== 'chunksHave') return 1
  let bytes = 0
  for (const { chunks, kept } of message.claims) bytes += CLAIM_BYTES + chunks.length + kept.length
  return 1 + Math.floor(bytes / TOKEN_BYTES)
}
