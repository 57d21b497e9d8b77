/**
 * The three kinds of failure: the other peer's (ProtocolError: its link is closed with the code), the world's
 * (OperationalError: shown to the user with what to do next), and ours (assert: crash loudly).
 */

/** Why a link was closed; travels in the `close` message, so the list is append-only. */
export const CLOSE_CODES = [
  'normal',
  'protocol',
  'too-large',
  'flood',
  'slow',
  'timeout',
  'duplicate',
  'replaced',
  'incompatible',
  'other-chain',
  'wrong-peer',
  'identity-in-use',
  'busy',
  'leaving',
  'lost',
] as const

export type CloseCode = (typeof CLOSE_CODES)[number]

/** The other peer broke the rules. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  constructor(
    readonly code: CloseCode,
    message: string,
  ) {
    super(message)
  }
}

/** Disk, network or user: the message says what happened and what to do next. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError'
}

/** Our own fault: never caught by protocol code. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** Makes a `switch` over a union exhaustive at compile time. */
export function assertNever(value: never): never {
  throw new Error(`assertion failed: unexpected ${JSON.stringify(value)}`)
}
