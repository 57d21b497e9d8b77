/**
 * The registers that this peer knows: who published what under which name. Every peer holds all of them (they are small
 * and flood), keepers answer for theirs; no peer is an authority, because merging is the same everywhere.
 * Invariant: memory and the table 'names' agree; a register once replaced never comes back.
 */

import { sha256Bytes } from '../../wire/hash.js'
import { NAME_BUCKETS } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, StoreOperation } from '../env.js'
import { decodeRegister, encodeRegister, meantBy, type Register, wins } from './register.js'

const MAX_REGISTERS = 16_384
/** Room beyond the cap for names that this peer published or keeps by duty. */
const MAX_OWED = 4_096
const MAX_PER_PUBLISHER = 4_096
const MAX_PER_NAME = 32
const TOMBSTONE_MS = 30 * 86_400_000

export type Merged = 'new' | 'same' | 'older' | 'full'

export class Names {
  readonly #env: Pick<Env, 'store' | 'wallTime' | 'log'>
  readonly #registers = new Map<string, Register>() // at most MAX_REGISTERS + MAX_OWED
  readonly #byName = new Map<string, Map<PeerId, Register>>() // at most MAX_PER_NAME each
  readonly #byManifest = new Map<Hash, Register>() // live ones
  readonly #perPublisher = new Map<PeerId, number>()
  readonly #digests = new Uint8Array(NAME_BUCKETS * 4)
  #sorted: readonly string[] | null = null

  constructor(env: Pick<Env, 'store' | 'wallTime' | 'log'>) {
    this.#env = env
    for (const [key, value] of env.store.entries('names')) {
      const register = decodeRegister(value)
      if (register !== null && keyIn(register) === key) this.#put(key, register)
      else env.log('warn', `an unreadable name was skipped: ${key}`)
    }
  }

  get size(): number {
    return this.#registers.size
  }

  all(): Iterable<Register> {
    return this.#registers.values()
  }

