/**
 * Polls. In an open one any voter id counts once, whoever signed its ballot; a registered one has fixed choices, perhaps
 * an end and a roll of peers. Invariant: `counts` always equals what counting `voters` would give; the chain adds records
 * and removes them in the opposite order, and only such without a conflict.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { TallyView } from '../api.js'
import type { Ballot, Poll, SignedRecord } from './record.js'
import type { Refusal } from './refusal.js'

/** A poll that stands in the chain. */
export interface Registered {
  readonly id: Hash
  readonly author: PeerId
  readonly record: Poll
  readonly roll: ReadonlySet<PeerId>
}

interface Entry {
  /** Ballot id by voter; grows with the chain only. */
  readonly voters: Map<string, Hash>
  readonly counts: Map<string, number>
  /** Who signed a ballot; filled only where there is a roll, so at most as long. */
  readonly authors: Set<PeerId>
  registered: Registered | null
  final: boolean
}

export class Tally {
  readonly #polls = new Map<string, Entry>()
  /** Registered ones that end and have no close; grows with the chain only. */
  readonly #unclosed = new Map<string, Registered>()

  registered(poll: string): Registered | undefined {
    return this.#polls.get(poll)?.registered ?? undefined
  }

  /** Registered polls that have an end, passed or not, and no close. */
  unclosed(): Iterable<Registered> {
    return this.#unclosed.values()
  }

  /** Why the record cannot stand in the next block, if that one has this time; null if it can. */
  conflict({ record, author }: SignedRecord, timeS: number): Refusal | null {
    if (record.kind === 'note') return null
    const entry = this.#polls.get(record.poll)
    const registered = entry?.registered ?? null
    switch (record.kind) {
      case 'ballot':
        return ballotConflict(record, author, entry, timeS)
      case 'poll':
        if (registered !== null) return 'taken'
        if (entry !== undefined) return 'begun'
        return hasEnded(record, timeS) ? 'over' : null
      case 'close':
        if (registered === null) return 'unregistered'
        if (entry?.final === true) return 'final'
        return hasEnded(registered.record, timeS) ? null : 'early'
    }
  }

  add({ id, author, record }: SignedRecord): void {
    if (record.kind === 'note') return
    const entry = this.#polls.get(record.poll) ?? emptyEntry()
    this.#polls.set(record.poll, entry)
    switch (record.kind) {
      case 'ballot':
        entry.voters.set(record.voter, id)
        entry.counts.set(record.choice, (entry.counts.get(record.choice) ?? 0) + 1)
        if (entry.registered !== null && entry.registered.roll.size > 0) entry.authors.add(author)
        return
      case 'poll':
        entry.registered = { id, author, record, roll: new Set(record.roll) }
        if (record.closes > 0) this.#unclosed.set(record.poll, entry.registered)
        return
      case 'close':
        entry.final = true
        this.#unclosed.delete(record.poll)
    }
  }

  remove({ author, record }: SignedRecord): void {
    if (record.kind === 'note') return
    const entry = this.#polls.get(record.poll)
    if (entry === undefined) return
    switch (record.kind) {
      case 'ballot': {
        entry.voters.delete(record.voter)
        entry.authors.delete(author)
        const left = (entry.counts.get(record.choice) ?? 0) - 1
        if (left > 0) entry.counts.set(record.choice, left)
        else entry.counts.delete(record.choice)
        break
      }
      case 'poll':
        entry.registered = null
        this.#unclosed.delete(record.poll)
        break
      case 'close':
        entry.final = false
        if (entry.registered !== null) this.#unclosed.set(record.poll, entry.registered)
    }
    if (entry.voters.size === 0 && entry.registered === null) this.#polls.delete(record.poll)
  }

  /** Names of all polls that are registered or have a ballot, sorted. */
  polls(): readonly string[] {
    return [...this.#polls.keys()].sort()
  }

  /** Most chosen first, then in the order of the options or the alphabet. `timeS` tells whether the poll has ended. */
  view(name: string, height: number, timeS: number): TallyView {
    const entry = this.#polls.get(name)
    const registered = entry?.registered?.record
    const options = registered?.options ?? []
    const counts = new Map(options.map((option) => [option, 0]))
    const chosen = [...(entry?.counts ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [choice, count] of chosen) counts.set(choice, count)
    const final = entry?.final ?? false
    const ended = registered !== undefined && hasEnded(registered, timeS)
    return {
      poll: name,
      height,
      final,
      total: entry?.voters.size ?? 0,
      choices: Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
      question: registered?.question ?? '',
      options,
      closes: registered === undefined || registered.closes === 0 ? null : registered.closes,
      roll: registered === undefined || registered.roll.length === 0 ? null : registered.roll.length,
      state: final ? 'final' : ended ? 'ended' : 'open',
    }
  }
}

/** Whether a block of this time comes too late for the poll's ballots. */
export function hasEnded({ closes }: Poll, timeS: number): boolean {
  return closes > 0 && timeS >= closes
}

function ballotConflict(ballot: Ballot, author: PeerId, entry: Entry | undefined, timeS: number): Refusal | null {
  if (entry === undefined) return null
  const { registered } = entry
  if (registered !== null) {
    if (hasEnded(registered.record, timeS)) return 'closed'
    if (!registered.record.options.includes(ballot.choice)) return 'choice'
    if (registered.roll.size > 0 && !registered.roll.has(author)) return 'roll'
    if (entry.authors.has(author)) return 'voted'
  }
  return entry.voters.has(ballot.voter) ? 'duplicate' : null
}

function emptyEntry(): Entry {
  return { voters: new Map(), counts: new Map(), authors: new Set(), registered: null, final: false }
}
