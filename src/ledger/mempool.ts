/**
 * Records that wait to be mined. Invariants: each could follow the active chain and all others here, so a template is
 * always valid; a full pool refuses, it never drops what it took, except what expired or what the chain made invalid;
 * no peer fills more than an eighth.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { MAX_BLOCK_BYTES, MAX_BLOCK_RECORDS } from './block.js'
import { HEADER_BYTES } from './header.js'
import type { LedgerRecord, SignedRecord } from './record.js'
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

export type Admission = 'added' | 'known' | 'duplicate' | 'full' | 'expired'

export class Mempool {
  readonly #state: State
  /** At most MEMPOOL_BYTES, in order of arrival. */
  readonly #pending = new Map<Hash, Pending>()
  /** Pending ballot by poll and voter. */
  readonly #votes = new Map<string, Hash>()
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

  add(signed: SignedRecord, source: Source, nowMs: number, wallTimeMs: number): Admission {
    if (this.#pending.has(signed.id)) return 'known'
    const conflict = this.#state.conflict(signed)
    if (conflict !== null) return conflict
    const vote = voteOf(signed.record)
    if (vote !== null && this.#votes.has(vote)) return 'duplicate'
    if (isExpired(signed, wallTimeMs)) return 'expired'
    const size = costOf(signed)
    const fromSource = (this.#bytesBySource.get(source) ?? 0) + size
    const limited = source !== 'own' && source !== 'branch'
    if (this.#bytes + size > MEMPOOL_BYTES || (limited && fromSource > SOURCE_BYTES)) return 'full'
    this.#pending.set(signed.id, { signed, source, sinceMs: nowMs })
    if (vote !== null) this.#votes.set(vote, signed.id)
    this.#bytesBySource.set(source, fromSource)
    this.#bytes += size
    this.#version++
    return 'added'
  }

  remove(id: Hash): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    const { signed, source } = pending
    this.#pending.delete(id)
    const vote = voteOf(signed.record)
    if (vote !== null) this.#votes.delete(vote)
    const left = (this.#bytesBySource.get(source) ?? 0) - costOf(signed)
    if (left > 0) this.#bytesBySource.set(source, left)
    else this.#bytesBySource.delete(source)
    this.#bytes -= costOf(signed)
    this.#version++
    return pending
  }

  /** Takes out what these records of the chain make known or invalid; answers the invalid ones. */
  connected(records: readonly SignedRecord[]): readonly Pending[] {
    const invalid: Pending[] = []
    for (const { id, record } of records) {
      this.remove(id)
      const vote = voteOf(record)
      const rival = vote === null ? undefined : this.#votes.get(vote)
      const dropped = rival === undefined ? undefined : this.remove(rival)
      if (dropped !== undefined) invalid.push(dropped)
    }
    return invalid
  }

  /** Takes out and answers what is older than a day. */
  expire(wallTimeMs: number): readonly Pending[] {
    const old = [...this.#pending.values()].filter(({ signed }) => isExpired(signed, wallTimeMs))
    for (const { signed } of old) this.remove(signed.id)
    return old
  }

  /** The records of the next block: own ones first, then one source after the other in turn. */
  template(): readonly SignedRecord[] {
    const lanes = new Map<Source, SignedRecord[]>([['own', []]])
    for (const { signed, source } of this.#pending.values()) {
      const lane = lanes.get(source) ?? []
      lanes.set(source, lane)
      lane.push(signed)
    }
    const own = lanes.get('own') ?? []
    lanes.delete('own')
    const picked: SignedRecord[] = []
    let room = MAX_BLOCK_BYTES - HEADER_BYTES
    for (const signed of [...own, ...interleaved([...lanes.values()])]) {
      if (picked.length === MAX_BLOCK_RECORDS) break
      if (signed.bytes.length > room) continue
      picked.push(signed)
      room -= signed.bytes.length
    }
    return picked
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
function isExpired(signed: SignedRecord, wallTimeMs: number): boolean {
  return Math.abs(wallTimeMs - signed.record.time) > EXPIRY_MS
}

/** Names cannot hold control characters, so the separator is unambiguous. */
function voteOf(record: LedgerRecord): string | null {
  return record.kind === 'ballot' ? `${record.poll}\0${record.voter}` : null
}
