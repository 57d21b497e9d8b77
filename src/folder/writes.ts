/**
 * Files under way: each is put together from what is on this disk and what others send, and takes its place when whole.
 * Invariant: a filling ends once, by `finished`, or by being dropped; after that nothing of it counts.
 */
import { toHex } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { Content, FolderDisk, FolderPath, LocalBlock, WriteOutcome } from '../folder-disk.js'
import type { Index, Need } from './contract.js'
import type { Fetches } from './fetch.js'
import { blockDigest, Filling, plainList } from './filling.js'

/** Files that may be under way, those without a source aside; and of these of several blocks. */
const MAX_OPEN = 384
const MAX_LARGE = 64
/** So many begin together, so that they are asked for together. */
const REFILL = 64
/** Files that nobody has the rest of, kept for what was fetched. */
const MAX_PARKED = 64

export interface Room {
  readonly files: number
  readonly large: number
}

export interface WritesHooks {
  /** It may take its place now. */
  mayFinish(filling: Filling): boolean
  finished(filling: Filling, outcome: WriteOutcome): void
  /** It is not under way any more, for whatever reason. */
  ended(filling: Filling): void
  /** It was dropped: nobody has its bytes now. */
  starved(path: FolderPath): void
  /** There is room for another, or something is ready to take its place. */
  moved(): void
}

export class Writes {
  readonly #disk: FolderDisk
  readonly #index: () => Index
  readonly #fetches: Fetches
  readonly #hooks: WritesHooks
  readonly #fillings = new Map<FolderPath, Filling>() // at most MAX_OPEN + MAX_PARKED
  readonly #contents = new Map<Hash, Filling>() // of these
  #isRefilling = true

  constructor(disk: FolderDisk, index: () => Index, fetches: Fetches, hooks: WritesHooks) {
    this.#disk = disk
    this.#index = index
    this.#fetches = fetches
    this.#hooks = hooks
  }

  get(path: FolderPath): Filling | undefined {
    return this.#fillings.get(path)
  }

  ofContent(content: Hash): Filling | undefined {
    return this.#contents.get(content)
  }

  all(): Iterable<Filling> {
    return this.#fillings.values()
  }

  /**
   * How many more may begin, and how many of these of several blocks. When there are as many as may be, none before a batch of
   * them has ended: see REFILL.
   */
  room(): Room {
    let [open, large] = [0, 0]
    for (const { starvedAt, blocks } of this.#fillings.values()) {
      if (starvedAt !== null) continue
      open++
      if (blocks > 1) large++
    }
    if (open >= MAX_OPEN) this.#isRefilling = false
    else if (open <= MAX_OPEN - REFILL) this.#isRefilling = true
    return this.#isRefilling ? { files: MAX_OPEN - open, large: MAX_LARGE - large } : { files: 0, large: 0 }
  }

