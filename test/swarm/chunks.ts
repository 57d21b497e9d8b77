import type { Cancel, ChunkFetch, Chunks, FileStamp, Layout, LooseChunks } from '../../src/env.js'
import { hasBit } from '../../src/swarm/bitmap.js'
import type { Hash } from '../../wire/types.js'
import type { TestLink } from './data-link.js'
import { hashOf, layoutOf, stampOf } from './disk.js'
import type { TestPeer } from './peer.js'
/** Chunks as the core sees them, over a disk that knows only indices. */
export function makeChunks(peer: TestPeer): Chunks {
  const served = new Map<Hash, { layout: Layout; stamp: FileStamp }>()
  const whole = new Map<Hash, Layout>()
  const { disk } = peer
  /** Opened in this life, not yet finished or dropped. */
  const writing = new Set<Hash>()
  const fits = ({ path, size, mtimeMs }: FileStamp) => {
    const file = disk.files.get(path)
    return file !== undefined && file.size === size && file.mtimeMs === mtimeMs
  }
  const bitmap = (count: number, set: ReadonlySet<number>) => {
    const bits = new Uint8Array(Math.ceil(count / 8))
    for (const index of set) bits[index >> 3]! |= 1 << (index & 7)
    return bits
  }
  const countOf = ({ size, chunkSize }: Layout) => Math.ceil(size / chunkSize)
  const full = (layout: Layout) => new Set(Array.from({ length: countOf(layout) }, (_, index) => index))
  const sizeOf = ({ size, chunkSize }: Layout, index: number) => Math.min(chunkSize, size - index * chunkSize)
  const loose: LooseChunks = {
    onLost: () => {},
    open: (blob, layout, done) => {
      peer.later(peer.looseOpenMs, () => {
        const folder = disk.loose.get(blob) ?? { layout, verified: new Set<number>(), durable: new Set<number>() }
        disk.loose.set(blob, folder)
        done({ have: bitmap(countOf(layout), folder.durable) })
      })
    },
    copy: (blob, chunks, done) => {
      peer.later(20, () => {
        const folder = disk.loose.get(blob)
        const from = served.get(blob)
        if (folder === undefined || !(whole.has(blob) || (from !== undefined && fits(from.stamp)))) {
          done('no whole copy')
          return
        }
        for (const index of full(folder.layout)) if (hasBit(chunks, index)) folder.verified.add(index)
        done(null)
      })
    },
    sync: (blob, done) => {
      const before = new Set(disk.loose.get(blob)?.verified)
      peer.later(5, () => {
        const folder = disk.loose.get(blob)
        for (const index of before) if (folder?.verified.has(index)) folder.durable.add(index)
        done(folder === undefined ? new Uint8Array(0) : bitmap(countOf(folder.layout), folder.durable))
      })
    },
    drop: (blob, chunks, done) => {
      const folder = disk.loose.get(blob)
      if (chunks === null) disk.loose.delete(blob)
      else if (folder !== undefined) {
        for (const index of full(folder.layout)) {
          if (!hasBit(chunks, index)) continue
          folder.verified.delete(index)
          folder.durable.delete(index)
        }
      }
      peer.later(2, done)
    },
  }
  const chunks: Chunks = {
    loose,
    onLost: () => {},
    hash: (path, chunkSizeOf, _progress, done) =>
      peer.later(10, () => {
        const file = disk.files.get(path)
        if (file === undefined) {
          done({ error: `${path}: no such file` })
          return
        }
        done({ layout: layoutOf(file, chunkSizeOf(file.size)), stamp: stampOf(path, file) })
      }),
    adopt: (blob, layout, stamp) => {
      served.set(blob, { layout, stamp })
    },
    open: (blob, layout, target, done) => {
      peer.later(3, () => {
        if (target === null && disk.blobs.has(blob)) {
          whole.set(blob, layout)
          done({ have: bitmap(countOf(layout), full(layout)) })
          return
        }
        const old = disk.parts.get(blob)
        if (old !== undefined && old.target !== target) {
          if (writing.has(blob)) {
            done({ error: `${old.target} is already being written from the same file` })
            return
          }
          disk.parts.delete(blob)
        }
        writing.add(blob)
        const part = disk.parts.get(blob) ?? {
          layout,
          target,
          verified: new Set<number>(),
          durable: new Set<number>(),
          finished: false,
        }
        disk.parts.set(blob, part)
        done({ have: bitmap(countOf(layout), part.durable) })
      })
    },
    copyLocal: (blob, progress, done) => {
      peer.later(20, () => {
        const part = disk.parts.get(blob)
        const from = served.get(blob)
        const there = whole.has(blob) || (from !== undefined && fits(from.stamp))
        const loose = disk.loose.get(blob)?.durable
        if (part === undefined || !(there || loose)) {
          done('no other copy')
          return
        }
        part.verified = there ? full(part.layout) : new Set([...part.verified, ...(loose ?? [])])
        progress(part.layout.size)
        done(null)
      })
    },
    fetch: (link, fetch) => startFetch(peer, link as TestLink, fetch),
    serve: (link, request, blob, index) => {
      const theirs = link as TestLink
      const file = served.get(blob)
      if (!whole.has(blob) && file !== undefined && !fits(file.stamp)) {
        served.delete(blob)
        theirs.send({ type: 'chunkRefused', request, reason: 'changed' })
        peer.later(0, () => chunks.onLost(blob, 'the file changed'))
        return
      }
      const layout = whole.get(blob) ?? file?.layout ?? (disk.parts.get(blob) ?? disk.loose.get(blob))?.layout
      if (layout === undefined || peer.mute) return
      const part = disk.parts.get(blob)?.verified.has(index) || disk.loose.get(blob)?.durable.has(index)
      const has = whole.has(blob) || file !== undefined || part
      if (!has) throw new Error('the core served a chunk that it does not have')
      serve(peer, theirs, request, blob, index, sizeOf(layout, index))
    },
    sync: (blob, done) => {
      peer.later(5, () => {
        const part = disk.parts.get(blob)
        if (part !== undefined) part.durable = new Set(part.verified)
        done(part === undefined ? new Uint8Array(0) : bitmap(countOf(part.layout), part.durable))
      })
    },
    finish: (blob, done) => {
      peer.later(5, () => {
        const part = disk.parts.get(blob)
        if (part === undefined) {
          done({ path: `blobs/${blob}`, stamp: { path: `blobs/${blob}`, size: 0, mtimeMs: 0, inode: 1 } })
          return
        }
        if (part.verified.size !== countOf(part.layout))
          throw new Error(
            `${peer.name} finished ${part.target} with ${part.verified.size} of ${countOf(part.layout)} chunks`,
          )
        disk.parts.delete(blob)
        writing.delete(blob)
        const path = part.target ?? `blobs/${blob}`
        if (part.target === null) {
          disk.blobs.set(blob, part.layout)
          whole.set(blob, part.layout)
          done({ path, stamp: { path, size: part.layout.size, mtimeMs: 0, inode: 1 } })
          return
        }
        const file = { content: hashOf(part.layout), size: part.layout.size, mtimeMs: peer.world.nowMs }
        disk.files.set(path, file)
        served.set(blob, { layout: part.layout, stamp: stampOf(path, file) })
        done({ path, stamp: stampOf(path, file) })
      })
    },
    check: (blobs, done) => {
      peer.later(2, () => done(blobs.filter((blob) => !disk.blobs.has(blob))))
    },
    verify: (blob, layout, done) => {
      peer.later(10, () => {
        disk.readAgain++
        const rotten = disk.rotten.get(blob) ?? new Set()
        const there = disk.blobs.delete(blob)
        disk.rotten.delete(blob)
        if (there && rotten.size === 0) disk.blobs.set(blob, layout)
        else whole.delete(blob)
        if (there && rotten.size > 0) {
          const right = new Set([...full(layout)].filter((index) => !rotten.has(index)))
          disk.parts.set(blob, { layout, target: null, verified: right, durable: new Set(right), finished: false })
        }
        done(disk.blobs.has(blob))
      })
    },
    drop: (blob, done) => {
      peer.later(2, () => {
        served.delete(blob)
        whole.delete(blob)
        disk.blobs.delete(blob)
        disk.rotten.delete(blob)
        disk.parts.delete(blob)
        writing.delete(blob)
        done()
      })
    },
  }
  return chunks
}

