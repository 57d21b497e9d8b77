/** What real peers on real sockets send while nothing happens: bytes over links as encoded, and payloads of datagrams. */
import { UdpRing, wait } from './ring.js'

export interface UdpRest {
  /** Bytes a second that one peer sends. */
  readonly linkBytes: number
  readonly datagramBytes: number
  readonly datagrams: number
}

const INTERVAL_MS = 500
const SETTLE_MS = 30_000
const LISTEN_MS = 60_000

export async function udpRest(peers: number): Promise<UdpRest> {
  const ring = new UdpRing({ intervalMs: INTERVAL_MS, loss: 0, seed: 1 })
  try {
    const process = await ring.add(Array.from({ length: peers }, (_, place) => `rest-${place}`))
    await ring.settled()
    await wait(SETTLE_MS)
    const since = performance.now()
    const before = await process.state()
    await wait(LISTEN_MS)
    const after = await process.state()
    const each = (count: number): number => count / peers / ((performance.now() - since) / 1_000)
    const linkBytes = (state: typeof before): number => state.peers.reduce((sum, peer) => sum + peer.linkBytes, 0)
    return {
      linkBytes: each(linkBytes(after) - linkBytes(before)),
      datagramBytes: each(after.datagrams.bytes - before.datagrams.bytes),
      datagrams: each(after.datagrams.datagrams - before.datagrams.datagrams),
    }
  } finally {
    ring.close()
  }
}
