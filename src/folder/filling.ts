/** A file that is being put together beside its place: what of it is still missing, and who does not have it. */
import { fromHex } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Assembly, Content, FolderPath } from '../folder-disk.js'
import { blockCount, blockBytes as bytesOfBlock, DIGEST_BYTES } from './content.js'
import type { Need } from './contract.js'
import type { Entry } from './entry.js'

/**
 * `list`: its block hashes are to be asked for. `copy`: what is on this disk is copied. `fetch`: blocks are asked for.
 * `whole`: it may take its place. `finish`: it does. `over`: nothing of it counts any more.
 */
export type FillingStage = 'list' | 'copy' | 'fetch' | 'whole' | 'finish' | 'over'

export class Filling {
  readonly path: FolderPath
  readonly content: Hash
  readonly size: number
  /** What it is for; a newer version of the same bytes may take its place. */
  need: Need
  stage: FillingStage = 'list'
  assembly: Assembly | null = null
  /** Its block hashes, once they are known. */
  list: Content | null = null
  /** Blocks that are neither here nor asked for. */
  missing: number[] = []
  /** Blocks that are asked for. */
  asked = 0
  /** Its block hashes are asked for. */
  isListAsked = false
  /** Bytes that came from others, or from elsewhere on this disk. */
  doneBytes = 0
  /** Who said that it has none of it, or gave something else. */
  readonly refused = new Set<PeerId>() // those that take part
  /** Nobody was left to be asked at this time; null while somebody is. */
  starvedAt: number | null = null

  constructor(need: Need, content: Hash) {
    this.need = need
    this.path = need.path
    this.content = content
    this.size = need.best.size
  }

  get entry(): Entry {
    return this.need.best
  }

  get author(): PeerId {
    return this.need.best.author
  }

  get blocks(): number {
    return blockCount(this.size)
  }

  /** Something of it can be asked for. */
  get isHungry(): boolean {
    return (this.stage === 'fetch' && this.missing.length > 0) || (this.stage === 'list' && !this.isListAsked)
  }

  blockBytes(index: number): number {
    return bytesOfBlock(this.size, index)
  }
}

export function blockDigest(list: Content, index: number): Uint8Array {
  return list.blocks.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
}

/** The block hashes of a content of at most one block follow from its name; null of all others. */
export function plainList(id: Hash, size: number): Content | null {
  if (size === 0) return { id, size, blocks: new Uint8Array(0) }
  return blockCount(size) === 1 ? { id, size, blocks: fromHex(id) } : null
}