function startFetch(peer: TestPeer, link: TestLink, fetch: ChunkFetch): Cancel {
  const request = link.nextRequest++
  const open = { fetch, over: false }
  link.fetches.set(request, open)
  if (link.closed) peer.later(0, () => link.settle(request, 'lost'))
  else link.send({ type: 'chunkGet', request, blob: fetch.blob, index: fetch.index })
  peer.later(fetch.stallMs, () => link.settle(request, 'timeout'))
  return () => {
    open.over = true
  }
}

/** The wire and the disk at the other end: bytes take their time, then they are checked. */
function serve(peer: TestPeer, theirs: TestLink, request: number, blob: Hash, index: number, size: number): void {
  peer.busyUntil = Math.max(peer.busyUntil, peer.world.nowMs) + (size * 1000) / peer.uploadRate
  peer.served++
  const wrong = peer.corrupt || (peer.disk.rotten.get(blob)?.has(index) ?? false)
  peer.later(peer.busyUntil - peer.world.nowMs, () => {
    const ours = theirs.other
    if (ours === null || ours.closed || !ours.owner.up) return
    ours.owner.later(1, () => {
      const asked = ours.fetches.get(request)
      // what was given up is not written
      if (asked === undefined || asked.over) return
      asked.fetch.progress(size)
      const { parts, loose } = ours.owner.disk
      const part = asked.fetch.loose ? loose.get(blob) : parts.get(blob)
      if (!wrong) part?.verified.add(index)
      ours.settle(request, wrong ? 'bad' : 'ok')
    })
  })
}
