/**
 * The serving end of data links: hands out chunks that this peer verified, and nothing else. The bytes themselves are
 * read and sent by the Env, which queues at most 64 requests a link.
 */
import type { Message } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, Link, LinkHandler } from '../env.js'
import type { Mesh } from '../mesh.js'
import { hasBit } from './bitmap.js'
import type { Fetches } from './fetches.js'
import { isComplete } from './holders.js'
import { chunkBytes } from './manifest.js'
import type { Parts } from './parts.js'
import { Rate } from './rate.js'
import type { Transfers } from './transfers.js'

const IDLE_MS = 10_000
const MAX_SHOWN = 64

/** What is known of a file that others may want. */
export interface Servable {
  readonly name: string
  readonly size: number
  /** False where its publisher removed it: it is shown no more, though whoever has begun may end. */
  readonly listed: boolean
  /** Bytes of that chunk, 0 where this peer does not have it. */
  bytesOf(index: number): number
}

interface Upload {
  readonly n: number
  readonly rate: Rate
  readonly links: Set<number>
  bytes: number
}

export interface UploadHooks {
  /** A chunk is about to be sent. */
  served(blob: Hash): void
  find(blob: Hash): Servable | undefined
  /** A peer asks for a first chunk of a file. */
  asked(name: string, by: PeerId): void
}

export class Uploads {
  readonly #env: Env
  readonly #mesh: Mesh
  readonly #transfers: Transfers
  readonly #find: (blob: Hash) => Servable | undefined
  readonly #asked: (name: string, by: PeerId) => void
  readonly #served: (blob: Hash) => void
  readonly #uploads = new Map<Hash, Upload>() // at most MAX_SHOWN

  constructor({ env, mesh, transfers }: Pick<Parts, 'env' | 'mesh' | 'transfers'>, hooks: UploadHooks) {
    this.#env = env
    this.#mesh = mesh
    this.#transfers = transfers
    this.#find = hooks.find
    this.#asked = hooks.asked
    this.#served = hooks.served
  }

  /** For a data link that another peer opened to download from here. */
  dataLink(): LinkHandler {
    return {
      message: (link, message) => this.#receive(link, message),
      drained: () => {},
      closed: (link) => {
        for (const upload of this.#uploads.values()) upload.links.delete(link.serial)
      },
    }
  }

  /** Files may have been removed: what is uploaded of them is shown no more. */
  review(): void {
    for (const [blob, upload] of this.#uploads) if (this.#find(blob)?.listed !== true) this.#end(blob, upload)
  }

  #receive(link: Link, message: Message): void {
    if (message.type === 'chunkRefused') return
    if (message.type !== 'chunkGet') {
      this.#mesh.blame(link.peer, 'protocol', `${message.type} on a data link`)
      return
    }
    const { request, blob, index } = message
    const file = this.#find(blob)
    const bytes = file?.bytesOf(index) ?? 0
    if (file === undefined || bytes === 0) {
      link.send({ type: 'chunkRefused', request, reason: file === undefined ? 'unknown file' : 'not here yet' })
      return
    }
    this.#served(blob)
    this.#env.chunks.serve(link, request, blob, index)
    this.#count(blob, file, link, bytes)
  }

  #count(blob: Hash, file: Servable, link: Link, bytes: number): void {
    const upload = this.#uploads.get(blob) ?? (file.listed ? this.#begin(blob, file) : null)
    if (upload === null) return
    if (!upload.links.has(link.serial)) this.#asked(file.name, link.peer)
    upload.links.add(link.serial)
    upload.bytes += bytes
    upload.rate.add(bytes)
  }

  #begin(blob: Hash, { name, size }: Servable): Upload | null {
    if (this.#uploads.size >= MAX_SHOWN) return null
    const rate = new Rate(this.#env)
    const view = () => {
      const { bytes, links } = upload
      const shown = { done: bytes, total: size, rate: Math.round(rate.bytesPerSecond), etaSeconds: null }
      return { name, direction: 'up', ...shown, reason: '', peers: links.size, state: 'running' } as const
    }
    const n = this.#transfers.add({ view, control: () => false })
    const upload: Upload = { n, rate, links: new Set(), bytes: 0 }
    this.#uploads.set(blob, upload)
    this.#endWhenIdle(blob, upload)
    return upload
  }

  #endWhenIdle(blob: Hash, upload: Upload): void {
    // whole milliseconds: less than one might not move the clock
    this.#env.after(Math.ceil(IDLE_MS - upload.rate.silentMs), () => {
      if (this.#uploads.get(blob) !== upload) return
      if (upload.rate.silentMs < IDLE_MS) this.#endWhenIdle(blob, upload)
      else this.#end(blob, upload)
    })
  }

  #end(blob: Hash, upload: Upload): void {
    this.#uploads.delete(blob)
    this.#transfers.end(upload.n, false)
  }
}

/** What of a file can be given to others now, wherever it is. */
export function servable(
  { holdings, loose, manifests, names }: Pick<Parts, 'holdings' | 'loose' | 'manifests' | 'names'>,
  fetches: Fetches,
  blob: Hash,
): Servable | undefined {
  const download = fetches.of(blob)
  const whole = isComplete(holdings.state(blob))
  const kept = loose.kept(blob)
  const manifest = whole || kept.length > 0 ? manifests.get(blob) : download?.job.manifest
  if (manifest === undefined) return undefined
  const part = (index: number) => hasBit(kept, index) || (download?.has(index) ?? false)
  const has = (index: number) => index < manifest.chunkCount && (whole || part(index))
  const { name, layout, publisher } = manifest
  const listed = names.by(name, publisher)?.manifest !== null
  return { name, size: layout.size, listed, bytesOf: (index) => (has(index) ? chunkBytes(layout, index) : 0) }
}
