/** Waits for a process to end, so that a script may use its directory and ports at once after `quit`. */

/** A graceful departure takes 10 s at most, and closing its files a moment more. */
const DEADLINE_MS = 15_000
const LOOK_MS = 20

export async function gone(pid: number): Promise<void> {
  for (const end = performance.now() + DEADLINE_MS; isAlive(pid) && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
