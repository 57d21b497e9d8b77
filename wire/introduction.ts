/**
 * The first frame of each side proves its peer id: an Ed25519 key and a signature over (this connection, its end of it,
 * the key). Being a member (the network secret) is proven by the pipe below; a member in the middle who relays both
 * introductions fails, because its two connections have different bindings. Meeting one's own key is allowed: only the
 * greeting can tell an echo from a second process under the same key.
 */

import type { LinkHandler } from '../src/env.js'
import { signedText } from './canonical.js'
import { decodeMessage, encodeMessage, entryOf, largestIn } from './codec.js'
import { isStrictKey, verify } from './ed25519.js'
import { ProtocolError } from './errors.js'
import type { ChunkReceiver } from './frame.js'
import { FramedPipe, type PipeOwner } from './framed-pipe.js'
import { sha256, toHex } from './hash.js'
import type { InFlight } from './in-flight.js'
import { LinkCore } from './link-core.js'
import type { BytePipe } from './pipe.js'
import type { PeerId } from './types.js'

/** Who we are to the other end. */
export interface LinkIdentity {
  /** Raw Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(text: Uint8Array): Uint8Array
}

export interface IntroductionOptions {
  readonly identity: LinkIdentity
  readonly dialed: boolean
  readonly expect?: PeerId | undefined
  readonly inFlight: InFlight
  /** Whether one more link may be opened; if not, the other end is told `busy`. */
  readonly hasRoom: () => boolean
  introduced(link: LinkCore): LinkHandler
  failed(failure: 'wrong-peer' | 'closed', detail: string): void
}

export type Role = 'dialer' | 'listener'

/** What an introduction signs. */
export function introductionText(role: Role, publicKey: Uint8Array, binding: Uint8Array): Uint8Array {
  return signedText('introduction', toHex(binding), Buffer.concat([Buffer.from(role), publicKey]))
}

/** Introduces both ends of a fresh pipe; exactly one of `introduced` and `failed` follows, never at once. */
export class Introduction implements PipeOwner {
  readonly largest = Math.max(largestIn('introduction'), largestIn('any'))
  readonly receiver: ChunkReceiver | null = null
  readonly #options: IntroductionOptions
  readonly #framed: FramedPipe
  #over = false

  constructor(pipe: BytePipe, options: IntroductionOptions) {
    this.#options = options
    this.#framed = new FramedPipe(pipe, this, options.inFlight)
    const { publicKey } = options.identity
    const text = introductionText(options.dialed ? 'dialer' : 'listener', publicKey, pipe.binding)
    const signature = options.identity.sign(text)
    pipe.write(encodeMessage({ type: 'introduction', publicKey, signature }))
  }

  /** Gives up, without a call of `failed`. */
  abandon(): void {
    this.#over = true
    this.#framed.decoder.stop()
    this.#framed.pipe.destroy()
  }

  admit(number: number, size: number): void {
    const { type, limit } = entryOf(number)
    if (type !== 'introduction' && type !== 'close') throw new ProtocolError('protocol', `${type} before introduction`)
    if (size > limit) throw new ProtocolError('too-large', `${type} of ${size} bytes, at most ${limit}`)
  }

  frame(payload: Uint8Array): void {
    const message = decodeMessage(payload)
    if (message.type === 'close') this.#fail('closed', `${message.code}: ${message.reason}`)
    if (message.type !== 'introduction') return
    const peer = this.#check(message.publicKey, message.signature)
    if (!this.#options.hasRoom()) throw new ProtocolError('busy', 'no room for another link')
    this.#over = true
    const link = new LinkCore(this.#framed, { peer, publicKey: message.publicKey, dialed: this.#options.dialed })
    link.attach(this.#options.introduced(link))
  }

  read(): void {}

  drained(): void {}

  broken(error: ProtocolError): void {
    this.#framed.sayClose(error.code, error.message)
    this.#fail(error.code === 'wrong-peer' ? 'wrong-peer' : 'closed', error.message)
  }

  ended(reason: string): void {
    this.#fail('closed', reason)
  }

  #check(publicKey: Uint8Array, signature: Uint8Array): PeerId {
    const { dialed, expect } = this.#options
    if (!isStrictKey(publicKey)) throw new ProtocolError('protocol', 'a key of small order or not in canonical form')
    const text = introductionText(dialed ? 'listener' : 'dialer', publicKey, this.#framed.pipe.binding)
    if (!verify(publicKey, text, signature)) throw new ProtocolError('wrong-peer', 'the signature does not fit')
    const peer = sha256(publicKey) as PeerId
    if (expect !== undefined && peer !== expect) {
      throw new ProtocolError('wrong-peer', `expected ${expect.slice(0, 8)}, met ${peer.slice(0, 8)}`)
    }
    return peer
  }

  #fail(failure: 'wrong-peer' | 'closed', detail: string): void {
    if (this.#over) return
    this.#over = true
    this.#framed.end()
    this.#options.failed(failure, detail)
  }
}
