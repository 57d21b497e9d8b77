/** `host:port` and `[v6]:port`, to parts and back. IPv4 in IPv6's clothes is shown as IPv4. */
import { assert } from './errors.js'
import { isAddress } from './field.js'
import type { Address } from './types.js'

export interface HostPort {
  readonly host: string
  readonly port: number
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** Host (IPv6 without brackets) and port; port 0 is allowed for listening. */
export function splitAddress(address: string): HostPort {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(address.slice(colon + 1)) }
}

/** The address of a host (IPv6 without brackets) and port. */
export function joinAddress(host: string, port: number): Address {
  const plain = MAPPED.exec(host)?.[1] ?? host
  const address = plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
  assert(isAddress(address), `not an address: ${address}`)
  return address
}
