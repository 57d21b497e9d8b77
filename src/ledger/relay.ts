/**
 * Pending records flood by inventory: ids are announced, unknown ones asked for at a bounded pace, and only what was
 * validated is announced further. Invariants: nothing comes unasked; one peer cannot make us fetch or verify more than
 * RECORDS_PER_SECOND; an id is asked from one peer at a time.
 */
import { ProtocolError } from '../../wire/errors.js'
import { MAX_RECORDS_ASKED } from '../../wire/messages/ledger.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import { Asked } from './asked.js'
import type { Admission, Mempool } from './mempool.js'
import { decodeRecord, type SignedRecord } from './record.js'
import type { Verifier } from './verifier.js'

export const RECORDS_PER_SECOND = 20
const PACE_MS = 100
/** After this without an answer another peer is asked. */
const PATIENCE_MS = 2000
const MAX_SEEN = 65_536
/** Ids a peer announced that we have not asked for yet; more are ignored, they come in a block. */
const MAX_WANTED = 4096
/** Ids asked of a peer and not answered; it need not answer what it no longer has. */
const MAX_ASKED = 1024

interface Lane {
  readonly wanted: Set<Hash>
  readonly asked: Asked
  tokens: number
  refilledMs: number
}

export interface RelayHooks {
  /** A validly signed record came; 'added' ones are announced further by the ledger. */
  readonly accept: (signed: SignedRecord, from: PeerId) => Admission
  /** In the mempool or in the chain. */
  readonly has: (id: Hash) => boolean
  /** Those that stand in our newest blocks, by id. */
  readonly mined: (ids: readonly Hash[]) => ReadonlyMap<Hash, SignedRecord>
}

export class Relay {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #mesh: Pick<Mesh, 'send' | 'blame'>
  readonly #mempool: Mempool
  readonly #verifier: Verifier
  readonly #hooks: RelayHooks
  /** Linked peers. */
  readonly #lanes = new Map<PeerId, Lane>()
  /** Ids judged already, at most MAX_SEEN. */
  readonly #seen = new Set<Hash>()
  /** When an id was asked for last; entries older than PATIENCE_MS are swept. */
  readonly #askedMs = new Map<Hash, number>()
  #pacing = false

  constructor(
    env: Pick<Env, 'now' | 'after'>,
    mesh: Pick<Mesh, 'send' | 'blame'>,
    mempool: Mempool,
    verifier: Verifier,
    hooks: RelayHooks,
  ) {
    this.#env = env
    this.#mesh = mesh
    this.#mempool = mempool
    this.#verifier = verifier
    this.#hooks = hooks
  }

  linkUp(peer: PeerId): void {
    // a replaced link: answers to what was asked over the old one may still come
    const asked = this.#lanes.get(peer)?.asked ?? new Asked()
    const lane = { wanted: new Set<Hash>(), asked, tokens: RECORDS_PER_SECOND }
    this.#lanes.set(peer, { ...lane, refilledMs: this.#env.now() })
  }

  linkDown(peer: PeerId): void {
    this.#lanes.delete(peer)
  }

  inventory(from: PeerId, ids: readonly Hash[]): void {
    const lane = this.#lanes.get(from)
    if (lane === undefined) return
    for (const id of ids) {
      if (lane.wanted.size < MAX_WANTED && this.#isNew(id)) lane.wanted.add(id)
    }
    this.#pump()
  }

  getRecords(from: PeerId, ids: readonly Hash[]): void {
    const mined = this.#hooks.mined(ids)
    const records = ids
      .map((id) => (this.#mempool.get(id)?.signed ?? mined.get(id))?.bytes)
      .filter((bytes) => bytes !== undefined)
    this.#mesh.send(from, { type: 'records', records })
  }

  records(from: PeerId, encoded: readonly Uint8Array[]): void {
    const lane = this.#lanes.get(from)
    if (lane === undefined) return
    const fresh: SignedRecord[] = []
    for (const bytes of encoded) {
      const signed = parsed(bytes)
      if (typeof signed === 'string') {
        this.#mesh.blame(from, 'protocol', `record: ${signed}`)
        return
      }
      if (!lane.asked.answered(signed.id)) {
        this.#mesh.blame(from, 'protocol', 'unsolicited record')
        return
      }
      if (this.#isNew(signed.id)) fresh.push(signed)
    }
    this.#verifier.verify(fresh, (bad) => {
      if (bad.length > 0) this.#mesh.blame(from, 'protocol', 'record with a wrong signature')
      for (const signed of fresh) {
        // a bad signature says nothing about the id: the true one may still come
        if (!bad.includes(signed) && this.#hooks.accept(signed, from) !== 'full') this.#see(signed.id)
      }
    })
  }

  #isNew(id: Hash): boolean {
    return !this.#seen.has(id) && !this.#hooks.has(id)
  }

  #see(id: Hash): void {
    const oldest = this.#seen.size >= MAX_SEEN ? this.#seen.values().next().value : undefined
    if (oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.add(id)
  }

  /** Asks each peer for as much as its pace allows; again soon while something is wanted. */
  #pump(): void {
    const now = this.#env.now()
    let waiting = false
    for (const [id, askedMs] of this.#askedMs) {
      if (now - askedMs >= PATIENCE_MS) this.#askedMs.delete(id)
    }
    for (const [peer, lane] of this.#lanes) {
      const earned = ((now - lane.refilledMs) * RECORDS_PER_SECOND) / 1000
      lane.tokens = Math.min(RECORDS_PER_SECOND, lane.tokens + earned)
      lane.refilledMs = now
      const ids = this.#pick(lane, now)
      if (ids.length > 0) this.#mesh.send(peer, { type: 'getRecords', ids })
      if (lane.wanted.size > 0) waiting = true
    }
    if (waiting && !this.#pacing) {
      this.#pacing = true
      this.#env.after(PACE_MS, () => {
        this.#pacing = false
        this.#pump()
      })
    }
  }

  #pick(lane: Lane, now: number): readonly Hash[] {
    const ids: Hash[] = []
    for (const id of lane.wanted) {
      if (lane.tokens < 1 || ids.length === MAX_RECORDS_ASKED) break
      if (!this.#isNew(id)) lane.wanted.delete(id)
      else if (!this.#askedMs.has(id)) {
        lane.wanted.delete(id)
        lane.tokens--
        if (lane.asked.size >= MAX_ASKED) lane.asked.forgetOldest()
        lane.asked.add(id)
        this.#askedMs.set(id, now)
        ids.push(id)
      }
    }
    return ids
  }
}

function parsed(bytes: Uint8Array): SignedRecord | string {
  try {
    return decodeRecord(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return error.message
    throw error
  }
}
