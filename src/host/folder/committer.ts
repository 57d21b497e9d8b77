/**
 * Carries out changes in batches: all bytes and the list of the trash are synced at once, then each change is made in one
 * go, then all directories are synced, and only then somebody is told. While one batch waits for the disk the next may begin.
 * Invariant: from the first change of a batch until its answers nothing is said of what the disk has seen (see Gate), so an
 * edit of what was just written is heard after the write, not before it.
 */
import { closeSync } from 'node:fs'
import { assert } from '../../../wire/errors.js'
import type { FolderPath } from '../../folder-disk.js'
import type { Applied, Change, Prepared } from './changes.js'
import { isFull, type Refusal, refusalOf } from './disk-faults.js'
import type { Gate } from './gate.js'
import { FILE_COST, type Pace } from './pace.js'
import type { Place } from './place.js'
import type { States } from './states.js'
import { syncAll, syncDirectories } from './sync.js'
import type { Trash, TrashBatch } from './trash.js'

/** What a full disk gets back of the trash at once. */
const ROOM_BYTES = 16 << 20

export type Outcome = Applied | Refusal

export interface Commit {
  readonly change: Change
  /** A user asked for it: it is seen like an edit. Paths that are different then. */
  readonly seen: readonly FolderPath[]
  readonly done: (outcome: Outcome) => void
}

export interface CommitterOptions {
  readonly place: Place
  readonly trash: Trash
  readonly states: States
  readonly gate: Gate
  readonly pace: Pace
  /** Why nothing can be written now; null where it can. */
  readonly fault: () => string | null
  /** Something is different there that the index does not know of. */
  readonly look: (path: FolderPath) => void
}

interface Running extends Commit {
  prepared: Prepared | null
  outcome: Outcome | null
  /** Place in the trash. */
  place: number
}

export class Committer {
  readonly #options: CommitterOptions

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Settles when all are answered. */
  async run(commits: readonly Commit[]): Promise<void> {
    const end = await this.begin(commits)
    await end()
  }

  /**
   * Settles when their bytes are on the way to the disk. What it answers makes the changes, to be called once, after the same of
   * the batch before has settled; it settles when all are answered.
   */
  async begin(commits: readonly Commit[]): Promise<() => Promise<void>> {
    const { pace } = this.#options
    const running = commits.map((commit): Running => ({ ...commit, prepared: null, outcome: null, place: -1 }))
    this.#judge(running)
    for (const one of running) {
      this.#attempt(one, () => this.#prepare(one))
      await pace.spend(FILE_COST)
    }
    const batch = await this.#beginTrash(running)
    const synced = this.#sync(running, batch)
    return async () => {
      await synced
      await this.#end(running, batch)
    }
  }

  async #end(running: readonly Running[], batch: TrashBatch | null): Promise<void> {
    const { gate, pace, trash, place, look } = this.#options
    this.#judge(running)
    const opened = gate.close()
    for (const one of running) this.#attempt(one, () => this.#apply(one, batch))
    batch?.end()
    await this.#syncDirectories(running, batch)
    for (const one of running) this.#answer(one)
    for (const path of place.made.splice(0)) look(path)
    opened()
    if (batch !== null) await trash.prune(pace)
    if (running.some(({ outcome }) => outcome?.outcome === 'full')) await trash.makeRoom(ROOM_BYTES, pace)
  }

  /** Where another disk is mounted by now, or none, nothing is written. */
  #judge(running: readonly Running[]): void {
    const reason = this.#options.fault()
    if (reason !== null) for (const one of running) one.outcome ??= { outcome: 'failed', reason }
  }

  #attempt(one: Running, step: () => void): void {
    if (one.outcome !== null) return
    try {
      step()
    } catch (error) {
      one.outcome = refusalOf(error)
    }
  }

  #prepare(one: Running): void {
    const prepared = one.change.prepare(this.#options.place)
    if (prepared.outcome === 'prepared') one.prepared = prepared
    else one.outcome = prepared
  }

  /** Where not even the list of the trash finds room, older things in it go; then what was removed by others goes without it. */
  async #beginTrash(running: readonly Running[]): Promise<TrashBatch | null> {
    const { trash, pace } = this.#options
    const trashing = running.filter(({ outcome, prepared }) => outcome === null && prepared?.trashes)
    for (const [index, one] of trashing.entries()) one.place = index
    if (trashing.length === 0) return null
    const time = Date.now()
    const planned = trashing.map(({ change, prepared }) => ({
      path: change.path,
      replaced: prepared?.trashes === 'replaced',
      time,
    }))
    for (;;) {
      try {
        return trash.begin(planned)
      } catch (error) {
        if (isFull(error) && (await trash.makeRoom(ROOM_BYTES, pace))) continue
        for (const one of trashing) this.#withoutTrash(one, refusalOf(error))
        return null
      }
    }
  }

  /** Whoever deleted a file to make room gets it; what a user asks for here, and what is replaced, waits for the trash. */
  #withoutTrash(one: Running, fault: Refusal): void {
    one.place = -1
    const mayGo = fault.outcome === 'full' && one.prepared?.trashes === 'removed' && one.seen.length === 0
    if (!mayGo) one.outcome ??= fault
  }

  /** A file that the disk did not take is not put in its place, and without its list nothing goes to the trash. */
  async #sync(running: readonly Running[], batch: TrashBatch | null): Promise<void> {
    const files = running.flatMap((one) =>
      one.outcome === null && typeof one.prepared?.fd === 'number' ? [{ one, fd: one.prepared.fd }] : [],
    )
    const lists = batch?.fds ?? []
    const faults = await syncAll([...lists, ...files.map(({ fd }) => fd)])
    for (const fd of lists) closeSync(fd)
    const listFault = faults.slice(0, lists.length).find((fault) => fault !== null)
    for (const one of running) if (listFault && one.place >= 0) this.#withoutTrash(one, refusalOf(listFault))
    for (const [index, { one }] of files.entries()) {
      const fault = faults[lists.length + index]
      if (fault) one.outcome ??= refusalOf(fault)
    }
  }

  #apply(one: Running, batch: TrashBatch | null): void {
    const away = one.place < 0 || batch === null ? null : batch.fileOf(one.place)
    one.outcome = one.change.apply(this.#options.place, away)
    if (one.outcome.outcome === 'ok' && one.seen.length === 0) this.#agree(one.change.path, one.outcome)
  }

  #agree(path: FolderPath, { state }: Applied): void {
    if (state === null) this.#options.states.delete(path)
    else this.#options.states.set(path, state)
  }

  async #syncDirectories(running: readonly Running[], batch: TrashBatch | null): Promise<void> {
    const { place, states } = this.#options
    const touched = place.touched
    place.touched = new Set()
    if (batch !== null) touched.add(batch.directory)
    const [fault] = (await syncDirectories(touched)).values()
    if (fault === undefined) return
    for (const one of running) {
      if (one.outcome?.outcome !== 'ok') continue
      one.outcome = refusalOf(fault)
      // it is there, but perhaps not for long: whoever looks decides
      states.delete(one.change.path)
    }
  }

  #answer(one: Running): void {
    const { look } = this.#options
    const { outcome } = one
    assert(outcome !== null, 'a change has an outcome')
    if (outcome.outcome !== 'ok') {
      one.change.abandon()
      look(one.change.path)
    }
    for (const path of one.seen) look(path)
    one.done(outcome)
  }
}
