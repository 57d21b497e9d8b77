/** What the composition root decides about files. */
import type { Hash } from '../../wire/types.js'
import type { Fetches } from './fetches.js'
import type { Keep } from './keep.js'
import type { PartsOptions } from './make-parts.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

/** Of copies kept for others, where nobody says how much: 10 GiB. */
export const DEFAULT_QUOTA_BYTES = 10 * 2 ** 30

export interface SwarmOptions extends PartsOptions {
  /** Bytes of copies kept for others; 10 GiB where absent. */
  readonly quotaBytes?: number
  /** Decides what is kept here; ring duty where absent. */
  readonly keep?: (parts: Parts, fetches: Fetches) => Keep
  /** Registers that this peer did not know before. */
  readonly learned?: (registers: readonly Register[]) => void
  /** A chunk of that file is about to be sent. */
  readonly served?: (blob: Hash) => void
  /** Something visible changed. */
  readonly changed: () => void
}
