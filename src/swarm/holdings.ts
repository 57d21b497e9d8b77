/**
 * What this peer itself holds completely: a copy in its own blob folder (by ring duty), a user's file, or both.
 * Invariant: a holding is offered to others only after the store has it durably, and after a restart only once the
 * bytes were found again.
 */
import { isHash } from '../../wire/hash.js'
import type { HoldingState } from '../../wire/messages/swarm.js'
import type { Hash } from '../../wire/types.js'
import type { Env, FileStamp } from '../env.js'
import { countBits } from './bitmap.js'
import type { Loose } from './loose.js'
import type { Manifest } from './manifest.js'
import type { Manifests } from './manifests.js'

const MAX_OPENING = 16
/** Copies that are looked at together. */
const MAX_INSPECTED = 1_024

export interface Holding {
  readonly manifest: Hash
  readonly name: string
  readonly size: number
  readonly blob: boolean
  readonly file: FileStamp | null
}

export class Holdings {
  readonly #env: Env
  readonly #manifests: Manifests
  readonly #loose: Pick<Loose, 'bytes'>
  readonly #holdings = new Map<Hash, Holding>() // at most one per manifest in the store
  readonly #busy = new Set<Hash>() // some of the holdings
  #toInspect: Hash[] = [] // some of the holdings
  /** Of own copies, those that are not found again yet included. */
  #blobBytes = 0

  constructor(env: Env, manifests: Manifests, loose: Pick<Loose, 'bytes'>) {
    this.#env = env
    this.#manifests = manifests
    this.#loose = loose
  }

  /** A holding is complete and durable, or was found again after a restart. */
  onHeld: (id: Hash) => void = () => {}
  /** A holding is gone: dropped, changed by its user, or unreadable. */
  onGone: (id: Hash) => void = () => {}

  /** The bytes of a busy holding may be written or read again now. */
  onFree: () => void = () => {}

  /** An own copy went: there is more room. */
  onRoom: () => void = () => {}

  /** Being found again or deleted: nobody else may open the same file meanwhile. */
  isBusy(id: Hash): boolean {
    return this.#busy.has(id)
  }

  /** Bytes kept by ring duty: whole copies, and single chunks of spread files. */
  get blobBytes(): number {
    return this.#blobBytes + this.#loose.bytes
  }

  all(): Iterable<Holding> {
    return this.#holdings.values()
  }

  get(id: Hash): Holding | undefined {
    return this.#holdings.get(id)
  }

  state(id: Hash): HoldingState {
    const holding = this.#holdings.get(id)
    if (holding === undefined) return 'none'
    return holding.blob ? 'kept' : 'all'
  }

