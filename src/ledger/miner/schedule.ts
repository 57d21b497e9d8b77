/**
 * Who mines what when, so that a record costs the network one block's work and not everybody's: its author at once, the
 * others one after the other, in the order of the ring after the record's id, should the author be gone.
 */
import type { Hash, PeerId } from '../../../wire/types.js'
import type { Pending } from '../mempool.js'
import type { ChainParams } from '../params.js'

/** How many of `members` stand on the ring between the record's id and `self`: 0 for the first after it. */
export function rankAfter(id: Hash, self: PeerId, members: Iterable<PeerId>): number {
  let rank = 0
  for (const member of members) if (member !== self && isBetween(member, id, self)) rank++
  return rank
}

/** env.now() from which a pending record of another peer may be mined here. */
export function dueMs(pending: Pending, rank: number, params: ChainParams): number {
  return pending.sinceMs + patienceMs(rank, params)
}

/** How long what is another peer's to mine is left to it, and to those of a lower rank. */
export function patienceMs(rank: number, params: ChainParams): number {
  const blockTimeMs = params.blockTimeS * 1000
  return 2 * blockTimeMs + (rank * blockTimeMs) / 4
}

/** Clockwise from `from` (included) to `to` (not included). Hex ids compare as numbers do. */
function isBetween(id: string, from: string, to: string): boolean {
  return from <= to ? id >= from && id < to : id >= from || id < to
}
