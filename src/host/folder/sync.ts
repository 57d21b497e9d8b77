/** fsync of many files and directories at once: a journal commits them together. */
import { closeSync, fsync, openSync } from 'node:fs'
import { fileThreads } from '../file-threads.js'

/** Of the threads that all file calls of this process share; one in four stays free for the others. */
const AT_ONCE = Math.ceil(fileThreads() * 0.75)

/** Of open files; for each what went wrong, or null. */
export async function syncAll(fds: readonly number[]): Promise<(Error | null)[]> {
  const faults: (Error | null)[] = fds.map(() => null)
  let next = 0
  const run = async (): Promise<void> => {
    for (let index = next++; index < fds.length; index = next++) faults[index] = await syncOne(fds[index] ?? -1)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return faults
}

/** Of directories by their absolute paths; one that is gone by now needs none. */
export async function syncDirectories(paths: ReadonlySet<string>): Promise<Map<string, Error>> {
  const opened: { readonly path: string; readonly fd: number }[] = []
  const faults = new Map<string, Error>()
  for (const path of paths) {
    try {
      opened.push({ path, fd: openSync(path, 'r') })
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      if (error.code !== 'ENOENT') faults.set(path, error)
    }
  }
  const found = await syncAll(opened.map(({ fd }) => fd))
  for (const [index, { path, fd }] of opened.entries()) {
    closeSync(fd)
    const fault = found[index]
    if (fault) faults.set(path, fault)
  }
  return faults
}

function syncOne(fd: number): Promise<Error | null> {
  return new Promise((resolve) => fsync(fd, resolve))
}
