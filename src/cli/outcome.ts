/** What a command gives back, wherever it was typed, and how its code is told apart (exit codes of DESIGN 12). */

import type { Failure, LogLine, OnProgress, PeerApi, Result } from '../api.js'

export const EXIT = { done: 0, failed: 1, usage: 2, noPeer: 3, timeout: 4 } as const

export interface Outcome {
  readonly exit: number
  /** One line for a person. */
  readonly message: string
  /** More lines for a person: a table, a tally. Printed instead of the message in a shell. */
  readonly lines?: readonly string[]
  /** Printed after the message in a shell; the console shows the message alone. */
  readonly more?: readonly string[]
  /** The document of `--json`; absent where the command failed without one. */
  readonly json?: unknown
}

/** What commands need beside the peer: facts and deeds of the process around it. */
export interface CommandHost {
  readonly peer: PeerApi
  readonly network: string
  /** Makes a ticket for these addresses. */
  ticket(addresses: readonly string[]): string
  /** Accepts a ticket: its network is remembered; answers what to join now, or why not. */
  acceptTicket(
    text: string,
  ): { readonly addresses: readonly string[] } | { readonly error: string; readonly usage: boolean }
  /** Opens a listener on this machine's own addresses. */
  openLan(): Promise<readonly string[]>
  /** What to do so that it listens there. */
  readonly lanAdvice: string
  quit(abrupt: boolean): void
  /** The newest lines, oldest first. */
  log(): readonly LogLine[]
  /** Calls at every change and log line; answers how to stop. */
  watch(changed: () => void): () => void
  /** False once the peer is being closed: it may be asked nothing more. */
  isOpen(): boolean
}

export interface CommandContext {
  readonly host: CommandHost
  /** The caller's directory, absolute. */
  readonly cwd: string
  /** Width of the caller's terminal; 0 where nobody looks. */
  readonly columns: number
  /** Half blocks can be shown there. */
  readonly pictures: boolean
  readonly progress: OnProgress
  /** Aborted by Ctrl-C, `x` or the timeout. */
  readonly signal: AbortSignal
  readonly timeoutMs: number | undefined
}

export const failed = (message: string): Outcome => ({ exit: EXIT.failed, message })
export const usage = (message: string): Outcome => ({ exit: EXIT.usage, message })

export function exitOf(failure: Failure): number {
  return failure.kind === 'usage' ? EXIT.usage : failure.kind === 'timeout' ? EXIT.timeout : EXIT.failed
}

/**
 * Runs one callback operation of the peer to its end, to an abort or to the timeout (which cancels it).
 * `start` may hand back how to cancel.
 */
export function settle<T>(
  context: CommandContext,
  start: (done: (result: Result<T>) => void) => unknown,
  show: (value: T) => Outcome,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let over = false
    let cancel: unknown
    const finish = (outcome: Outcome): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      context.signal.removeEventListener('abort', aborted)
      resolve(outcome)
    }
    const giveUp = (outcome: Outcome): void => {
      finish(outcome)
      if (typeof cancel === 'function') cancel()
    }
    const aborted = (): void => giveUp(failed('cancelled'))
    const timer =
      context.timeoutMs === undefined
        ? undefined
        : setTimeout(
            () =>
              giveUp({ exit: EXIT.timeout, message: `no answer in ${Number(context.timeoutMs) / 1000} s, gave up` }),
            context.timeoutMs,
          )
    if (context.signal.aborted) return aborted()
    context.signal.addEventListener('abort', aborted)
    cancel = start((result) =>
      finish(result.ok ? show(result.value) : { exit: exitOf(result), message: result.message }),
    )
  })
}
