/**
 * The events of a peer, as a typed emitter. Invariant: a listener never runs inside the core that told the news, so
 * whatever it does or throws cannot disturb it; what it throws is an uncaught exception, as with any EventTarget.
 */
import type { LogLine } from '../api.js'

export interface PeerEvents {
  /** Something visible changed; several changes of one moment are one event. Ask the peer's views what it was. */
  readonly change: undefined
  /** A new log line. */
  readonly log: LogLine
  /** Everything is closed; `reason` is null after a polite end. The last event. */
  readonly end: { readonly reason: string | null }
}

export type Listener<K extends keyof PeerEvents> = (event: PeerEvents[K]) => void

export class Events {
  readonly #listeners: { readonly [K in keyof PeerEvents]: Set<Listener<K>> } = {
    change: new Set(),
    log: new Set(),
    end: new Set(),
  }
  #changing = false

  /** Answers how to stop listening. */
  on<K extends keyof PeerEvents>(event: K, listener: Listener<K>): () => void {
    this.#listeners[event].add(listener)
    return () => this.off(event, listener)
  }

  off<K extends keyof PeerEvents>(event: K, listener: Listener<K>): void {
    this.#listeners[event].delete(listener)
  }

  emit<K extends keyof PeerEvents>(event: K, value: PeerEvents[K]): void {
    const listeners = this.#listeners[event]
    for (const listener of listeners) {
      queueMicrotask(() => {
        if (listeners.has(listener)) listener(value)
      })
    }
  }

  /** Marks a change; told once when the core has come to rest. */
  changed(): void {
    if (this.#changing) return
    this.#changing = true
    setImmediate(() => {
      this.#changing = false
      this.emit('change', undefined)
    })
  }
}
