/**
 * The Env of one life of one simulated peer: virtual clocks, a random stream of its own, a real Ed25519 key that
 * follows from (seed, number), the simulated network, disk, files and workers.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type {
  Cancel,
  Chunks,
  Datagrams,
  Env,
  Identity,
  Links,
  LogLevel,
  Network,
  Store,
  Workers,
} from '../../src/env.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { SimProcess } from './process.js'
import { Random } from './random.js'

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Virtual time 0 as milliseconds since the epoch. */
export const EPOCH_MS = 1_750_000_000_000

export interface Keys {
  readonly id: PeerId
  readonly publicKey: Uint8Array
  readonly privateKey: KeyObject
}

/** The key pair of peer `index` in a world. */
export function keysOf(seed: number, index: number): Keys {
  const secret = createHash('sha256').update(`key ${seed} ${index}`).digest()
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
  const id = createHash('sha256').update(publicKey).digest('hex') as PeerId
  return { id, publicKey: new Uint8Array(publicKey), privateKey }
}

/** A network for a world: the same for the same name. */
export function networkOf(name: string): Network {
  const tag = createHash('sha256').update(`tag ${name}`).digest('hex') as Hash
  return { name, tag, genesisSeed: new Uint8Array(createHash('sha256').update(`genesis ${name}`).digest()) }
}

export interface EnvParts {
  readonly process: SimProcess
  readonly keys: Keys
  readonly name: string
  readonly network: Network
  readonly links: Links
  readonly datagrams: Datagrams
  readonly store: Store
  readonly chunks: Chunks
  readonly workers: Workers
  /** Milliseconds that this peer's wall clock is ahead. */
  readonly skewMs: () => number
  readonly localPeers: () => readonly Address[]
  readonly log: (level: LogLevel, text: string) => void
  readonly fatal: (reason: string) => void
}

export class SimEnv implements Env {
  readonly identity: Identity
  readonly network: Network
  readonly links: Links
  readonly datagrams: Datagrams
  readonly store: Store
  readonly chunks: Chunks
  readonly workers: Workers
  readonly #parts: EnvParts
  readonly #random: Random

  constructor(parts: EnvParts) {
    const { process, keys } = parts
    this.#parts = parts
    this.#random = new Random(process.seed, process.index, process.life, 11)
    this.network = parts.network
    this.links = parts.links
    this.datagrams = parts.datagrams
    this.store = parts.store
    this.chunks = parts.chunks
    this.workers = parts.workers
    this.identity = {
      id: keys.id,
      publicKey: keys.publicKey,
      name: parts.name,
      bootNonce: new Random(process.seed, process.index, process.life, 12).bytes(8),
      startTime: this.wallTime(),
    }
  }

  now(): number {
    return this.#parts.process.schedule.now
  }

  wallTime(): number {
    return EPOCH_MS + Math.floor(this.now()) + this.#parts.skewMs()
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#parts.process.after(delayMs, fn)
  }

  random(): number {
    return this.#random.next()
  }

  randomBytes(count: number): Uint8Array {
    return this.#random.bytes(count)
  }

  sign(text: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, text, this.#parts.keys.privateKey))
  }

  localPeers(done: (addresses: readonly Address[]) => void): void {
    const { process } = this.#parts
    process.at(this.now() + 0.5, 'local', () => done(this.#parts.localPeers()))
  }

  log(level: LogLevel, text: string): void {
    this.#parts.log(level, text)
  }

  fatal(reason: string): void {
    this.#parts.fatal(reason)
  }
}
