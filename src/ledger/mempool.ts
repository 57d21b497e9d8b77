/**
 * Records that wait to be mined. Invariants: each could follow the active chain, in a block of a time that an honest miner
 * may still write; no two claim the same voter, name or end; what a template holds is valid together and in that order; a
 * full pool refuses, it never drops what it took, except what expired or can no longer be valid; no peer fills more than
 * an eighth.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { MAX_BLOCK_BYTES, MAX_BLOCK_RECORDS } from './block.js'
import { MAX_AHEAD_S } from './chain.js'
import { HEADER_BYTES } from './header.js'
import type { SignedRecord } from './record.js'
import type { Conflict, Refusal } from './refusal.js'
import type { State } from './state.js'

export const MEMPOOL_BYTES = 16 << 20
export const SOURCE_BYTES = MEMPOOL_BYTES / 8
export const EXPIRY_MS = 24 * 3600_000
/** What a record costs in memory beside its bytes. */
const ENTRY_BYTES = 512

/** The peer it came from; 'own': written here; 'branch': from a block that a heavier branch displaced. */
export type Source = PeerId | 'own' | 'branch'

export interface Pending {
  readonly signed: SignedRecord
  readonly source: Source
  /** env.now() when it came. */
  readonly sinceMs: number
}

/** What nobody else may claim while this record waits, and what a rival is told. */
interface Claim {
  readonly key: string
  readonly rival: Refusal
}

interface Entry extends Pending {
  /** As they were when it came. */
  readonly claims: readonly Claim[]
}

/** A record that was taken out. */
export interface Dropped {
  readonly signed: SignedRecord
  readonly why: Refusal | 'expired'
}

/** When a record is judged. */
export interface Moment {
  /** env.now() */
  readonly nowMs: number
  readonly wallTimeMs: number
  /** Of the chain's newest block, in seconds: no block after it is dated earlier. */
  readonly tipTimeS: number
}

export type Admission = 'added' | 'full' | 'expired' | Conflict

export class Mempool {
  readonly #state: State
  /** At most MEMPOOL_BYTES, in order of arrival. */
  readonly #pending = new Map<Hash, Entry>()
  /** Which pending record made a claim; at most two for each. */
  readonly #claims = new Map<string, Hash>()
  readonly #bytesBySource = new Map<Source, number>()
  #bytes = 0
  #version = 0

  constructor(state: State) {
    this.#state = state
  }

  get size(): number {
    return this.#pending.size
  }

  /** Whether a record written here waits. */
  get hasOwn(): boolean {
    return this.#bytesBySource.has('own')
  }

  /** Changes with every change of the content. */
  get version(): number {
    return this.#version
  }

  get(id: Hash): Pending | undefined {
    return this.#pending.get(id)
  }

  /** In order of arrival. */
  entries(): Iterable<Pending> {
    return this.#pending.values()
  }

  /** Whether the end of this poll waits to be mined. */
  hasClose(poll: string): boolean {
    return this.#claims.has(closeKey(poll))
  }

