/**
 * Ctrl-Z, and being stopped and continued by others: the terminal is given back before this process stops, and taken
 * again when it goes on. In raw mode Ctrl-Z is a key, so we stop ourselves as the terminal would: the whole foreground
 * group, for a shell waits for all of it (`npm start`).
 * Invariant: the kernel refuses SIGTSTP where no shell could continue us; then the screen is taken again at once.
 */

/** Hands the terminal over while the callback runs. */
export type Suspend = (meanwhile: () => void) => Promise<void>

const OWN_GROUP = 0

export interface Stops {
  stop(): void
  unwatch(): void
}

export function watchStops(suspend: Suspend, failed: (error: unknown) => void): Stops {
  let away = false
  const giveAwayAround = (meanwhile: () => void): void => {
    if (away) return
    away = true
    suspend(meanwhile)
      .catch(failed)
      .finally(() => {
        away = false
      })
  }
  // without our listener the signal has its own effect: we stop within this call, and it returns when we are continued
  const stopNow = (): void => {
    process.off('SIGTSTP', stop)
    process.kill(OWN_GROUP, 'SIGTSTP')
    process.on('SIGTSTP', stop)
  }
  const stop = (): void => giveAwayAround(stopNow)
  // after a SIGSTOP the shell has changed the terminal: give and take sets it as it was
  const continued = (): void => giveAwayAround(() => undefined)
  process.on('SIGTSTP', stop)
  process.on('SIGCONT', continued)
  return {
    stop,
    unwatch: () => {
      process.off('SIGTSTP', stop)
      process.off('SIGCONT', continued)
    },
  }
}
