/**
 * Every way out of the console that is not a key: signals, a terminal that went away, a crash. Whoever opened the console
 * is told once for each; without these listeners node would end at once and leave the terminal as it is.
 */

export interface Exits {
  /** SIGINT, SIGTERM, SIGHUP, or the terminal is gone. */
  asked(signal: string): void
  crashed(error: unknown): void
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Answers how to stop watching. */
export function watchExits(exits: Exits, streams: readonly NodeJS.EventEmitter[]): () => void {
  const signals = SIGNALS.map((name) => [name, () => exits.asked(name)] as const)
  const crashed = (error: unknown) => exits.crashed(error)
  // a closed terminal says so several times: by the signal, and reads and writes fail with EIO; being asked twice is hurry
  let hungUp = false
  const gone = () => {
    if (!hungUp) exits.asked('SIGHUP')
    hungUp = true
  }
  for (const [name, listener] of signals) process.on(name, listener)
  process.on('SIGHUP', gone)
  process.on('uncaughtException', crashed)
  process.on('unhandledRejection', crashed)
  for (const stream of streams) stream.on('error', gone)
  return () => {
    for (const [name, listener] of signals) process.off(name, listener)
    process.off('SIGHUP', gone)
    process.off('uncaughtException', crashed)
    process.off('unhandledRejection', crashed)
    // the error listeners stay: what is written to a closed terminal later must not crash the leave either
  }
}
