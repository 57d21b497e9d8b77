/** How a console ends: once, with an exit code and the reason that is told after the terminal is back. */
export class Ending {
  #resolve: (end: { readonly exit: number; readonly reason: string }) => void = () => {}
  readonly came = new Promise<{ readonly exit: number; readonly reason: string }>((resolve) => {
    this.#resolve = resolve
  })

  /** The first one counts. */
  come(exit: number, reason: string): void {
    this.#resolve({ exit, reason })
  }

  crash(error: unknown): void {
    endSoon(1)
    this.come(1, `crashed: ${reasonOf(error)}`)
  }

  /** The peer stops by itself, or has done so before the console was there; see `ConsoleOptions.stopped`. */
  follow(stopped: AbortSignal | undefined, leaving: () => boolean): void {
    if (stopped === undefined) return
    const tell = () => this.#stopped(stopped.reason, leaving())
    if (stopped.aborted) tell()
    else stopped.addEventListener('abort', tell)
  }

  #stopped(reason: unknown, leaving: boolean): void {
    if (leaving || reason === '') this.come(0, '')
    else this.come(1, reasonOf(reason))
  }
}

/** After a crash nobody knows whether the rest can still be tidied up: the process ends anyhow. */
const CRASH_GRACE_MS = 3000

function endSoon(exit: number): void {
  setTimeout(() => process.exit(exit), CRASH_GRACE_MS).unref()
}

/** An operational failure is its message; anything else comes with its stack, since it is ours. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'OperationalError' ? error.message : (error.stack ?? error.message)
}
