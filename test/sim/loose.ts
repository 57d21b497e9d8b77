/** Single chunks of spread files on one simulated machine: what was not synced is lost at a kill. */
import type { Bitmap, Layout, LooseChunks } from '../../src/env.js'
import type { Hash } from '../../wire/types.js'
import { bitmapOf, chunkCount, type SimFiles } from './files.js'

const READ_MS = 0.3

interface LooseHost {
  /** Whether a whole copy is on this machine. */
  whole(blob: Hash): boolean
  later(delayMs: number, action: () => void): void
  syncTime(): number
}

export class SimLoose implements LooseChunks {
  onLost: (blob: Hash, index: number | null, reason: string) => void = () => {}

  constructor(
    private readonly files: SimFiles,
    private readonly host: LooseHost,
  ) {}

  open(blob: Hash, layout: Layout, done: (result: { readonly have: Bitmap }) => void): void {
    const { loose } = this.files
    const folder = loose.get(blob) ?? { layout, have: new Set<number>(), durable: new Set<number>() }
    loose.set(blob, folder)
    this.host.later(READ_MS, () => done({ have: bitmapOf(folder.durable, chunkCount(layout)) }))
  }

  copy(blob: Hash, chunks: Bitmap, done: (error: string | null) => void): void {
    const folder = this.files.loose.get(blob)
    if (folder === undefined || !this.host.whole(blob)) {
      this.host.later(0, () => done('there is no whole copy of this file here'))
      return
    }
    for (const index of indicesOf(chunks)) folder.have.add(index)
    this.host.later(READ_MS, () => done(null))
  }

  sync(blob: Hash, done: (have: Bitmap) => void): void {
    const folder = this.files.loose.get(blob)
    const synced = new Set(folder?.have)
    this.host.later(this.host.syncTime(), () => {
      if (folder === undefined) return done(new Uint8Array(0))
      // what was dropped meanwhile stays so
      folder.durable = new Set([...synced].filter((index) => folder.have.has(index)))
      done(bitmapOf(folder.durable, chunkCount(folder.layout)))
    })
  }

  drop(blob: Hash, chunks: Bitmap | null, done: () => void): void {
    const folder = this.files.loose.get(blob)
    if (chunks === null) this.files.loose.delete(blob)
    else {
      for (const index of indicesOf(chunks)) {
        folder?.have.delete(index)
        folder?.durable.delete(index)
      }
    }
    this.host.later(READ_MS, done)
  }
}

function indicesOf(bitmap: Bitmap): readonly number[] {
  const all = Array.from({ length: bitmap.length * 8 }, (_, index) => index)
  return all.filter((index) => ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0)
}
