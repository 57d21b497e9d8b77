/**
 * Fetches the blocks that files under way lack: in batches over the data links of several sources at once, each asked as
 * far ahead as it is fast. Whoever refuses, stalls or is lost is replaced by another source; who sends wrong bytes is
 * blamed.
 */
import { MAX_BLOCKS_PER_REQUEST, MAX_REQUEST_BYTES } from '../../wire/messages/folder.js'
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import type { BlocksOutcome, FolderDisk, FolderPath, WantedBlock } from '../folder-disk.js'
import type { Mesh } from '../mesh.js'
import type { Index } from './contract.js'
import type { Filling } from './filling.js'
import { LIST_BYTES, Lists } from './lists.js'
import type { Source } from './source.js'
import { Sources, type SourcesHooks } from './sources.js'

/** Asked for and not here yet, of all sources; one block may always be. */
const IN_FLIGHT_BYTES = 32 << 20
/** Small files go in several requests, so that the next are on their way while some are written. */
const SMALL_FILES_PER_REQUEST = 64
/** Sources that rest, and those that refused, are looked at again so often while somebody waits for one. */
const RETRY_MS = 1_000
/** Who refused may have it by now. */
const FORGIVE_MS = 30_000

interface Wanted {
  readonly filling: Filling
  readonly block: WantedBlock
  readonly bytes: number
}

export interface FetchesHooks extends Omit<SourcesHooks, 'ready'> {
  /** All its block hashes are known now. */
  listed(filling: Filling): void
  /** Nothing of it is missing any more. */
  filled(filling: Filling): void
  /** There is nobody whom to ask for it now; it may be removed, or is asked for when somebody has it. */
  starved(filling: Filling): void
  /** No room on the disk for it. */
  full(filling: Filling): void
}

export class Fetches {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #mesh: Mesh
  readonly #disk: FolderDisk
  readonly #hooks: FetchesHooks
  readonly #lists: Lists
  readonly #sources: Sources
  readonly #fillings = new Set<Filling>() // bounded by Work
  #inFlight = 0
  /** Raised at every stop: a disk that was closed does not answer any more, or too late. */
  #era = 0
  #turn: Cancel | null = null
  #retry: Cancel | null = null