  /** Finds again what was held before the restart. */
  start(): void {
    const saved: Holding[] = []
    for (const [key, value] of this.#env.store.entries('holdings')) {
      const manifest = isHash(key) ? this.#manifests.get(key) : undefined
      const holding = manifest === undefined ? null : decodeHolding(manifest, value)
      if (holding !== null) saved.push(holding)
      else this.#env.store.write([{ remove: 'holdings', key }])
    }
    for (const { manifest, blob, size } of saved) {
      this.#busy.add(manifest)
      if (blob) this.#blobBytes += size
    }
    const next = () => {
      const holding = saved.pop()
      if (holding === undefined) return
      this.#readopt(holding, () => {
        // found again it was counted once more
        if (holding.blob) this.#giveRoom(holding.size)
        this.#free(holding.manifest, next)
      })
    }
    for (let lane = 0; lane < MAX_OPENING; lane++) next()
  }

  /** A whole copy lies in the own blob folder; `done` once this is durable. */
  addBlob(manifest: Manifest, done: () => void): void {
    this.#set(manifest.id, { ...this.#baseOf(manifest), blob: true }, done)
  }

  /** A user's file holds the content. */
  addFile(manifest: Manifest, stamp: FileStamp, done: () => void): void {
    this.#set(manifest.id, { ...this.#baseOf(manifest), file: stamp }, done)
  }

  /** Deletes the own copy; a user's file goes on being served. */
  dropBlob(id: Hash): void {
    const holding = this.#holdings.get(id)
    if (holding === undefined || !holding.blob || this.#busy.has(id)) return
    this.#busy.add(id)
    this.#lose(id, { ...holding, blob: false })
    this.#env.chunks.drop(id, () => {
      this.adoptFile(id)
      this.#free(id)
    })
  }

  /** Serves the user's file again after the blob of the same content was forgotten. */
  adoptFile(id: Hash): void {
    const file = this.#holdings.get(id)?.file
    const manifest = file ? this.#manifests.get(id) : undefined
    if (file && manifest) this.#env.chunks.adopt(id, manifest.layout, file)
  }

  /** The bytes are not what they were: the user's file changed, or the disk failed. */
  lost(id: Hash): void {
    const holding = this.#holdings.get(id)
    if (holding === undefined || this.#busy.has(id)) return
    this.#lose(id, { ...holding, file: null })
    this.doubt(id)
  }

  /** Looks whether the own copies are still there as they were: the next ones in turn, each time it is called. */
  inspect(): void {
    if (this.#toInspect.length === 0) {
      for (const { manifest, blob } of this.#holdings.values()) if (blob) this.#toInspect.push(manifest)
    }
    const ids = this.#toInspect.splice(0, MAX_INSPECTED).filter((id) => !this.#busy.has(id))
    if (ids.length === 0) return
    this.#env.chunks.check(ids, (changed) => {
      for (const id of changed) this.doubt(id)
    })
  }

  /** Reads the own copy again; what is wrong in it is given up and fetched again where it is owed. */
  doubt(id: Hash): void {
    const holding = this.#holdings.get(id)
    const manifest = holding?.blob ? this.#manifests.get(id) : undefined
    if (manifest === undefined || this.#busy.has(id)) return
    this.#busy.add(id)
    this.#env.chunks.verify(id, manifest.layout, (whole) => {
      if (!whole) this.#broken(manifest)
      this.#free(id)
    })
  }

  #broken({ id, name }: Manifest): void {
    this.#env.log('warn', `the copy of "${name}" is not whole any more: what is wrong is fetched again`)
    const holding = this.#holdings.get(id)
    if (holding === undefined) return
    const rest = { ...holding, blob: false }
    this.#lose(id, rest)
    if (rest.file !== null) this.#take(rest)
  }

  #readopt(holding: Holding, next: () => void): void {
    const manifest = this.#manifests.get(holding.manifest)
    if (manifest === undefined) {
      next()
      return
    }
    const { id } = manifest
    if (holding.file !== null) this.#env.chunks.adopt(id, manifest.layout, holding.file)
    if (!holding.blob) {
      this.#take(holding)
      this.#env.after(0, next)
      return
    }
    this.#env.chunks.open(id, manifest.layout, null, (opened) => {
      if ('have' in opened && countBits(opened.have) === manifest.chunkCount) {
        this.#set(id, { ...holding, file: this.#holdings.get(id)?.file ?? holding.file }, next)
        return
      }
      this.#env.log('warn', `the copy of "${manifest.name}" is not whole any more: it is fetched again`)
      this.#env.chunks.drop(id, () => {
        const rest = { ...holding, blob: false }
        this.#lose(id, rest)
        if (rest.file !== null) this.#take(rest)
        this.adoptFile(id)
        next()
      })
    })
  }

  #giveRoom(bytes: number): void {
    this.#blobBytes -= bytes
    this.onRoom()
  }

  #free(id: Hash, then: () => void = () => {}): void {
    this.#busy.delete(id)
    this.onFree()
    then()
  }

  #baseOf({ id, name, layout }: Manifest): Holding {
    return this.#holdings.get(id) ?? { manifest: id, name, size: layout.size, blob: false, file: null }
  }

  #set(id: Hash, holding: Holding, done: () => void): void {
    this.#env.store.write([{ put: 'holdings', key: id, value: encodeHolding(holding) }], () => {
      this.#take(holding)
      done()
    })
  }

  #take(holding: Holding): void {
    const old = this.#holdings.get(holding.manifest)
    if (holding.blob && !old?.blob) this.#blobBytes += holding.size
    this.#holdings.set(holding.manifest, holding)
    this.onHeld(holding.manifest)
  }

  #lose(id: Hash, rest: Holding): void {
    const old = this.#holdings.get(id)
    if (old?.blob && !rest.blob) this.#giveRoom(old.size)
    if (rest.file === null && !rest.blob) {
      this.#holdings.delete(id)
      this.#env.store.write([{ remove: 'holdings', key: id }])
      this.onGone(id)
      return
    }
    if (old !== undefined) this.#holdings.set(id, rest)
    this.#env.store.write([{ put: 'holdings', key: id, value: encodeHolding(rest) }])
  }
}

/** JSON, because a stamp has fractions of milliseconds; it never leaves this machine. */
function encodeHolding({ blob, file }: Holding): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify({ blob, file })))
}

function decodeHolding({ id, name, layout }: Manifest, bytes: Uint8Array): Holding | null {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  if (typeof value !== 'object' || value === null || !('blob' in value) || !('file' in value)) return null
  const file = isStamp(value.file) ? value.file : null
  return { manifest: id, name, size: layout.size, blob: value.blob === true, file }
}

function isStamp(value: unknown): value is FileStamp {
  if (typeof value !== 'object' || value === null) return false
  const has = (key: string, type: string) => key in value && typeof Reflect.get(value, key) === type
  return has('path', 'string') && has('size', 'number') && has('mtimeMs', 'number') && has('inode', 'number')
}
