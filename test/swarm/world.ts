import type { Done, Result } from '../../src/api.js'
import type { Cancel } from '../../src/env.js'

import { TestPeer } from './peer.js'

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class World {
  nowMs = 1_000
  readonly peers: TestPeer[] = []
  readonly logs: string[] = []
  #events: Event[] = []
  #order = 0
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** Nobody's timer: of the world itself. */
  at(delayMs: number, run: () => void): Cancel {
    let live = true
    const event = { at: this.nowMs + Math.max(0, delayMs), order: this.#order++, run: () => live && run() }
    this.#push(event)
    return () => {
      live = false
    }
  }

  add(name: string, quotaBytes?: number): TestPeer {
    const peer = new TestPeer(this, name, this.peers.length)
    peer.quotaBytes = quotaBytes
    this.peers.push(peer)
    peer.start()
    return peer
  }

  addPeers(count: number): TestPeer[] {
    return Array.from({ length: count }, (_, at) => this.add(`p${at}`))
  }

  alive(): TestPeer[] {
    return this.peers.filter((peer) => peer.up)
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    this.#until(end, () => false)
    this.nowMs = end
  }

  /** Runs until the condition holds; throws when virtual time runs out first. */
  until(what: string, limitMs: number, condition: () => boolean): void {
    if (!this.#until(this.nowMs + limitMs, condition)) {
      throw new Error(`waited ${limitMs} ms in vain for: ${what}\n${this.logs.slice(-20).join('\n')}`)
    }
  }

  /** Runs until a call with a `done` was answered. */
  wait<T>(what: string, limitMs: number, call: (done: Done<T>) => void): Result<T> {
    const answers: Result<T>[] = []
    call((result) => answers.push(result))
    this.until(what, limitMs, () => answers.length > 0)
    return answers[0]!
  }

  #until(end: number, condition: () => boolean): boolean {
    for (;;) {
      if (condition()) return true
      const event = this.#events[0]
      if (event === undefined || event.at > end) return false
      this.#pop()
      this.nowMs = event.at
      event.run()
    }
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#events
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function before(a: Event, b: Event): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}
