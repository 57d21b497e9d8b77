/**
 * Goes through a directory and what is below it, a slice at a time: watches each directory before listing it, so that
 * nothing falls between the list and the first event.
 */
import { readdirSync } from 'node:fs'
import type { FolderPath } from '../../folder-disk.js'
import { errorText } from '../error-text.js'
import type { Look, Root } from './root.js'
import type { States } from './states.js'

export interface ScanHooks {
  /** This is what stands there; of what is known, also that it is missing. A directory comes before what is in it. True: list it. */
  met(path: FolderPath, look: Look): boolean
  /** About to be listed. */
  enter(directory: FolderPath, inode: number): void
  problem(path: string, reason: string): void
}

interface Listing {
  readonly directory: FolderPath
  readonly names: readonly string[]
  next: number
}

export class Scan {
  readonly #root: Root
  readonly #states: States
  readonly #hooks: ScanHooks
  /** Not listed yet; the last is next. */
  readonly #left: FolderPath[]
  #listing: Listing | null = null

  /** `from`: '' is the top. */
  constructor(root: Root, states: States, from: FolderPath, hooks: ScanHooks) {
    this.#root = root
    this.#states = states
    this.#hooks = hooks
    this.#left = [from]
  }

  /** Looks at so many names; true when all are done. */
  step(names: number): boolean {
    for (let left = names; left > 0; ) {
      this.#listing ??= this.#list()
      if (this.#listing === null) return true
      const end = Math.min(this.#listing.names.length, this.#listing.next + left)
      left -= 1 + end - this.#listing.next // a directory costs as well
      this.#look(this.#listing, end)
    }
    return false
  }

  #look(listing: Listing, end: number): void {
    const { directory, names } = listing
    while (listing.next < end) {
      const name = names[listing.next++] ?? ''
      const path = directory === '' ? name : `${directory}/${name}`
      this.#lookAt(path)
    }
    if (listing.next === names.length) this.#listing = null
  }

  #lookAt(path: FolderPath): void {
    try {
      if (this.#hooks.met(path, this.#root.lookAt(path))) this.#left.push(path)
    } catch (error) {
      this.#hooks.problem(path, `cannot be read: ${errorText(error)}`)
    }
  }

  /** The next directory that can be listed; null: there is none. */
  #list(): Listing | null {
    for (let directory = this.#left.pop(); directory !== undefined; directory = this.#left.pop()) {
      try {
        const look = directory === '' ? null : this.#root.look(directory)
        if (look !== null && look.kind !== 'directory') continue // it was another thing a moment ago: there is an event
        this.#hooks.enter(directory, look?.inode ?? this.#root.inode)
        const names = new Set([...this.#names(directory), ...this.#states.in(directory).keys()])
        return { directory, names: [...names], next: 0 }
      } catch (error) {
        this.#hooks.problem(directory, `cannot be read: ${errorText(error)}`)
      }
    }
    return null
  }

  #names(directory: FolderPath): readonly string[] {
    const at = this.#root.absolute(directory)
    if (this.#root.only !== null) return readdirSync(at).filter((name) => !this.#root.isOutside(name))
    const names = readdirSync(at)
    if (!names.some((name) => name.includes('\ufffd'))) return names
    // a name that is not Unicode is told like this one: look at its bytes
    const whole: string[] = []
    for (const bytes of readdirSync(at, { encoding: 'buffer' })) {
      const name = bytes.toString('utf8')
      if (Buffer.from(name).equals(bytes)) whole.push(name)
      else this.#hooks.problem(directory === '' ? name : `${directory}/${name}`, 'its name is not Unicode')
    }
    return whole
  }
}
