/**
 * Tells by questions over the link who is alive: the way where no datagram gets through, and for peers that are not
 * watched. The link is opened anew where it closed: a process that is gone refuses it at once.
 * Invariant: evidence never kills; only a check of its own does, and any word heard from the peer meanwhile acquits it.
 */
import type { PeerId } from '../../wire/types.js'

const MAX_CHECKS = 256

interface Check {
  /** Something speaks against the peer, else it is routine. */
  doubted: boolean
  heard: boolean
}

export class LinkLiveness {
  onDead: (peer: PeerId) => void = () => {}
  readonly #ping: (peer: PeerId, done: (alive: boolean) => void) => void
  readonly #checks = new Map<PeerId, Check>() // at most MAX_CHECKS

  constructor(ping: (peer: PeerId, done: (alive: boolean) => void) => void) {
    this.#ping = ping
  }

  /** A routine ping: nothing speaks against the peer. */
  check(peer: PeerId): void {
    if (!this.#checks.has(peer)) this.#begin(peer, false)
  }

  suspect(peer: PeerId): void {
    const running = this.#checks.get(peer)
    if (running === undefined) {
      this.#begin(peer, true)
      return
    }
    running.doubted = true
    // what was heard before this evidence speaks no longer for the peer
    running.heard = false
  }

  heard(peer: PeerId): void {
    const check = this.#checks.get(peer)
    if (check !== undefined) check.heard = true
  }

  isSuspect(peer: PeerId): boolean {
    return this.#checks.get(peer)?.doubted ?? false
  }

  stop(): void {
    this.#checks.clear()
  }

  #begin(peer: PeerId, doubted: boolean): void {
    if (this.#checks.size >= MAX_CHECKS) return
    const check = { doubted, heard: false }
    this.#checks.set(peer, check)
    this.#ping(peer, (alive) => {
      if (this.#checks.get(peer) !== check) return
      this.#checks.delete(peer)
      if (!alive && !check.heard) this.onDead(peer)
    })
  }
}
