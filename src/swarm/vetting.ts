/**
 * Nothing signed is believed before a worker verified it. Checks what costs nothing first, then the signatures in
 * batches of 64; a peer whose signature is wrong is cut off.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, SignedText } from '../env.js'
import type { Mesh } from '../mesh.js'
import { type Manifest, manifestText, readManifest, type SignedManifest } from './manifest.js'
import { type Register, readRegister, registerText, type SignedRegister } from './register.js'

const BATCH = 64
const MAX_WAITING = 8_192

export class Vetting {
  readonly #env: Pick<Env, 'workers'>
  readonly #mesh: Mesh
  readonly #chain: Hash
  #waiting = 0 // signatures under way, at most MAX_WAITING

  constructor(env: Pick<Env, 'workers'>, mesh: Mesh, chain: Hash) {
    this.#env = env
    this.#mesh = mesh
    this.#chain = chain
  }

  /** Signatures under way. */
  get waiting(): number {
    return this.#waiting
  }

  /** The good ones among a peer's registers, without those that `known` says were verified before. */
  registers(
    from: PeerId,
    signed: readonly SignedRegister[],
    known: (register: Register) => boolean,
    done: (good: readonly Register[]) => void,
  ): void {
    const unknown: Register[] = []
    for (const one of signed) {
      const register = readRegister(one)
      if (register === null) {
        this.#mesh.blame(from, 'protocol', 'a register that breaks the rules')
        return
      }
      if (!known(register)) unknown.push(register)
    }
    const texts = unknown.map((register) => registerText(this.#chain, register.signed))
    this.#verify(from, texts, () => done(unknown))
  }

  /** A peer's manifest with the id that we asked for. */
  manifest(from: PeerId, id: Hash, signed: SignedManifest, done: (manifest: Manifest) => void): void {
    const manifest = readManifest(signed)
    if (manifest === null || manifest.id !== id) {
      this.#mesh.blame(from, 'protocol', 'a manifest that breaks the rules')
      return
    }
    this.#verify(from, [manifestText(this.#chain, signed)], () => done(manifest))
  }

  /** Calls `done` only where all are valid. */
  #verify(from: PeerId, texts: readonly SignedText[], done: () => void): void {
    if (texts.length === 0) {
      done()
      return
    }
    if (this.#waiting + texts.length > MAX_WAITING) return
    this.#waiting += texts.length
    let open = Math.ceil(texts.length / BATCH)
    let good = true
    for (let at = 0; at < texts.length; at += BATCH) {
      this.#env.workers.verify(texts.slice(at, at + BATCH), (valid) => {
        good &&= valid.every(Boolean)
        if (--open > 0) return
        this.#waiting -= texts.length
        if (good) done()
        else this.#mesh.blame(from, 'protocol', 'a wrong signature')
      })
    }
  }
}