  /** All registers of a name, removed ones included. */
  of(name: string): readonly Register[] {
    return [...(this.#byName.get(name)?.values() ?? [])]
  }

  by(name: string, publisher: PeerId): Register | undefined {
    return this.#byName.get(name)?.get(publisher)
  }

  /** The live register behind a bare name. */
  meant(name: string): Register | undefined {
    return meantBy(this.#byName.get(name)?.values() ?? [])
  }

  /** The live register that means this manifest. */
  byManifest(id: Hash): Register | undefined {
    return this.#byManifest.get(id)
  }

  /** Whether exactly this register is the current one: then it was verified before. */
  knows(register: Register): boolean {
    return this.by(register.name, register.publisher)?.id === register.id
  }

  /**
   * Takes a verified register if it wins. `also` is written in the same transaction; `durable` is called once the
   * winner is safe on disk, also when it was there before. `owed`: published or kept by this peer.
   */
  merge(register: Register, owed: boolean, also: readonly StoreOperation[] = [], durable?: () => void): Merged {
    const old = this.by(register.name, register.publisher)
    const merged = old === undefined ? this.#room(register, owed) : compare(register, old)
    if (merged === 'full' || merged === 'older') return merged
    const operations = [...also]
    if (merged === 'new') {
      const key = keyIn(register)
      this.#put(key, register)
      operations.push({ put: 'names', key, value: encodeRegister(register) })
      if (old?.manifest) operations.push(...this.#superseded(old.manifest))
    }
    if (operations.length > 0 || durable !== undefined) this.#env.store.write(operations, durable)
    return merged
  }

  /** Forgets removals older than 30 days. */
  expire(): void {
    for (const [key, register] of this.#registers) if (this.#expired(register)) this.#remove(key, register)
  }

  /** 4 bytes for each of 256 buckets: two peers with equal digests know the same registers. */
  digests(): Uint8Array {
    return this.#digests.slice()
  }

  /** Registers after the cursor whose bucket differs from a peer's digests; `next` null at the end. */
  page(
    digests: Uint8Array,
    after: string,
    max: number,
  ): { readonly registers: readonly Register[]; readonly next: string | null } {
    const differs = Array.from({ length: NAME_BUCKETS }, (_, bucket) => !this.#sameBucket(digests, bucket))
    if (!differs.includes(true)) return { registers: [], next: null }
    const keys = (this.#sorted ??= [...this.#registers.keys()].sort())
    const registers: Register[] = []
    for (let at = firstAfter(keys, after); at < keys.length; at++) {
      const key = keys[at] ?? ''
      const register = this.#registers.get(key)
      if (register === undefined || !differs[bucketOf(key)]) continue
      registers.push(register)
      if (registers.length === max) return { registers, next: key }
    }
    return { registers, next: null }
  }

  #room(register: Register, owed: boolean): Merged {
    if (this.#expired(register)) return 'older'
    const cap = owed ? MAX_REGISTERS + MAX_OWED : MAX_REGISTERS
    if (this.#registers.size >= cap) return 'full'
    if ((this.#perPublisher.get(register.publisher) ?? 0) >= MAX_PER_PUBLISHER) return 'full'
    return (this.#byName.get(register.name)?.size ?? 0) >= MAX_PER_NAME ? 'full' : 'new'
  }

  #expired(register: Register): boolean {
    return register.manifest === null && register.time < this.#env.wallTime() - TOMBSTONE_MS
  }

  /** The old manifest goes, unless its content is still here: then it goes with the content. */
  #superseded(manifest: Hash): readonly StoreOperation[] {
    const here = this.#env.store.get('holdings', manifest) ?? this.#env.store.get('loose', manifest)
    return here === undefined ? [{ remove: 'manifests', key: manifest }] : []
  }

  #put(key: string, register: Register): void {
    const { name, publisher } = register
    const old = this.#registers.get(key)
    if (old !== undefined) {
      this.#toggleDigest(key, old)
      if (old.manifest !== null) this.#byManifest.delete(old.manifest)
    } else {
      this.#sorted = null
      this.#perPublisher.set(publisher, (this.#perPublisher.get(publisher) ?? 0) + 1)
    }
    this.#registers.set(key, register)
    this.#toggleDigest(key, register)
    if (register.manifest !== null) this.#byManifest.set(register.manifest, register)
    const publishers = this.#byName.get(name) ?? new Map<PeerId, Register>()
    this.#byName.set(name, publishers.set(publisher, register))
  }

  #remove(key: string, register: Register): void {
    const { name, publisher } = register
    this.#sorted = null
    this.#registers.delete(key)
    this.#toggleDigest(key, register)
    this.#perPublisher.set(publisher, (this.#perPublisher.get(publisher) ?? 1) - 1)
    const publishers = this.#byName.get(name)
    publishers?.delete(publisher)
    if (publishers?.size === 0) this.#byName.delete(name)
    this.#env.store.write([{ remove: 'names', key }])
  }

  #toggleDigest(key: string, register: Register): void {
    const at = bucketOf(key) * 4
    for (let i = 0; i < 4; i++) {
      this.#digests[at + i] = (this.#digests[at + i] ?? 0) ^ Number.parseInt(register.id.slice(2 * i, 2 * i + 2), 16)
    }
  }

  #sameBucket(digests: Uint8Array, bucket: number): boolean {
    for (let i = bucket * 4; i < bucket * 4 + 4; i++) if (digests[i] !== this.#digests[i]) return false
    return true
  }
}

/** Names have no slash, so this is unique, and one name's registers stand together. */
function keyIn({ name, publisher }: Register): string {
  return `${name}/${publisher}`
}

function bucketOf(key: string): number {
  return sha256Bytes(Buffer.from(key, 'utf8'))[0] ?? 0
}

function compare(register: Register, old: Register): Merged {
  if (register.id === old.id) return 'same'
  return wins(register, old) ? 'new' : 'older'
}

function firstAfter(keys: readonly string[], after: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') <= after) low = middle + 1
    else high = middle
  }
  return low
}
