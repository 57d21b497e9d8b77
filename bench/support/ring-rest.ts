/**
 * What a network says while nothing happens: whole peers in the simulator, every message of every link encoded as it
 * would be on the wire. TLS adds about 22 bytes a record, TCP and IP 40 a packet; they are not counted.
 */
import type { PeerApi } from '../../src/api.js'
import type { Tamper } from '../../test/sim/network.js'
import { bootPeer } from '../../test/sim/peer.js'
import { World } from '../../test/sim/world.js'
import { encodeMessage } from '../../wire/codec.js'

export interface Rest {
  /** Bytes and messages a second that one peer sends. */
  readonly bytes: number
  readonly ringBytes: number
  readonly messages: number
}

const SETTLE = '60 s'
const LISTEN_S = 60
const JOIN_EVERY = '700 ms'

export function rest(peers: number, seed: number): Rest {
  const sent = { bytes: 0, ringBytes: 0, messages: 0 }
  let listening = false
  const tamper: Tamper = {
    outgoing: (_link, message) => {
      if (!listening) return message
      const { length } = encodeMessage(message)
      sent.bytes += length
      sent.messages++
      if (message.type.startsWith('ring')) sent.ringBytes += length
      return message
    },
    incoming: () => {},
  }
  const world = new World<PeerApi>({ seed, boot: bootPeer, tamper })
  for (let peer = 0; peer < peers; peer++) {
    world.addPeer()
    world.run(JOIN_EVERY)
  }
  world.run(SETTLE)
  listening = true
  world.run(`${LISTEN_S} s`)
  const each = (count: number): number => count / peers / LISTEN_S
  return { bytes: each(sent.bytes), ringBytes: each(sent.ringBytes), messages: each(sent.messages) }
}