  /** Something is being read here that must not be deleted yet. */
  get isCopying(): boolean {
    for (const { stage } of this.#fillings.values()) if (stage === 'copy') return true
    return false
  }

  /** Something goes on, so that more may be possible soon. */
  get isMoving(): boolean {
    for (const { stage, starvedAt } of this.#fillings.values()) if (stage !== 'whole' && starvedAt === null) return true
    return false
  }

  /** Begins a file that is not under way. Answers false where there is nothing to begin with: nobody has its bytes. */
  begin(need: Need, content: Hash): boolean {
    const filling = new Filling(need, content)
    const list = plainList(content, filling.size) ?? this.#index().contentOf(content, filling.size)
    if (list === null) {
      if (!this.#fetches.hasSource(filling)) return false
      this.#add(filling)
      this.#fetches.add(filling)
      return true
    }
    const local = this.#localBlocks(filling, list)
    if (local.length === 0 && filling.blocks > 0 && !this.#fetches.hasSource(filling)) return false
    this.#add(filling)
    this.#assemble(filling, list, local)
    return true
  }

  /** Its block hashes are known now. */
  listed(filling: Filling): void {
    const list = this.#index().contentOf(filling.content, filling.size)
    if (filling.stage !== 'list' || list === null) return
    this.#fetches.remove(filling)
    this.#assemble(filling, list, this.#localBlocks(filling, list))
  }

  filled(filling: Filling): void {
    if (filling.stage !== 'fetch') return
    filling.stage = 'whole'
    this.review(filling)
    this.#hooks.moved()
  }

  starved(filling: Filling): void {
    if (filling.stage === 'over') return
    let parked = 0
    for (const { starvedAt } of this.#fillings.values()) if (starvedAt !== null) parked++
    const isKept = filling.doneBytes > 0 && parked <= MAX_PARKED
    if (!isKept) {
      this.drop(filling)
      this.#hooks.starved(filling.path)
    }
    this.#hooks.moved()
  }

  /** Lets it take its place if it may, or in any case. */
  review(filling: Filling, force = false): void {
    const { assembly } = filling
    if (filling.stage !== 'whole' || assembly === null) return
    if (!force && !this.#hooks.mayFinish(filling)) return
    filling.stage = 'finish'
    assembly.finish((outcome) => {
      if (filling.stage !== 'finish') return
      this.#forget(filling)
      this.#hooks.finished(filling, outcome)
    })
  }

  /** Ends it; what takes its place already cannot be stopped. */
  drop(filling: Filling): void {
    if (filling.stage === 'finish' || filling.stage === 'over') return
    this.#fetches.remove(filling)
    this.#forget(filling)
    filling.assembly?.drop()
  }

  /** The disk is away: all end. */
  stop(): void {
    for (const filling of [...this.#fillings.values()]) {
      const isDroppable = filling.stage !== 'finish'
      this.#forget(filling)
      if (isDroppable) filling.assembly?.drop()
    }
  }

  #add(filling: Filling): void {
    this.#fillings.set(filling.path, filling)
    this.#contents.set(filling.content, filling)
  }

  #forget(filling: Filling): void {
    filling.stage = 'over'
    this.#fillings.delete(filling.path)
    if (this.#contents.get(filling.content) === filling) this.#contents.delete(filling.content)
    this.#hooks.ended(filling)
  }

  #assemble(
    filling: Filling,
    list: Content,
    local: readonly { readonly index: number; readonly from: LocalBlock }[],
  ): void {
    const { path, need, entry } = filling
    const job = { path, content: list, mtimeMs: entry.mtimeMs, executable: entry.executable, replaces: need.here }
    const assembly = this.#disk.assemble(job)
    filling.assembly = assembly
    const here = new Set(local.map(({ index }) => index))
    const absent = Array.from({ length: filling.blocks }, (_, index) => index).filter((index) => !here.has(index))
    if (local.length === 0) {
      this.#fetch(filling, absent)
      return
    }
    filling.stage = 'copy'
    assembly.copy(local, (missing) => {
      if (filling.stage !== 'copy') return
      const gone = new Set(missing)
      for (const { index } of local) if (!gone.has(index)) filling.doneBytes += filling.blockBytes(index)
      this.#fetch(filling, [...absent, ...missing])
    })
  }

  #fetch(filling: Filling, missing: readonly number[]): void {
    filling.stage = 'fetch'
    // the first ones are taken from the end
    filling.missing = [...missing].sort((a, b) => b - a)
    if (missing.length === 0) this.filled(filling)
    else {
      this.#fetches.add(filling)
      this.#hooks.moved()
    }
  }

  #localBlocks(filling: Filling, list: Content): readonly { readonly index: number; readonly from: LocalBlock }[] {
    const local: { readonly index: number; readonly from: LocalBlock }[] = []
    for (let index = 0; index < filling.blocks; index++) {
      const from = this.#index().locate(toHex(blockDigest(list, index)))
      if (from !== null) local.push({ index, from })
    }
    return local
  }
}
