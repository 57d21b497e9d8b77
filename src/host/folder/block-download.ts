/**
 * Fetches blocks over one data link: a request is answered with one chunk frame of all its blocks.
 * Files of one small block are checked here; all else in the worker, in the memory that it came into.
 */
import { toHex } from '../../../wire/hash.js'
import type { LinkCore } from '../../../wire/link-core.js'
import type { BlocksOutcome } from '../../folder-disk.js'
import { AskedBytes } from '../chunks/asked-bytes.js'
import type { MemoryPool, Slot } from '../chunks/memory-pool.js'
import type { HostAssembly } from './host-assembly.js'
import type { WriteCalls } from './write-calls.js'

export interface BlockDownloadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly calls: WriteCalls
  /** Memory of at least this size for bytes that nobody wants any more. */
  readonly waste: (sizeBytes: number) => Uint8Array
}

export interface HostWanted {
  readonly assembly: HostAssembly
  readonly index: number
}

export interface BlockFetch {
  readonly blocks: readonly HostWanted[]
  readonly stallMs: number
  readonly progress: (bytes: number) => void
  readonly done: (outcome: BlocksOutcome) => void
}

interface Part extends HostWanted {
  readonly size: number
}

export class BlockDownload {
  readonly #options: BlockDownloadOptions
  readonly #asked: AskedBytes<BlocksOutcome>

  constructor(options: BlockDownloadOptions) {
    this.#options = options
    this.#asked = new AskedBytes(options)
  }

  fetch({ blocks, stallMs, progress, done }: BlockFetch): void {
    const parts = blocks.map((block): Part => ({ ...block, size: block.assembly.sizeOf(block.index) }))
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    this.#asked.ask({
      size,
      stallMs,
      ask: (request) => {
        const wanted = parts.map(({ assembly, index, size }) => ({ hash: toHex(assembly.digestOf(index)), size }))
        this.#options.link.send({ type: 'folderBlocksGet', request, blocks: wanted })
      },
      progress,
      came: (slot, _, end) => this.#take(parts, slot, end),
      done: (outcome) => done(withinRequest(outcome, parts.length)),
    })
  }

  /** The source does not give these places of the request. */
  refused(request: number, missing: readonly number[]): void {
    this.#asked.refused(request, { refused: missing })
  }

  #take(parts: readonly Part[], slot: Slot<SharedArrayBuffer>, end: (outcome: BlocksOutcome) => void): void {
    if (!parts.every(({ assembly }) => assembly.isSmall)) {
      const blocks = parts.map(({ assembly, index, size }) => ({ assembly: assembly.serial, index, size }))
      for (const { assembly } of parts) assembly.tell()
      this.#options.calls.call<'frame'>({ kind: 'frame', frame: slot.memory, blocks }, end)
      return
    }
    let place = 0
    const cut = parts.map(({ assembly, index, size }) => {
      place += size
      return { assembly, index, bytes: slot.bytes.subarray(place - size, place) }
    })
    const isRight = cut.every(({ assembly, index, bytes }) => assembly.isBlock(index, bytes))
    for (const { assembly, bytes } of cut) if (isRight) assembly.keep(bytes)
    end(isRight ? 'ok' : 'bad')
  }
}

/** A refusal that names none of the blocks is one of all. */
function withinRequest(outcome: BlocksOutcome, count: number): BlocksOutcome {
  if (typeof outcome === 'string') return outcome
  const named = [...new Set(outcome.refused)].filter((place) => place < count)
  return { refused: named.length > 0 ? named : Array.from({ length: count }, (_, place) => place) }
}
