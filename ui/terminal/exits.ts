/**
 * Every way out of the console that is not a key: signals, a terminal that went away, a crash. Whoever opened the console
 * is told once for each; without these listeners node would end at once and leave the terminal as it is.
 */

export interface Exits {
  /** SIGINT, SIGTERM, SIGHUP, or the terminal is gone. */
  asked(signal: string): void
  crashed(error: unknown): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Answers how to stop watching. */
export function watchExits(exits: Exits, streams: readonly NodeJS.EventEmitter[]): () => void {
  const signals = SIGNALS.map((name) => [name, () => exits.asked(name)] as const)
  const crashed = (error: unknown) => exits.crashed(error)
  // reads and writes of a closed terminal fail with EIO, as an event
  const gone = () => exits.asked('SIGHUP')
  for (const [name, listener] of signals) process.on(name, listener)
  process.on('uncaughtException', crashed)
  process.on('unhandledRejection', crashed)
  for (const stream of streams) stream.on('error', gone)
  return () => {
    for (const [name, listener] of signals) process.off(name, listener)
    process.off('uncaughtException', crashed)
    process.off('unhandledRejection', crashed)
    // the error listeners stay: what is written to a closed terminal later must not crash the leave either
  }
}
