/**
 * What one linked peer still has to hear of the peer list: whole at first, then what changed since. Changes that come
 * while its link is full or within the same moment travel together. Invariant: what is queued is sent in its newest form.
 */
import { MAX_ENTRIES, type PeerEntry } from '../../wire/messages/membership.js'
import type { MembershipMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'

export class Feed {
  /** That peer has said who it is. */
  greeted = false
  readonly #send: (message: MembershipMessage) => 'sent' | 'full' | 'none'
  readonly #entryOf: (peer: PeerId) => PeerEntry | undefined
  readonly #changed = new Set<PeerId>() // at most the peer list
  readonly #lost = new Set<PeerId>() // at most the peer list
  #version = 0
  #full = false
  #repeatedAt = -Infinity
  /** The highest version that came in on this link. */
  #heard = 0

  constructor(
    send: (message: MembershipMessage) => 'sent' | 'full' | 'none',
    entryOf: (peer: PeerId) => PeerEntry | undefined,
  ) {
    this.#send = send
    this.#entryOf = entryOf
  }

  changed(peer: PeerId): void {
    this.#lost.delete(peer)
    this.#changed.add(peer)
  }

  lost(peer: PeerId): void {
    this.#changed.delete(peer)
    this.#lost.add(peer)
  }

  drained(): void {
    this.#full = false
    this.flush()
  }

  flush(): void {
    while (!this.#full && (this.#changed.size > 0 || this.#lost.size > 0 || this.#version === 0)) {
      const peers = [...this.#changed].slice(0, MAX_ENTRIES)
      const lost = [...this.#lost].slice(0, MAX_ENTRIES)
      for (const peer of peers) this.#changed.delete(peer)
      for (const peer of lost) this.#lost.delete(peer)
      const entries = peers.map(this.#entryOf).filter((entry) => entry !== undefined)
      const complete = this.#version === 0 ? 'whole' : 'delta'
      this.#version++
      this.#full = this.#send({ type: 'peers', version: this.#version, complete, entries, lost }) === 'full'
    }
  }

  /** Whether the whole list may be sent again now: at most once in `pauseMs`. */
  mayRepeat(now: number, pauseMs: number): boolean {
    if (now - this.#repeatedAt < pauseMs) return false
    this.#repeatedAt = now
    return true
  }

  /** Whether a `peers` message is the next of its link. */
  isNext(version: number): boolean {
    if (version <= this.#heard) return false
    this.#heard = version
    return true
  }
}
