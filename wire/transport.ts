/**
 * Where links come from. Another transport (NAT traversal, say) implements this and passes the acceptance test of
 * test/wire/transport-acceptance.ts; nothing above it changes.
 */
import type { Links } from '../src/env.js'
import type { LinkIdentity } from './introduction.js'

/** Calls nothing of its options before `dial` or `listen` has returned. */
export interface Transport extends Links {
  /** Stops listening, gives up dials, closes links as `leaving`; settles when all connections are gone. */
  close(): Promise<void>
}

export interface TransportOptions {
  readonly identity: LinkIdentity
  /** Pre-shared key of the network, 32 bytes. */
  readonly psk: Uint8Array
  /** Introduced links at once; `limits.LINKS` where absent. */
  readonly links?: number
  /** An accepted connection ended before it was introduced: for the log. */
  readonly refused?: (remote: string, reason: string) => void
}
