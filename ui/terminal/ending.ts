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
}

/** An operational failure is its message; anything else comes with its stack, since it is ours. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'OperationalError' ? error.message : (error.stack ?? error.message)
}
