/**
 * Writes the MessagePack subset of msgpack.ts in its one canonical form: shortest integers and lengths, NFC text,
 * bin for bytes, no floats. Whatever cannot be written exactly is a fault of ours and asserts.
 * Source: msgpack/spec.md.
 */
import { assert } from './errors.js'

const SCRATCH_BYTES = 64 * 1024
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** Shared by all writes: none can begin inside another, since writing calls no code but this file's. */
let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
let place = 0

/** Null, booleans, safe integers, text, bytes and arrays of these; `reserve` bytes are left free in front. */
export function packValue(value: unknown, reserve = 0): Uint8Array {
  place = reserve
  writeValue(value)
  const out = new Uint8Array(place)
  out.set(scratch.subarray(0, place))
  if (scratch.length > SCRATCH_BYTES) scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  return out
}

function writeValue(value: unknown): void {
  if (typeof value === 'number') writeInteger(value)
  else if (typeof value === 'string') writeText(value)
  else if (value instanceof Uint8Array) writeBytes(value)
  else if (value === null) writeByte(0xc0)
  else if (typeof value === 'boolean') writeByte(value ? 0xc3 : 0xc2)
  else {
    assert(Array.isArray(value), `cannot be written: ${typeof value}`)
    if (value.length <= 15) writeByte(0x90 | value.length)
    else writeLength(value.length, 0, 0xdc)
    for (const item of value) writeValue(item)
  }
}

function writeInteger(value: number): void {
  assert(Number.isSafeInteger(value) && !Object.is(value, -0), `not an exact integer: ${value}`)
  if (value >= 0) {
    if (value < 0x80) writeByte(value)
    else if (value <= 0xff) writeTagged(0xcc, value, 1)
    else if (value <= 0xffff) writeTagged(0xcd, value, 2)
    else if (value <= 0xffffffff) writeTagged(0xce, value, 4)
    else writeWide(0xcf, value)
  } else if (value >= -0x20) writeByte(value & 0xff)
  else if (value >= -0x80) writeTagged(0xd0, value & 0xff, 1)
  else if (value >= -0x8000) writeTagged(0xd1, value & 0xffff, 2)
  else if (value >= -0x80000000) writeTagged(0xd2, value >>> 0, 4)
  else writeWide(0xd3, value)
}

function writeText(value: string): void {
  assert(value.normalize('NFC') === value && !LONE_SURROGATE.test(value), 'text must be NFC without lone surrogates')
  const size = Buffer.byteLength(value)
  if (size <= 31) writeByte(0xa0 | size)
  else writeLength(size, 0xd9, 0xda)
  makeRoom(size)
  scratch.write(value, place)
  place += size
}

function writeBytes(value: Uint8Array): void {
  writeLength(value.length, 0xc4, 0xc5)
  makeRoom(value.length)
  scratch.set(value, place)
  place += value.length
}

/** The 32-bit tag follows the 16-bit one in every family; arrays have no 8-bit form (`tag8` 0). */
function writeLength(size: number, tag8: number, tag16: number): void {
  if (size <= 0xff && tag8 !== 0) writeTagged(tag8, size, 1)
  else if (size <= 0xffff) writeTagged(tag16, size, 2)
  else writeTagged(tag16 + 1, size, 4)
}

function writeByte(value: number): void {
  makeRoom(1)
  scratch[place++] = value
}

function writeTagged(tag: number, value: number, width: number): void {
  makeRoom(1 + width)
  scratch[place] = tag
  scratch.writeUIntBE(value, place + 1, width)
  place += 1 + width
}

function writeWide(tag: number, value: number): void {
  makeRoom(9)
  scratch[place] = tag
  scratch.writeBigInt64BE(BigInt(value), place + 1)
  place += 9
}

function makeRoom(more: number): void {
  const need = place + more
  if (need <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(need)))
  scratch.copy(larger, 0, 0, place)
  scratch = larger
}
