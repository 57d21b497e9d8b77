/**
 * The address of ours that leads to a network which is joined: an anchor listens there, since whoever is found through that
 * network comes from that side. Asks the system by a UDP socket that is connected, over which nothing is sent.
 */
import { createSocket } from 'node:dgram'
import { splitAddress } from '../../../wire/address.js'
import type { Address } from '../../../wire/types.js'
import { anyPort, hostOf, isLoopback, isWildcardHost } from '../../membership/address.js'

/** For a name that has to be looked up. */
const LOOKUP_MS = 3000

/** What to listen on for these to be joined, beside `listen`; hosts without a way to them add nothing. */
export async function routesTo(join: readonly Address[], listen: readonly string[]): Promise<readonly string[]> {
  const far = join.filter((address) => !isLoopback(address))
  const own = await Promise.all(far.map(ownAddressTo))
  const hosts = new Set(own.filter((host) => host !== null))
  const covered = (host: string): boolean =>
    listen.map(hostOf).some((one) => one === host || (isWildcardHost(one) && one.includes(':') === host.includes(':')))
  return [...hosts].map(anyPort).filter((where) => !isLoopback(where) && !covered(hostOf(where)))
}

function ownAddressTo(address: Address): Promise<string | null> {
  const { host, port } = splitAddress(address)
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(null), LOOKUP_MS)
    const end = (own: string | null): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.close()
      resolve(own)
    }
    // no such host, no network: discovery goes on trying and says so
    socket.once('error', () => end(null))
    socket.once('connect', () => end(socket.address().address))
    socket.connect(port, host)
  })
}
