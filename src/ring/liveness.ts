/**
 * Decides which peers are alive. The ring hands in evidence (a closed link, a question without answer) and gets verdicts.
 * Invariant: evidence never kills; only a check of its own does, and any word heard from the peer meanwhile acquits it.
 * This is the implementation over links; one over datagrams can stand in its place.
 */
import type { PeerId } from '../../wire/types.js'

export interface Liveness {
  /** Something speaks against this peer: check it now. */
  suspect(peer: PeerId): void
  /** A message of this peer came in. */
  heard(peer: PeerId): void
  isSuspect(peer: PeerId): boolean
  stop(): void
  onDead: (peer: PeerId) => void
}

const MAX_CHECKS = 256

/** Pings over the link, which is opened anew where it closed: a process that is gone refuses it at once. */
export class LinkLiveness implements Liveness {
  onDead: (peer: PeerId) => void = () => {}
  readonly #ping: (peer: PeerId, done: (alive: boolean) => void) => void
  readonly #checks = new Map<PeerId, { heard: boolean }>() // at most MAX_CHECKS

  constructor(ping: (peer: PeerId, done: (alive: boolean) => void) => void) {
    this.#ping = ping
  }

  suspect(peer: PeerId): void {
    const running = this.#checks.get(peer)
    // what was heard before this evidence speaks no longer for the peer
    if (running !== undefined) running.heard = false
    if (running !== undefined || this.#checks.size >= MAX_CHECKS) return
    const check = { heard: false }
    this.#checks.set(peer, check)
    this.#ping(peer, (alive) => {
      if (this.#checks.get(peer) !== check) return
      this.#checks.delete(peer)
      if (!alive && !check.heard) this.onDead(peer)
    })
  }

  heard(peer: PeerId): void {
    const check = this.#checks.get(peer)
    if (check !== undefined) check.heard = true
  }

  isSuspect(peer: PeerId): boolean {
    return this.#checks.has(peer)
  }

  stop(): void {
    this.#checks.clear()
  }
}
