/**
 * What was overwritten or deleted, kept for a while. Each batch of changes has a directory in it: `items.json`, written and
 * synced before anything is moved, says where its files 0, 1, 2… stood.
 * Invariant: a process that is killed between moving a file here and putting another one in its place leaves a mark, by
 * which the next one moves the file back.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FolderPath, MAX_TRASH_LISTED, type TrashItem } from '../../folder-disk.js'
import { errorCode, faultText } from '../error-text.js'
import { readSmallFile } from '../small-file.js'
import { FILE_COST, type Pace } from './pace.js'
import type { Temporary } from './temporary.js'
import { type Planned, readPlanned } from './trash-items.js'

const DAY_MS = 24 * 60 * 60 * 1000
const KEEP_MS = 30 * DAY_MS
const KEEP_BYTES = 2 ** 30
/** Items take memory too. */
const KEEP_ITEMS = 50_000
const ITEMS = 'items.json'
/** Of a list of one batch, however its paths are written. */
const MAX_ITEMS_BYTES = 1 << 20
const MARK = '.moving'
/** Time and chance: what `begin` makes. */
const BATCH = /^\d+-[0-9a-f]+$/
const PRIVATE_MODE = 0o700

interface Item extends TrashItem {
  readonly batch: string
  readonly file: string
}

export class Trash {
  readonly #directory: string
  readonly #temporary: Temporary
  readonly #warn: (text: string) => void
  /** Oldest first; at most KEEP_ITEMS after `prune`. */
  readonly #items = new Map<string, Item>()
  readonly #left = new Map<string, number>() // by batch, files that are still in it
  #bytes = 0

  /** `warn`: what was put here cannot be read or deleted, which keeps nobody from going on. */
  constructor(directory: string, temporary: Temporary, warn: (text: string) => void) {
    this.#directory = directory
    this.#temporary = temporary
    this.#warn = warn
  }

