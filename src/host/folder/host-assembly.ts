/**
 * One file that is being put together, as the main thread has it.
 * A file of one small block is kept here until it is finished: then all of it goes to the worker in one message.
 */
import { blake3 } from '@napi-rs/blake-hash'
import { assert } from '../../../wire/errors.js'
import { blockBytes, blockCount, DIGEST_BYTES } from '../../folder/content.js'
import type { Assembly, LocalBlock, WriteJob, WriteOutcome } from '../../folder-disk.js'
import type { Applied } from './changes.js'
import type { Refusal } from './disk-faults.js'
import type { WriteCalls } from './write-calls.js'
import type { FilePlan } from './write-messages.js'

/** Kept on the main thread: 16 MiB over MAX_ASSEMBLIES. */
const SMALL_BYTES = 32 * 1024
const EMPTY = new Uint8Array(0)

export class HostAssembly implements Assembly {
  readonly serial: number
  readonly #job: WriteJob
  readonly #calls: WriteCalls
  readonly #ended: () => void
  #kept: Uint8Array | null
  /** The worker knows of it. */
  #isTold = false
  #isOver = false

  /** `ended` is called once, by `finish` or `drop`. */
  constructor(serial: number, job: WriteJob, calls: WriteCalls, ended: () => void) {
    this.serial = serial
    this.#job = job
    this.#calls = calls
    this.#ended = ended
    this.#kept = job.content.size === 0 ? EMPTY : null
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Its only block is so small that `keep` takes it. */
  get isSmall(): boolean {
    return !this.#isTold && this.#job.content.size <= SMALL_BYTES
  }

  /** Bytes of a block; 0 where it has no such block. */
  sizeOf(index: number): number {
    return index < blockCount(this.#job.content.size) ? blockBytes(this.#job.content.size, index) : 0
  }

  /** BLAKE3 of a block. */
  digestOf(index: number): Uint8Array {
    return this.#job.content.blocks.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
  }

  /** Whether these bytes are its block. */
  isBlock(index: number, bytes: Uint8Array): boolean {
    return Buffer.compare(blake3(bytes), this.digestOf(index)) === 0
  }

  /** Takes the one block of a small file, which `isBlock`; the bytes are copied. */
  keep(bytes: Uint8Array): void {
    if (!this.#isOver) this.#kept = Uint8Array.from(bytes)
  }

  /** Makes it known to the worker, which takes its blocks from now on. */
  tell(): void {
    if (this.#isTold || this.#isOver) return
    this.#isTold = true
    const blocks = this.#job.content.blocks.slice()
    this.#calls.tell({ kind: 'assemble', assembly: this.serial, plan: planOf(this.#job), blocks })
  }

  copy(
    blocks: readonly { readonly index: number; readonly from: LocalBlock }[],
    done: (missing: readonly number[]) => void,
  ): void {
    this.tell()
    this.#calls.call<'copy'>({ kind: 'copy', assembly: this.serial, blocks }, done)
  }

  finish(done: (outcome: WriteOutcome) => void): void {
    assert(!this.#isOver, 'an assembly is finished or dropped once')
    const ended = (outcome: Applied | Refusal): void => done(written(outcome))
    if (this.#kept !== null && !this.#isTold) {
      this.#calls.call<'put'>({ kind: 'put', plan: planOf(this.#job), bytes: this.#kept }, ended)
    } else {
      this.tell()
      this.#calls.call<'finish'>({ kind: 'finish', assembly: this.serial }, ended)
    }
    this.#end()
  }

  drop(): void {
    if (this.#isOver) return
    if (this.#isTold) this.#calls.tell({ kind: 'drop', assembly: this.serial })
    this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#kept = null
    this.#ended()
  }
}

/** Of a change that leaves something at its path. */
export function written(outcome: Applied | Refusal): WriteOutcome {
  if (outcome.outcome !== 'ok') return outcome
  assert(outcome.state !== null, 'what was written is there')
  return { outcome: 'ok', state: outcome.state }
}

function planOf({ path, content, mtimeMs, executable, replaces }: WriteJob): FilePlan {
  return { path, size: content.size, mtimeMs, executable, replaces }
}
