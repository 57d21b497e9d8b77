/**
 * Loses a share of all datagrams of this process, below everything of ours: a datagram is sealed and numbered, and then
 * the socket swallows it as a wire would. Counts what was sent, too. For processes of a bench only.
 */
import { Socket } from 'node:dgram'
import { mulberry } from '../../../test/ring/mulberry.js'

export interface Sent {
  readonly datagrams: number
  /** Payloads, the lost ones included. */
  readonly bytes: number
  readonly lost: number
}

/** From now on, for all sockets. Answers what was sent so far. */
export function loseDatagrams(share: number, seed: number): () => Sent {
  const random = mulberry(seed)
  const send = Socket.prototype.send
  const sent = { datagrams: 0, bytes: 0, lost: 0 }
  Socket.prototype.send = function (this: Socket, ...args: unknown[]): void {
    const [bytes] = args
    sent.datagrams++
    sent.bytes += bytes instanceof Uint8Array ? bytes.length : 0
    if (random() >= share) {
      Reflect.apply(send, this, args)
      return
    }
    sent.lost++
    const told = args.at(-1)
    if (typeof told === 'function') setImmediate(() => told(null)) // nobody is told of a loss
  }
  return () => ({ ...sent })
}
