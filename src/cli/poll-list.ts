/**
 * All polls of a peer elsewhere: its pictures show the first few only. Asked for while somebody completes a poll's name,
 * and at most every STALE_MS; what comes is there for the next key.
 */
import type { RunningEntry } from '../host/running.js'
import { call, NO_SCREEN, type RunningCall } from './call.js'
import { type Known, strongest } from './completion.js'

/** As many as a picture shows: with fewer, the picture has them all. */
const SHOWN = 8
const STALE_MS = 2000
const MAX_POLLS = 10_000

interface Poll {
  readonly poll: string
  readonly choices: Readonly<Record<string, number>>
}

export class PollList {
  readonly #entry: RunningEntry
  #polls: readonly Poll[] = [] // at most MAX_POLLS
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: RunningCall | null = null

  constructor(entry: RunningEntry) {
    this.#entry = entry
  }

  added(known: Known): Known {
    if ((known.snapshot?.tallies.length ?? 0) < SHOWN) return known
    return {
      ...known,
      polls: () => {
        this.#ask()
        return [...new Set([...known.polls(), ...this.#polls.map(({ poll }) => poll)])]
      },
      choices: (poll) => {
        const shown = known.choices(poll)
        if (shown.length > 0) return shown
        this.#ask()
        return strongest(this.#polls.find((one) => one.poll === poll)?.choices ?? {})
      },
    }
  }

  close(): void {
    this.#asking?.leave()
    this.#askedAt = Number.POSITIVE_INFINITY
  }

  #ask(): void {
    const now = performance.now()
    if (this.#asking !== null || now - this.#askedAt < STALE_MS) return
    this.#askedAt = now
    const parts: Uint8Array[] = []
    const asking = call(this.#entry, ['poll', 'list', '--json'], NO_SCREEN, {
      progress: () => undefined,
      output: (kind, bytes) => {
        if (kind === 'json') parts.push(bytes)
      },
    })
    this.#asking = asking
    void asking.ended.then((end) => {
      this.#asking = null
      if ('exit' in end && end.exit === 0) this.#polls = pollsIn(Buffer.concat(parts).toString()).slice(0, MAX_POLLS)
    })
  }
}

function pollsIn(text: string): readonly Poll[] {
  const list: unknown = text === '' ? [] : JSON.parse(text)
  return Array.isArray(list) ? list.filter(isPoll) : []
}

function isPoll(value: unknown): value is Poll {
  if (typeof value !== 'object' || value === null || !('poll' in value) || !('choices' in value)) return false
  return typeof value.poll === 'string' && typeof value.choices === 'object' && value.choices !== null
}
