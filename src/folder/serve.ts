/**
 * The serving end of the folder's data links: block hashes and blocks of what stands on this disk, and nothing else. The
 * disk reads and sends the bytes, and looks once more whether they are what they should be.
 */
import { MAX_REQUEST_BYTES } from '../../wire/messages/folder.js'
import type { FolderMessage, Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Env, Link, LinkHandler } from '../env.js'
import type { FolderDisk, Piece } from '../folder-disk.js'
import type { Mesh } from '../mesh.js'
import { blockBytes, blockSizeOf, DIGEST_BYTES } from './content.js'
import type { Index } from './contract.js'

/** Requests that may be refused at once on one link, and each second after that. */
const REFUSALS_BURST = 512
const REFUSALS_PER_SECOND = 32
/** Lists that wait until the link takes more. */
const MAX_LISTS = 256

type BlocksGet = FolderMessage & { readonly type: 'folderBlocksGet' }

export interface ServeParts {
  readonly env: Pick<Env, 'now'>
  readonly mesh: Mesh
  readonly disk: FolderDisk
  readonly index: () => Index
  /** The disk is open. */
  readonly isOpen: () => boolean
  /** An answer to what we asked for. */
  readonly list: (link: Link, request: number, blocks: Uint8Array | null) => void
  readonly closed: (link: Link) => void
}

/** For one data link, whoever dialed it. */
export function serveLink(parts: ServeParts): LinkHandler {
  const serving = new Serving(parts)
  return {
    message: (link, message) => serving.receive(link, message),
    drained: (link) => serving.drained(link),
    closed: (link) => parts.closed(link),
  }
}

class Serving {
  readonly #parts: ServeParts
  readonly #refusals: Bucket
  readonly #lists: { readonly request: number; readonly content: Hash }[] = [] // at most MAX_LISTS
  #isFull = false

  constructor(parts: ServeParts) {
    this.#parts = parts
    this.#refusals = new Bucket(parts.env, REFUSALS_BURST, REFUSALS_PER_SECOND)
  }

  receive(link: Link, message: Message): void {
    switch (message.type) {
      case 'folderContentGet':
        this.#listGet(link, message.request, message.content)
        return
      case 'folderContent':
        this.#parts.list(link, message.request, message.blocks)
        return
      case 'folderBlocksGet':
        this.#blocksGet(link, message)
        return
      case 'folderBlocksRefused':
        // the disk heard of it, if it asked
        return
      default:
        this.#parts.mesh.blame(link.peer, 'protocol', `${message.type} on a data link of the folder`)
    }
  }

  drained(link: Link): void {
    this.#isFull = false
    for (let next = this.#lists.shift(); next !== undefined; next = this.#lists.shift()) {
      this.#sendList(link, next.request, next.content)
      if (this.#isFull) return
    }
  }

  #listGet(link: Link, request: number, content: Hash): void {
    if (!this.#isFull) this.#sendList(link, request, content)
    else if (this.#lists.length < MAX_LISTS) this.#lists.push({ request, content })
    else link.close('flood', 'it asks for more block hashes than it reads')
  }

  #sendList(link: Link, request: number, content: Hash): void {
    const { index, isOpen } = this.#parts
    const known = isOpen() ? (index().contentOf(content)?.blocks ?? null) : null
    // those of one block need no list
    const blocks = known !== null && known.length > DIGEST_BYTES ? known : null
    if (blocks === null && !this.#mayRefuse(link)) return
    this.#isFull = link.send({ type: 'folderContent', request, blocks }) === 'full'
  }

  #blocksGet(link: Link, { request, blocks }: BlocksGet): void {
    const { mesh, disk } = this.#parts
    const bytes = blocks.reduce((sum, { size }) => sum + size, 0)
    if (blocks.length === 0 || (blocks.length > 1 && bytes > MAX_REQUEST_BYTES)) {
      mesh.blame(link.peer, 'protocol', 'a request for no block, or for too many bytes at once')
      return
    }
    const pieces: Piece[] = []
    const missing: number[] = []
    for (const [place, { hash, size }] of blocks.entries()) {
      const piece = this.#piece(hash, size)
      if (piece === null) missing.push(place)
      else pieces.push(piece)
    }
    if (missing.length === 0) disk.serve(link, request, pieces)
    else if (this.#mayRefuse(link)) link.send({ type: 'folderBlocksRefused', request, missing })
  }

  /** Null: it is not here, or not of that size. */
  #piece(hash: Hash, size: number): Piece | null {
    const { index, isOpen } = this.#parts
    const place = isOpen() ? index().locate(hash) : null
    if (place === null) return null
    const { path, state, offset } = place
    const isBlock = blockBytes(state.size, Math.floor(offset / blockSizeOf(state.size))) === size
    return isBlock ? { path, state, offset, size, hash } : null
  }

  #mayRefuse(link: Link): boolean {
    if (this.#refusals.take()) return true
    link.close('flood', 'it asks again and again for blocks of the folder that are not here')
    return false
  }
}
