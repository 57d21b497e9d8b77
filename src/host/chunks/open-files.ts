/**
 * File handles for reading, kept open for the next chunk of the same file.
 * Invariant: a handle is closed only when nobody reads from it; at most `MAX_IDLE` are open without a reader.
 */
import { type FileHandle, open } from 'node:fs/promises'

const MAX_IDLE = 32

interface Kept {
  readonly handle: Promise<FileHandle>
  users: number
  /** To be closed by its last user. */
  over: boolean
}

export class OpenFiles {
  /** In order of last use. */
  readonly #kept = new Map<string, Kept>()

  /** Reads with the handle of `key`, opening `path` where there is none. */
  async use<T>(key: string, path: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key) ?? { handle: open(path, 'r'), users: 0, over: false }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    kept.users++
    try {
      return await read(await kept.handle)
    } catch (error) {
      this.#giveUp(key, kept)
      throw error
    } finally {
      kept.users--
      if (kept.over && kept.users === 0) await closeQuietly(kept)
      await this.#trim()
    }
  }

  /** Closes all, those being read from after their read. */
  async close(): Promise<void> {
    const idle = [...this.#kept.values()].filter(({ users }) => users === 0)
    for (const [key, kept] of this.#kept) this.#giveUp(key, kept)
    await Promise.all(idle.map(closeQuietly))
  }

  #giveUp(key: string, kept: Kept): void {
    kept.over = true
    if (this.#kept.get(key) === kept) this.#kept.delete(key)
  }

  async #trim(): Promise<void> {
    const idle = [...this.#kept].filter(([, { users }]) => users === 0)
    for (const [key, kept] of idle.slice(0, -MAX_IDLE)) {
      this.#giveUp(key, kept)
      await closeQuietly(kept)
    }
  }
}

/** A handle that never opened, or whose last read failed, needs no further words. */
async function closeQuietly(kept: Kept): Promise<void> {
  await kept.handle.then((handle) => handle.close()).catch(() => {})
}
