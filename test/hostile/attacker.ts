/** A hostile peer: the network secret (or not), a socket, and no manners. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { decodeMessage, encodeMessage } from '../../wire/codec.js'
import type { CloseCode } from '../../wire/errors.js'
import { FrameDecoder } from '../../wire/frame.js'
import { introductionText } from '../../wire/introduction.js'
import type { Message } from '../../wire/messages.js'
import { bindingOf, dialSecure, NetworkKey } from '../../wire/secure-link.js'
import { newIdentity, type TestIdentity, until, within } from '../wire/support.js'
import type { Scene } from './scene.js'

export class Attacker {
  readonly socket: Socket
  readonly identity: TestIdentity
  readonly messages: Message[] = []
  closeCode: CloseCode | null = null
  closeReason = ''
  ended = false

  private constructor(socket: Socket, identity: TestIdentity) {
    this.socket = socket
    this.identity = identity
    socket.on('error', () => {})
    socket.on('close', () => {
      this.ended = true
    })
  }

  /** Plain TCP, nothing sent. */
  static async stranger(scene: Scene): Promise<Attacker> {
    const socket = connect(scene.port, '127.0.0.1')
    await within('a TCP connection', once(socket, 'connect'))
    socket.resume()
    return new Attacker(socket, newIdentity())
  }

  /** Inside TLS by the secret, nothing sent. */
  static async member(scene: Scene, port = scene.port): Promise<Attacker> {
    const socket = dialSecure({ host: '127.0.0.1', port, key: new NetworkKey(scene.psk) })
    await within('a handshake', once(socket, 'secureConnect'))
    const attacker = new Attacker(socket, newIdentity())
    attacker.#listen(socket)
    return attacker
  }

  /** An introduced member: its link counts as open at the victim. */
  static async introduced(scene: Scene): Promise<Attacker> {
    const attacker = await Attacker.member(scene)
    const before = scene.accepted.length
    attacker.introduce()
    await until('the link at the victim', () => scene.accepted.length > before)
    return attacker
  }

  introduce(): void {
    const { publicKey } = this.identity
    const signature = this.identity.sign(introductionText('dialer', publicKey, bindingOf(this.socket as TLSSocket)))
    this.say({ type: 'introduction', publicKey, signature })
  }

  say(message: Message): void {
    this.socket.write(encodeMessage(message))
  }

  write(...bytes: readonly (Uint8Array | readonly number[])[]): void {
    for (const part of bytes) this.socket.write(part instanceof Uint8Array ? part : Uint8Array.from(part))
  }

  /** Reads no more; the kernel's buffers fill up. */
  stopReading(): void {
    this.socket.pause()
  }

  async cutOff(what: string): Promise<void> {
    await until(`${what} to be cut off`, () => this.ended)
  }

  #listen(socket: Socket): void {
    const decoder = new FrameDecoder({
      largest: 1 << 25,
      receiver: null,
      admit: () => {},
      frame: (payload) => {
        const message = decodeMessage(payload)
        this.messages.push(message)
        if (message.type !== 'close') return
        this.closeCode = message.code
        this.closeReason = message.reason
      },
    })
    socket.on('data', (bytes) => decoder.push(bytes))
  }
}
