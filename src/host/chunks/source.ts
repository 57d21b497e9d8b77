/** Where chunks of a blob can be read: whole files that we hold, or the written part of one that is being fetched. */
import type { Hash } from '../../../wire/types.js'
import type { Layout } from '../../env.js'

export interface Source {
  readonly blob: Hash
  readonly layout: Layout
  /** A single chunk that is kept by itself: nothing else is lost with it. */
  readonly loose?: boolean
  /** Reads one chunk into the first bytes of `memory`; throws OperationalError when it cannot. */
  read(index: number, memory: Uint8Array): Promise<void>
}
