/** How `quit --abrupt` ends this process: nobody is told, nothing is flushed. */

/** Whoever asked for it is answered first. */
const ABRUPT_MS = 50

/** Calls this shortly; where absent, the process is killed then. */
export function vanishSoon(vanish: () => void = kill): void {
  setTimeout(() => vanish(), ABRUPT_MS)
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
}
