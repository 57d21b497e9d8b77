/**
 * One plain watch per directory. A recursive one takes a watch per file, and says nothing more of a file after another was
 * renamed over it; events get lost in bursts without a word: whoever listens must scan now and then as well.
 */
import { type FSWatcher, watch as watchDirectory } from 'node:fs'
import type { FolderPath } from '../../folder-disk.js'
import { errorCode } from '../error-text.js'

/** The part of an FSWatcher that is needed. */
export type Watcher = Pick<FSWatcher, 'close' | 'on'>
export type Watch = (absolute: string, event: (name: string | null) => void) => Watcher

export const plainWatch: Watch = (absolute, event) =>
  watchDirectory(absolute, { persistent: true }, (_type, name) => event(name))

export interface WatchHooks {
  /** Something happened to this name in a directory ('' is the top); null: the system does not say to which. */
  event(directory: FolderPath, name: string | null): void
  /** No more watches can be had: changes are found by scans alone. */
  limited(): void
}

interface Watched {
  readonly watcher: Watcher
  /** A directory that was moved away takes its watch along. */
  readonly inode: number
}

/** The system has no more watches, or no more memory for them. */
const LIMITS = ['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM']

export class Watches {
  readonly #watch: Watch
  readonly #hooks: WatchHooks
  readonly #watched = new Map<FolderPath, Watched>()

  constructor(watch: Watch, hooks: WatchHooks) {
    this.#watch = watch
    this.#hooks = hooks
  }

  has(directory: FolderPath, inode: number): boolean {
    return this.#watched.get(directory)?.inode === inode
  }

  /** Watches a directory from now on; false where that cannot be. */
  add(directory: FolderPath, absolute: string, inode: number): boolean {
    if (this.has(directory, inode)) return true
    const old = this.#watched.get(directory)
    this.#watched.delete(directory)
    try {
      const watcher = this.#watch(absolute, (name) => this.#hooks.event(directory, name))
      // a directory that went away: the one above says so too
      watcher.on('error', () => {
        if (this.#watched.get(directory)?.watcher === watcher) this.drop(directory)
      })
      this.#watched.set(directory, { watcher, inode })
      return true
    } catch (error) {
      if (LIMITS.includes(errorCode(error))) this.#hooks.limited()
      return false // it went away, or may not be read: seen by whoever lists it
    } finally {
      old?.watcher.close() // after the new one: they may be one and the same to the system
    }
  }

  drop(directory: FolderPath): void {
    this.#watched.get(directory)?.watcher.close()
    this.#watched.delete(directory)
  }

  /** All that are gone. */
  keepOnly(isThere: (directory: FolderPath) => boolean): void {
    for (const directory of this.#watched.keys()) if (!isThere(directory)) this.drop(directory)
  }

  close(): void {
    this.keepOnly(() => false)
  }
}
