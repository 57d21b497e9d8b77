/**
 * Reads and builds `host:port`. One spelling per host: IPv6 without brackets inside, IPv4 mapped into IPv6 as IPv4.
 */
import { isAddress } from '../../wire/field.js'
import type { Address } from '../../wire/types.js'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The host of an address, IPv6 without its brackets. */
export function hostOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return MAPPED.exec(host)?.[1] ?? host
}

/** The port of an address; 0 asks for a free one. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** `host:port`, with brackets where the host is IPv6; undefined where that is no valid address. */
export function toAddress(host: string, port: number): Address | undefined {
  const text = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return isAddress(text) ? text : undefined
}

/** What `listen` takes for a free port of a host. */
export function anyPort(host: string): `${string}:0` {
  return `${host.includes(':') ? `[${host}]` : host}:0`
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

export function isLoopback(address: string): boolean {
  return isLoopbackHost(hostOf(address))
}

/** All addresses of the machine at once. */
export function isWildcardHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