  constructor(env: Pick<Env, 'now' | 'after'>, mesh: Mesh, disk: FolderDisk, index: () => Index, hooks: FetchesHooks) {
    this.#env = env
    this.#mesh = mesh
    this.#disk = disk
    this.#hooks = hooks
    this.#sources = new Sources(env, mesh, {
      mayHold: (path) => hooks.mayHold(path),
      takesPart: (peer) => hooks.takesPart(peer),
      lacks: (path, peer) => hooks.lacks(path, peer),
      ready: () => this.#soon(),
    })
    this.#lists = new Lists(env, mesh, index, {
      refused: (filling, source) => this.#sources.refused(filling.path, source.peer),
      answered: (filling) => {
        const isKnown = filling.stage === 'list' && index().contentOf(filling.content, filling.size) !== null
        if (isKnown) hooks.listed(filling)
        this.#soon()
      },
    })
  }

  /** From now on what it lacks is asked for. */
  add(filling: Filling): void {
    this.#fillings.add(filling)
    this.#soon()
  }

  /** Nothing more is asked for it; what is under way comes to nothing. */
  remove(filling: Filling): void {
    this.#fillings.delete(filling)
  }

  /** More of it may be asked for. */
  review(): void {
    this.#soon()
  }

  /** That peer holds the bytes of what is best there. */
  held(path: FolderPath, peer: PeerId, filling: Filling | undefined): void {
    this.#sources.held(path, peer)
    filling?.refused.delete(peer)
    if (filling?.starvedAt !== null) this.#soon()
  }

  /** Something will be asked of that peer soon. */
  expect(peer: PeerId): void {
    this.#sources.expect(peer)
  }

  /** Another version is best there, or its bytes are here: whoever held it does not matter any more. */
  forget(path: FolderPath): void {
    this.#sources.forget(path)
  }

  /** Somebody is known whom to ask. */
  hasSource(filling: Filling): boolean {
    const { sure, guessed } = this.#sources.usable(filling)
    return sure.length + guessed.length > 0
  }

  /** The answer to a request for block hashes. */
  list(link: Link, request: number, blocks: Uint8Array | null): void {
    this.#lists.answer(link, request, blocks)
  }

  linkClosed(link: Link): void {
    this.#lists.linkClosed(link)
  }

  stop(): void {
    this.#era++
    this.#inFlight = 0
    this.#fillings.clear()
    this.#lists.clear()
    this.#sources.clear()
    this.#retry?.()
    this.#retry = null
  }

  #soon(): void {
    this.#turn ??= this.#env.after(0, () => {
      this.#turn = null
      this.#pump()
    })
  }

  #pump(): void {
    const starved: Filling[] = []
    let waits = false
    for (const filling of this.#fillings) {
      if (!filling.isHungry) continue
      waits = true
      while (filling.isHungry && this.#request(filling)) {
        // as much as may be asked for at once
      }
      if (filling.starvedAt === this.#env.now()) starved.push(filling)
    }
    for (const filling of starved) if (this.#fillings.has(filling)) this.#hooks.starved(filling)
    if (!waits) this.#sources.releaseIdle()
    else {
      this.#retry ??= this.#env.after(RETRY_MS, () => {
        this.#retry = null
        this.#pump()
      })
    }
  }

  /** Asks somebody for something that it lacks; answers whether that was possible. */
  #request(filling: Filling): boolean {
    const { starvedAt } = filling
    if (starvedAt !== null && this.#env.now() - starvedAt > FORGIVE_MS) filling.refused.clear()
    const { sure, guessed } = this.#sources.usable(filling)
    if (sure.length + guessed.length === 0) {
      if (starvedAt === null || this.#env.now() - starvedAt > FORGIVE_MS) filling.starvedAt = this.#env.now()
      return false
    }
    filling.starvedAt = null
    const bytes = filling.stage === 'list' ? LIST_BYTES : filling.blockBytes(filling.missing.at(-1) ?? 0)
    if (this.#inFlight > 0 && this.#inFlight + bytes > IN_FLIGHT_BYTES) return false
    if (sure.some((source) => this.#ask(filling, source, bytes))) return true
    // who said that it has it will soon be there
    if (sure.some(({ isOpening }) => isOpening)) return false
    return guessed.some((source) => this.#ask(filling, source, bytes))
  }

  #ask(filling: Filling, source: Source, bytes: number): boolean {
    const link = source.linkFor(bytes)
    if (link === null) return false
    if (filling.stage === 'list') this.#lists.ask(filling, source, link)
    else this.#fetch(source, link, this.#batch(filling, source))
    return true
  }

  /** Blocks of this file, and of others that lack some and that the same source may have. */
  #batch(first: Filling, source: Source): readonly Wanted[] {
    const batch: Wanted[] = []
    let room = MAX_REQUEST_BYTES
    const gather = (filling: Filling): boolean => {
      const { assembly, missing } = filling
      if (assembly === null || filling.stage !== 'fetch') return true
      for (let index = missing.at(-1); index !== undefined; index = missing.at(-1)) {
        const bytes = filling.blockBytes(index)
        if (batch.length > 0 && (bytes > room || batch.length >= MAX_BLOCKS_PER_REQUEST)) return false
        missing.pop()
        filling.asked++
        room -= bytes
        batch.push({ filling, block: { assembly, index }, bytes })
      }
      return true
    }
    let files = 1
    if (!gather(first)) return batch
    for (const filling of this.#fillings) {
      if (filling === first || !filling.isHungry || filling.stage !== 'fetch') continue
      const { sure, guessed } = this.#sources.usable(filling)
      if (!sure.includes(source) && !(sure.length === 0 && guessed.includes(source))) continue
      if (files++ >= SMALL_FILES_PER_REQUEST || !gather(filling)) break
    }
    return batch
  }

  #fetch(source: Source, link: Link, batch: readonly Wanted[]): void {
    const bytes = batch.reduce((sum, wanted) => sum + wanted.bytes, 0)
    this.#inFlight += bytes
    source.bytes += bytes
    source.requests++
    const era = this.#era
    this.#disk.fetch(
      link,
      batch.map(({ block }) => block),
      source.stallMs,
      (count) => source.progress(count),
      (outcome) => {
        if (era !== this.#era) return
        this.#inFlight -= bytes
        source.bytes -= bytes
        source.requests--
        this.#ended(source, batch, outcome)
        this.#soon()
      },
    )
  }

  #ended(source: Source, batch: readonly Wanted[], outcome: BlocksOutcome): void {
    if (outcome === 'ok') {
      source.delivered()
      for (const wanted of batch) this.#came(wanted)
      return
    }
    const back = this.#giveBack(batch)
    if (typeof outcome === 'object') this.#refused(source, batch, outcome.refused)
    else if (outcome === 'full') for (const filling of back) this.#hooks.full(filling)
    else {
      source.rest()
      if (outcome !== 'bad') return
      for (const filling of back) filling.refused.add(source.peer)
      this.#mesh.blame(source.peer, 'protocol', 'a block of the folder that is not what its hash says')
    }
  }

  #came({ filling, bytes }: Wanted): void {
    if (filling.stage !== 'fetch') return
    filling.asked--
    filling.doneBytes += bytes
    if (filling.asked === 0 && filling.missing.length === 0) {
      this.remove(filling)
      this.#hooks.filled(filling)
    }
  }

  /** What was asked for is missing again; answers of which files. */
  #giveBack(batch: readonly Wanted[]): ReadonlySet<Filling> {
    const fillings = new Set<Filling>()
    for (const { filling, block } of batch) {
      if (filling.stage !== 'fetch') continue
      filling.asked--
      filling.missing.push(block.index)
      fillings.add(filling)
    }
    return fillings
  }

  #refused(source: Source, batch: readonly Wanted[], places: readonly number[]): void {
    let isAny = false
    for (const place of places) {
      const filling = batch[place]?.filling
      if (filling === undefined) continue
      isAny = true
      filling.refused.add(source.peer)
      this.#sources.refused(filling.path, source.peer)
    }
    // who refuses without saying what would be asked the same again
    if (isAny) source.refused()
    else source.rest()
  }
}
