/** Peers with a folder each: what their users do, what they tell each other in order, and what they write. */
import assert from 'node:assert'
import { isConflictPath } from '../../src/folder/conflict-path.js'
import type { IndexOptions } from '../../src/folder/contract.js'
import { parentOf } from '../../src/folder/path.js'
import type { Content, DiskState, FolderPath, Seen } from '../../src/folder-disk.js'
import { type Clock, contentOf, directoryState, fileState, Peer } from './world.js'

interface OnDisk {
  readonly state: DiskState
  /** Null of a directory. */
  readonly content: Content | null
}

export class DiskPeer extends Peer {
  readonly disk = new Map<FolderPath, OnDisk>()
  /** How much of what each other peer told was heard. */
  readonly #heard = new Map<Peer, number>()

  constructor(name: string, clock: Clock, options?: IndexOptions) {
    super(name, clock, options)
    this.open()
  }

  /** A user writes a file; answers the contents that this replaced. */
  userWrites(path: FolderPath, text: string, mtimeMs: number): readonly string[] {
    const gone = this.#makeRoom(path)
    const content = contentOf(text)
    this.disk.set(path, { content, state: fileState(content, mtimeMs) })
    return gone
  }

  /** A user deletes a file or a directory with all below it. */
  userDeletes(path: FolderPath): readonly string[] {
    const gone: string[] = []
    for (const [other, { content }] of [...this.disk]) {
      if (other !== path && !other.startsWith(`${path}/`)) continue
      this.disk.delete(other)
      if (content !== null) gone.push(content.id)
    }
    return gone
  }

  userMakesDirectory(path: FolderPath): readonly string[] {
    if (this.disk.get(path)?.content === null) return []
    const gone = this.#makeRoom(path)
    this.disk.set(path, { content: null, state: directoryState() })
    return gone
  }

  /** Tells the index what is not as it says. */
  scan(): void {
    const known = new Map(this.index.known())
    const seen: Seen[] = []
    for (const [path, { state, content }] of this.disk) {
      if (known.get(path) !== state) seen.push({ path, state, content })
      known.delete(path)
    }
    for (const path of known.keys()) seen.push({ path, state: null })
    this.see(...seen)
  }

  /** Hears up to `count` of what another one told, each as it is now. */
  listen(from: DiskPeer, count: number): boolean {
    const start = this.#heard.get(from) ?? 0
    const end = Math.min(from.told.length, start + count)
    for (const { path } of from.told.slice(start, end)) {
      const best = from.best(path)
      if (best !== undefined) {
        const taken = this.index.remote(best, from.id)
        assert.notEqual(taken.how, 'refused', JSON.stringify(taken))
      }
    }
    this.#heard.set(from, end)
    return end > start
  }

  /** Does up to `count` of what is needed, where the bytes are to be had; answers whether anything was done. */
  apply(peers: readonly DiskPeer[], count: number): boolean {
    let done = 0
    for (const path of [...this.index.needs()]) if (done < count && this.#applyOne(peers, path)) done++
    return done > 0
  }

  #applyOne(peers: readonly DiskPeer[], path: FolderPath): boolean {
    const need = this.index.need(path)
    if (need === null) return false
    const present = this.disk.get(path)
    // a user was faster: it will be seen
    if ((present?.state ?? null) !== need.here) return false
    if (present !== undefined && this.index.isSourceForOther(path)) return false
    const { best, kind } = need
    if (kind === 'remove' || present?.content === null) {
      const below = [...this.disk.keys()].some((other) => other.startsWith(`${path}/`))
      if (below) return false // what is below was not seen yet
    }
    if (kind === 'remove') {
      this.disk.delete(path)
      this.index.applied(best, null)
      return true
    }
    const content = kind === 'directory' ? null : bytesOf(best.content, peers)
    if (content === undefined) return false
    for (let above = parentOf(path); above !== null; above = parentOf(above)) {
      if (this.disk.get(above)?.content) return false // a user's file in the way was not seen yet
      if (!this.disk.has(above)) this.disk.set(above, { content: null, state: directoryState() })
    }
    const state = content === null ? directoryState() : fileState(content, best.mtimeMs, best.executable)
    this.disk.set(path, { content, state })
    this.index.applied(best, state)
    return true
  }

  /** Paths and contents of the files; conflict copies without their names. */
  files(): readonly string[] {
    return [...this.disk]
      .filter(([, { content }]) => content !== null)
      .map(([path, { content }]) => `${path} ${content?.id}`)
      .sort()
  }

  copies(): readonly FolderPath[] {
    return [...this.disk.keys()].filter(isConflictPath)
  }

  /** Directories above a path exist then, and nothing stands at it. */
  #makeRoom(path: FolderPath): readonly string[] {
    const gone = [...this.userDeletes(path)]
    const above = parentOf(path)
    if (above !== null) gone.push(...this.userMakesDirectory(above))
    return gone
  }
}

function bytesOf(id: string | null, peers: readonly DiskPeer[]): Content | undefined {
  for (const { disk } of peers) {
    for (const { content } of disk.values()) if (content !== null && content.id === id) return content
  }
  return undefined
}

/** Each sees what its user did, hears what all others told, and writes what it can; answers whether anything was done. */
export function exchange(peers: readonly DiskPeer[]): boolean {
  let isBusy = false
  for (const peer of peers) {
    const before = peer.told.length
    peer.scan()
    if (peer.told.length > before) isBusy = true
    for (const from of peers) if (from !== peer && peer.listen(from, 1000)) isBusy = true
    if (peer.apply(peers, 1000)) isBusy = true
  }
  return isBusy
}

/** Until nobody has anything to tell, to write or to see. Ten minutes pass. */
export function settle(peers: readonly DiskPeer[], clock: Clock): void {
  for (let minute = 0; minute < 10; minute++) {
    for (let isBusy = true, round = 0; isBusy; round++) {
      assert.ok(round < 200, `still busy: ${JSON.stringify(peers.map(({ name, told }) => [name, told.slice(-4)]))}`)
      isBusy = exchange(peers)
    }
    clock.ms += 60_000
    for (const { index } of peers) index.tend()
  }
}