  add(signed: SignedRecord, source: Source, moment: Moment): Admission {
    if (this.#pending.has(signed.id)) return 'known'
    const conflict = this.#state.conflict(signed, judgedAtS(signed, moment))
    if (conflict !== null) return conflict
    const claims = this.#claimsOf(signed)
    const taken = claims.find(({ key }) => this.#claims.has(key))
    if (taken !== undefined) return taken.rival
    if (isExpired(signed, moment)) return 'expired'
    const size = costOf(signed)
    const fromSource = (this.#bytesBySource.get(source) ?? 0) + size
    const limited = source !== 'own' && source !== 'branch'
    if (this.#bytes + size > MEMPOOL_BYTES || (limited && fromSource > SOURCE_BYTES)) return 'full'
    this.#pending.set(signed.id, { signed, source, sinceMs: moment.nowMs, claims })
    for (const { key } of claims) this.#claims.set(key, signed.id)
    this.#bytesBySource.set(source, fromSource)
    this.#bytes += size
    this.#version++
    return 'added'
  }

  remove(id: Hash): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    const { signed, source, claims } = pending
    this.#pending.delete(id)
    for (const { key } of claims) this.#claims.delete(key)
    const left = (this.#bytesBySource.get(source) ?? 0) - costOf(signed)
    if (left > 0) this.#bytesBySource.set(source, left)
    else this.#bytesBySource.delete(source)
    this.#bytes -= costOf(signed)
    this.#version++
    return pending
  }

  /** Takes out these records of the chain, and what can no longer be valid; answers the latter. */
  connected(records: readonly SignedRecord[], moment: Moment): readonly Dropped[] {
    for (const { id } of records) this.remove(id)
    return this.sweep(moment)
  }

  /** Takes out and answers what is older than a day or can no longer be valid. */
  sweep(moment: Moment): readonly Dropped[] {
    const dropped: Dropped[] = []
    for (const { signed } of this.#pending.values()) {
      const refusal = this.#state.tally.conflict(signed, judgedAtS(signed, moment))
      if (refusal !== null) dropped.push({ signed, why: refusal })
      else if (isExpired(signed, moment)) dropped.push({ signed, why: 'expired' })
    }
    for (const { signed } of dropped) this.remove(signed.id)
    return dropped
  }

  /**
   * The records of the next block, if it has this time: own ones first, then one source after the other in turn; a poll
   * before its ballots.
   */
  template(timeS: number): readonly SignedRecord[] {
    const lanes = new Map<Source, SignedRecord[]>([['own', []]])
    for (const { signed, source } of this.#pending.values()) {
      const lane = lanes.get(source) ?? []
      lanes.set(source, lane)
      lane.push(signed)
    }
    const own = lanes.get('own') ?? []
    lanes.delete('own')
    const picked = new Set<Hash>()
    let room = MAX_BLOCK_BYTES - HEADER_BYTES
    return this.#state.fitting(this.#pollsFirst([...own, ...interleaved([...lanes.values()])]), timeS, (signed) => {
      if (picked.size === MAX_BLOCK_RECORDS || signed.bytes.length > room) return false
      const poll = this.#pollOf(signed)
      // without its poll it would begin an open one, and keep the name from the poll
      if (poll !== undefined && !picked.has(poll.id)) return false
      picked.add(signed.id)
      room -= signed.bytes.length
      return true
    })
  }

  /** Each once; a poll that waits too comes before the first ballot for it. */
  *#pollsFirst(records: readonly SignedRecord[]): Generator<SignedRecord> {
    const polls = new Set<Hash>()
    for (const signed of records) {
      const poll = signed.record.kind === 'poll' ? signed : this.#pollOf(signed)
      if (poll !== undefined && !polls.has(poll.id)) {
        polls.add(poll.id)
        yield poll
      }
      if (signed !== poll) yield signed
    }
  }

  /** The pending registration of a ballot's poll. */
  #pollOf({ record }: SignedRecord): SignedRecord | undefined {
    const id = record.kind === 'ballot' ? this.#claims.get(pollKey(record.poll)) : undefined
    return id === undefined ? undefined : this.#pending.get(id)?.signed
  }

  #claimsOf({ record, author }: SignedRecord): readonly Claim[] {
    switch (record.kind) {
      case 'note':
        return []
      case 'poll':
        return [{ key: pollKey(record.poll), rival: 'taken' }]
      case 'close':
        return [{ key: closeKey(record.poll), rival: 'final' }]
      case 'ballot': {
        const voter: Claim = { key: `voter\0${record.poll}\0${record.voter}`, rival: 'duplicate' }
        const hasRoll = (this.#state.tally.registered(record.poll)?.roll.size ?? 0) > 0
        return hasRoll ? [voter, { key: `author\0${record.poll}\0${author}`, rival: 'voted' }] : [voter]
      }
    }
  }
}

function* interleaved(lanes: readonly (readonly SignedRecord[])[]): Generator<SignedRecord> {
  const longest = lanes.reduce((most, lane) => Math.max(most, lane.length), 0)
  for (let place = 0; place < longest; place++) {
    for (const lane of lanes) {
      const signed = lane[place]
      if (signed !== undefined) yield signed
    }
  }
}

function costOf(signed: SignedRecord): number {
  return signed.bytes.length + ENTRY_BYTES
}

/** A day old by its own date, or dated more than a day ahead. */
function isExpired({ record }: SignedRecord, { wallTimeMs }: Moment): boolean {
  return Math.abs(wallTimeMs - record.time) > EXPIRY_MS
}

/**
 * The block time that suits the record best among those that an honest miner may still write: ballots and polls come too
 * late one day, the end of a poll comes too early.
 */
function judgedAtS({ record }: SignedRecord, { wallTimeMs, tipTimeS }: Moment): number {
  const slackS = record.kind === 'close' ? MAX_AHEAD_S : -MAX_AHEAD_S
  return Math.max(tipTimeS, Math.floor(wallTimeMs / 1000) + slackS)
}

// names cannot hold control characters, so the separator is unambiguous
const pollKey = (poll: string): string => `poll\0${poll}`
const closeKey = (poll: string): string => `close\0${poll}`
