/**
 * The eight well-known loopback ports of a network, where peers of one machine find each other without being told.
 * Networks get different ports by their tag, so that several can live on one machine; a collision costs only a probe.
 */
import type { Address, Hash } from '../../wire/types.js'

export const FIRST_PORT = 24_000
export const PORT_SPAN = 8000
export const PORT_COUNT = 8

/** 24000 + (tag mod 8000) and the next seven. */
export function rendezvousPorts(tag: Hash): readonly number[] {
  const first = FIRST_PORT + Number(BigInt(`0x${tag}`) % BigInt(PORT_SPAN))
  return Array.from({ length: PORT_COUNT }, (_, place) => first + place)
}

export function rendezvousAddress(port: number): Address {
  return `127.0.0.1:${port}` as Address
}