  /** Files whose place may be empty since a process was killed: they were to be replaced there. */
  *unfinished(): Generator<{ readonly path: FolderPath; readonly file: string }> {
    const names = this.#temporary.names()
    if (!this.#isThere()) return
    for (const name of names) {
      if (!name.endsWith(MARK)) continue
      const batch = name.slice(0, -MARK.length)
      for (const [index, { path, replaced }] of this.#planned(batch).entries()) {
        if (replaced) yield { path, file: join(this.#directory, batch, String(index)) }
      }
    }
  }

  /** Learns what is in it. */
  async load(pace: Pace): Promise<void> {
    const found: Item[] = []
    for (const batch of this.#batches()) {
      await pace.spend(FILE_COST)
      this.#attempt(() => {
        for (const [index, planned] of this.#planned(batch).entries()) {
          const item = this.#itemOf(batch, index, planned)
          if (item !== null) found.push(item)
        }
      })
    }
    for (const item of found.sort((a, b) => a.time - b.time)) this.#add(item)
    await this.prune(pace)
  }

  /** Deletes what is too old or too much; what came last stays. */
  async prune(pace: Pace): Promise<void> {
    for (const item of this.#items.values()) {
      const isOver = this.#bytes > KEEP_BYTES || this.#items.size > KEEP_ITEMS || item.time < Date.now() - KEEP_MS
      if (!isOver || this.#items.size === 1) return
      await this.#delete(item, pace)
    }
  }

  /** The disk is full: the oldest go until so many bytes are free, all if it must be. Whether any went. */
  async makeRoom(bytes: number, pace: Pace): Promise<boolean> {
    const wanted = Math.max(0, this.#bytes - bytes)
    let went = false
    for (const item of this.#items.values()) {
      if (this.#bytes <= wanted && went) break
      await this.#delete(item, pace)
      went = true
    }
    return went
  }

  /** Newest first. */
  list(): readonly TrashItem[] {
    const newest = [...this.#items.values()].slice(-MAX_TRASH_LISTED).reverse()
    return newest.map(({ id, path, size, time }) => ({ id, path, size, time }))
  }

  find(id: string): { readonly path: FolderPath; readonly file: string } | undefined {
    return this.#items.get(id)
  }

  /** Its file is not here any more. */
  forget(id: string): void {
    const item = this.#items.get(id)
    if (item === undefined) return
    this.#items.delete(id)
    this.#bytes -= item.size
    const left = (this.#left.get(item.batch) ?? 1) - 1
    if (left > 0) this.#left.set(item.batch, left)
    else this.#drop(item.batch)
  }

  /** Room for these files; throws what the disk says. */
  begin(planned: readonly Planned[]): TrashBatch {
    const batch = `${Date.now()}-${randomBytes(4).toString('hex')}`
    const directory = join(this.#directory, batch)
    if (!this.#isThere()) mkdirSync(this.#directory, { mode: PRIVATE_MODE }) // fails where a link or a file stands there
    mkdirSync(directory, { mode: PRIVATE_MODE })
    this.#temporary.make()
    const mark = this.#temporary.pathOf(`${batch}${MARK}`)
    const fds: number[] = []
    try {
      fds.push(openSync(join(directory, ITEMS), 'wx', 0o600))
      writeFileSync(fds[0] ?? -1, JSON.stringify(planned)) // all of it, or an error
      fds.push(openSync(mark, 'wx', 0o600), openSync(directory, 'r'), openSync(this.#directory, 'r'))
    } catch (error) {
      for (const fd of fds) closeSync(fd)
      rmSync(mark, { force: true })
      this.#drop(batch)
      throw error
    }
    return {
      directory,
      fds,
      fileOf: (index) => join(directory, String(index)),
      end: () => {
        this.#attempt(() => rmSync(mark, { force: true }))
        const items = planned.map((item, index) => this.#itemOf(batch, index, item)).filter((item) => item !== null)
        for (const item of items) this.#add(item)
        if (items.length === 0) this.#drop(batch)
      },
    }
  }

  /** One that cannot be deleted is forgotten until the folder is opened again. */
  async #delete({ id, file }: Item, pace: Pace): Promise<void> {
    await pace.spend(FILE_COST)
    this.#attempt(() => rmSync(file, { force: true }))
    this.forget(id)
  }

  #isThere(): boolean {
    return lstatSync(this.#directory, { throwIfNoEntry: false })?.isDirectory() === true
  }

  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#warn(`the trash of the shared folder: ${faultText(error)}`)
    }
  }

  #batches(): readonly string[] {
    const names: string[] = []
    this.#attempt(() => {
      if (!this.#isThere()) return
      const entries = readdirSync(this.#directory, { withFileTypes: true })
      for (const entry of entries) if (entry.isDirectory()) names.push(entry.name)
    })
    return names
  }

  /** What cannot be read lists nothing; its files stay for whoever looks by hand. */
  #planned(batch: string): readonly Planned[] {
    try {
      const isOurs = BATCH.test(batch) && lstatSync(join(this.#directory, batch)).isDirectory()
      if (!isOurs) return []
      return readPlanned(readSmallFile(join(this.#directory, batch, ITEMS), MAX_ITEMS_BYTES))
    } catch (error) {
      if (errorCode(error) === '') throw error
      return []
    }
  }

  /** Null: it is not there, or not a file. */
  #itemOf(batch: string, index: number, { path, time }: Planned): Item | null {
    const file = join(this.#directory, batch, String(index))
    const found = lstatSync(file, { throwIfNoEntry: false })
    return found?.isFile() === true ? { id: `${batch}-${index}`, batch, file, path, size: found.size, time } : null
  }

  #add(item: Item): void {
    this.#items.set(item.id, item)
    this.#bytes += item.size
    this.#left.set(item.batch, (this.#left.get(item.batch) ?? 0) + 1)
  }

  /** Not where somebody put something else into it. */
  #drop(batch: string): void {
    this.#left.delete(batch)
    this.#attempt(() => {
      rmSync(join(this.#directory, batch, ITEMS), { force: true })
      const isEmpty = readdirSync(join(this.#directory, batch)).length === 0
      if (isEmpty) rmdirSync(join(this.#directory, batch))
    })
  }
}

export interface TrashBatch {
  readonly directory: string
  /** To be synced before anything is moved, then closed. */
  readonly fds: readonly number[]
  /** Where the file of this index goes. */
  fileOf(index: number): string
  /** What was moved there has its successor, or has none. */
  end(): void
}
