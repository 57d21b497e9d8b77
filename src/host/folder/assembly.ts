/**
 * A file that is being put together in the temporary directory.
 * Invariant: only blocks with the right hash count, and a file is whole only when all of them do.
 */
import { constants, copyFileSync, fdatasync, ftruncateSync, openSync } from 'node:fs'
import { blake3 } from '@napi-rs/blake-hash'
import { blockBytes, blockCount, blockSizeOf, DIGEST_BYTES } from '../../folder/content.js'
import type { LocalBlock } from '../../folder-disk.js'
import { errorCode } from '../error-text.js'
import { readWhole } from './blocks.js'
import type { FileSource } from './changes.js'
import { type Refusal, refusalOf } from './disk-faults.js'
import type { Pace } from './pace.js'
import type { Sources } from './sources.js'
import { type Temporary, TemporaryFile } from './temporary.js'
import type { CopiedBlock, FilePlan } from './write-messages.js'

/** After so much the disk is told to begin, so that the end of a large file need not wait for all of it. */
const FLUSH_BYTES = 32 << 20

type Clone = (from: string, to: string) => void

export class AssemblyFile implements FileSource {
  readonly plan: FilePlan
  readonly #blocks: Uint8Array
  readonly #temporary: Temporary
  readonly #cloneFile: Clone
  readonly #have: Uint8Array // one byte a block
  #missing: number
  #file: TemporaryFile | null = null
  #unflushedBytes = 0
  #flushing = false
  /** Dropped while the disk flushes: its file is closed after that. */
  #over = false
  /** Why it cannot become whole. */
  fault: Refusal | null = null

  /** `clone` makes a file that shares its bytes with another one, or throws where the disk cannot. */
  constructor(plan: FilePlan, blocks: Uint8Array, temporary: Temporary, clone: Clone = reflink) {
    this.plan = plan
    this.#blocks = blocks
    this.#temporary = temporary
    this.#cloneFile = clone
    this.#missing = blockCount(plan.size)
    this.#have = new Uint8Array(this.#missing)
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Whether these bytes are block `index`. */
  isBlock(index: number, bytes: Uint8Array): boolean {
    const digest = this.#blocks.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
    return bytes.length === this.sizeOf(index) && Buffer.compare(blake3(bytes), digest) === 0
  }

  /** 0 of a block that it does not have. */
  sizeOf(index: number): number {
    return blockBytes(this.plan.size, index)
  }

  /** Takes a block that `isBlock`; false where the disk does not, see `fault`. */
  write(index: number, bytes: Uint8Array): boolean {
    try {
      this.#open().write(bytes, index * blockSizeOf(this.plan.size))
    } catch (error) {
      this.fault ??= refusalOf(error)
      this.drop() // a full disk has its room back
      return false
    }
    this.#took(index)
    this.#unflushedBytes += bytes.length
    if (this.#unflushedBytes >= FLUSH_BYTES) this.#flush()
    return true
  }

  /** Answers which of these blocks are not to be had so. */
  async copy(blocks: readonly CopiedBlock[], sources: Sources, pace: Pace): Promise<readonly number[]> {
    const isCloned = this.#clone(blocks, sources)
    const missing: number[] = []
    for (const { index, from } of blocks) {
      await pace.spend(this.sizeOf(index))
      if (this.#over || !this.#copyBlock(index, from, sources, isCloned)) missing.push(index)
    }
    sources.close()
    return missing
  }

  take(): TemporaryFile | Refusal {
    if (this.#missing > 0 || this.#over || this.fault !== null) {
      this.drop()
      return this.fault ?? { outcome: 'failed', reason: 'some of its blocks are missing' }
    }
    const file = this.#open()
    this.#file = null
    this.#over = true
    return file
  }

  drop(): void {
    this.#over = true
    if (this.#flushing) return // that ends it
    this.#file?.drop()
    this.#file = null
  }

  #copyBlock(index: number, from: LocalBlock, sources: Sources, isCloned: boolean): boolean {
    const size = this.sizeOf(index)
    const memory = sources.memory(size)
    const isThere =
      isCloned && from.offset === index * blockSizeOf(this.plan.size) && this.#readOwn(memory, from.offset)
    if (isThere && this.isBlock(index, memory)) {
      this.#took(index)
      return true
    }
    return (
      sources.read(from.path, from.state, from.offset, memory) &&
      this.isBlock(index, memory) &&
      this.write(index, memory)
    )
  }

  #readOwn(memory: Uint8Array, position: number): boolean {
    return this.#file !== null && readWhole(this.#file.fd, memory, position)
  }

  /** Where most blocks stay as they are, the disk may share them between the two files without a copy. */
  #clone(blocks: readonly CopiedBlock[], sources: Sources): boolean {
    const from = blocks[0]?.from
    if (this.#file !== null || from === undefined) return false
    const block = blockSizeOf(this.plan.size)
    const staying = blocks.filter(({ index, from: { path, offset } }) => path === from.path && offset === index * block)
    if (staying.length * 2 <= this.#have.length) return false
    const path = this.#temporary.next()
    try {
      const source = sources.pathOf(from.path, from.state)
      if (source === null) return false
      this.#cloneFile(source, path)
      this.#file = new TemporaryFile(path, openSync(path, constants.O_RDWR | constants.O_NOFOLLOW))
      ftruncateSync(this.#file.fd, this.plan.size)
      return true
    } catch (error) {
      if (errorCode(error) === '') throw error
      return false // most disks cannot
    }
  }

  #open(): TemporaryFile {
    this.#file ??= this.#temporary.create()
    return this.#file
  }

  #took(index: number): void {
    if (this.#have[index] === 0) this.#missing--
    this.#have[index] = 1
  }

  #flush(): void {
    if (this.#flushing || this.#file === null) return
    const file = this.#file
    this.#unflushedBytes = 0
    this.#flushing = true
    fdatasync(file.fd, (error) => {
      this.#flushing = false
      if (error) this.fault ??= refusalOf(error)
      if (this.#file === file && this.#over) file.drop()
    })
  }
}

function reflink(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
}

/** A file whose bytes are all there, and right. */
export class WholeFile implements FileSource {
  readonly #temporary: Temporary
  readonly #bytes: Uint8Array

  constructor(temporary: Temporary, bytes: Uint8Array) {
    this.#temporary = temporary
    this.#bytes = bytes
  }

  take(): TemporaryFile {
    const file = this.#temporary.create()
    try {
      file.write(this.#bytes, 0)
      return file
    } catch (error) {
      file.drop()
      throw error
    }
  }

  drop(): void {}
}
