/**
 * Blocks of a shared folder on a simulated data link: what this side asked for and waits for, and how blocks are sent.
 * The bytes are real ones, and every block is verified before it counts.
 */
import { blockBytes, blockSizeOf, DIGEST_BYTES } from '../../src/folder/content.js'
import {
  type Assembly,
  type BlocksOutcome,
  isSameState,
  type Piece,
  type WantedBlock,
  type WriteJob,
} from '../../src/folder-disk.js'
import { toHex } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { FolderThread } from './folder-thread.js'
import { digest, type SimTree, stateOf } from './folder-tree.js'
import type { BulkReader, ChunkContent, SimLink } from './link.js'

const MAX_QUEUED = 64 // requests that wait on one link, as in the host

/** Blocks that are gathered before they become a file; in memory, so a crash takes them. */
export interface Gathered extends Assembly {
  readonly job: WriteJob
  readonly blocks: Map<number, Uint8Array>
}

function gatheredOf({ assembly }: WantedBlock): Gathered {
  if (!('blocks' in assembly)) throw new Error('not an assembly of the simulator')
  return assembly as Gathered
}

interface Pending {
  readonly blocks: readonly WantedBlock[]
  readonly stallMs: number
  readonly progress: (bytes: number) => void
  readonly done: (outcome: BlocksOutcome) => void
}

/** The requests that one data link has under way. */
export class BlockReader implements BulkReader {
  readonly #pending = new Map<number, Pending>() // the core bounds its requests
  #requests = 0
  #bytesAt = 0

  constructor(
    private readonly link: SimLink,
    private readonly thread: FolderThread,
    private readonly hasRoom: (bytes: number) => boolean,
  ) {}

  ask(pending: Pending): void {
    if (this.link.closed) {
      this.thread.tell(() => pending.done('lost'))
      return
    }
    const request = this.#requests++
    this.#pending.set(request, pending)
    const blocks = pending.blocks.map((wanted) => {
      const { content } = gatheredOf(wanted).job
      return { hash: hashAt(content.blocks, wanted.index), size: blockBytes(content.size, wanted.index) }
    })
    this.link.send({ type: 'folderBlocksGet', request, blocks })
    this.#watch(request, pending.stallMs, this.thread.now)
  }

  chunk(request: number, content: ChunkContent, size: number): void {
    this.#bytesAt = this.thread.now
    const pending = this.#pending.get(request)
    if (pending === undefined || typeof content === 'string') return
    this.thread.tell(() => pending.progress(size))
    this.#answer(request, this.#take(pending.blocks, content))
  }

  refused(request: number, missing: readonly number[]): void {
    this.#answer(request, { refused: missing })
  }

  ended(): void {
    for (const request of [...this.#pending.keys()]) this.#answer(request, 'lost')
  }

  #take(blocks: readonly WantedBlock[], bytes: Uint8Array): BlocksOutcome {
    let place = 0
    const good: (() => void)[] = []
    for (const wanted of blocks) {
      const gathered = gatheredOf(wanted)
      const { content } = gathered.job
      const { index } = wanted
      const block = bytes.slice(place, (place += blockBytes(content.size, index)))
      if (toHex(digest(block)) !== hashAt(content.blocks, index)) return 'bad'
      good.push(() => void gathered.blocks.set(index, block))
    }
    if (place !== bytes.length) return 'bad'
    if (!this.hasRoom(bytes.length)) return 'full'
    for (const keep of good) keep()
    return 'ok'
  }

  #answer(request: number, outcome: BlocksOutcome): void {
    const pending = this.#pending.get(request)
    this.#pending.delete(request)
    if (pending !== undefined) this.thread.tell(() => pending.done(outcome))
  }

  #watch(request: number, stallMs: number, since: number): void {
    this.thread.process.after(stallMs, () => {
      if (!this.#pending.has(request)) return
      if (this.#bytesAt > since) this.#watch(request, stallMs, this.#bytesAt)
      else this.#answer(request, 'timeout')
    })
  }
}

/** Sends these blocks, or says which are not as they should be; `spoil`: some bytes go out wrong. */
export function serveBlocks(
  tree: SimTree,
  link: SimLink,
  request: number,
  pieces: readonly Piece[],
  spoil: boolean,
): void {
  const found = pieces.map((piece) => readPiece(tree, piece))
  const isBusy = link.chunksQueued >= MAX_QUEUED
  const missing = found.flatMap((bytes, place) => (bytes === null || isBusy ? [place] : []))
  if (missing.length > 0) {
    link.send({ type: 'folderBlocksRefused', request, missing })
    return
  }
  const bytes = new Uint8Array(Buffer.concat(found.filter((part) => part !== null)))
  if (spoil) bytes.set([(bytes[0] ?? 0) ^ 1])
  link.sendChunk(request, bytes, bytes.length)
  link.watchStall()
}

/** Block `index` of a file that is still in `state`; null where it is another one by now. */
export function readBlock(
  tree: SimTree,
  { path, state, offset }: Pick<Piece, 'path' | 'state' | 'offset'>,
  size: number,
  hash: Hash,
): Uint8Array | null {
  const file = tree.fileAt(path)
  if (file === undefined || !isSameState(stateOf(file), state)) return null
  const bytes = file.bytes.slice(offset, offset + size)
  return bytes.length === size && toHex(digest(bytes)) === hash ? bytes : null
}

const readPiece = (tree: SimTree, piece: Piece): Uint8Array | null => readBlock(tree, piece, piece.size, piece.hash)

export function hashAt(blocks: Uint8Array, index: number): Hash {
  return toHex(blocks.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES))
}

/** The bytes of a file of which all blocks are there; null where one is missing. */
export function assembled({ job, blocks }: Gathered): Uint8Array | null {
  const { content } = job
  const bytes = new Uint8Array(content.size)
  const size = blockSizeOf(content.size)
  for (let index = 0; index * size < content.size; index++) {
    const block = blocks.get(index)
    if (block === undefined) return null
    bytes.set(block, index * size)
  }
  return bytes
}
