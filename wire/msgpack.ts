/**
 * The subset of MessagePack that travels: nil, bool, integers, str, bin, array. No maps, floats, or ext types.
 * Bytes from a peer are scanned first, without building anything and without recursion; only then may msgpackr see
 * them. Options alone do not make it safe: with `useRecords: false` it still decodes records (95 kB cost 321 ms of
 * code generation), Set, RegExp and Error. Source: msgpack/spec.md.
 */
// the package's main entry also looks for a native addon: a fifth of what a command needs to start
import { Unpackr } from 'msgpackr/unpack'
import { ProtocolError } from './errors.js'

export interface ScanLimits {
  /** Arrays inside arrays. */
  readonly depth: number
  /** Values in one message, arrays included. */
  readonly items: number
}

export const SCAN_LIMITS: ScanLimits = { depth: 16, items: 262_144 }

// 64-bit integers beyond 2^53 become inexact numbers, which every integer field refuses by its range.
const unpackr = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  structuredClone: false,
  moreTypes: false,
  int64AsType: 'number',
})

/** Decodes one whole value. Byte strings of the result are views into `bytes`: fields copy what they keep. */
export function unpack(bytes: Uint8Array, limits: ScanLimits = SCAN_LIMITS): unknown {
  scan(bytes, limits)
  return unpackr.unpack(bytes)
}

/** Throws ProtocolError unless `bytes` is exactly one value of the subset, within the limits. */
export function scan(bytes: Uint8Array, limits: ScanLimits = SCAN_LIMITS): void {
  const end = bytes.length
  /** Values still to come at each level. */
  const left = new Array<number>(limits.depth + 1).fill(0)
  left[0] = 1
  let depth = 0
  let place = 0
  let items = 0
  for (;;) {
    while (left[depth] === 0) {
      if (depth === 0) {
        if (place !== end) refuse('trailing bytes')
        return
      }
      depth--
    }
    if (++items > limits.items) refuse('too many items')
    left[depth] = (left[depth] ?? 0) - 1
    const tag = byteAt(bytes, place++)
    if (isArray(tag)) {
      const width = tag < 0xa0 ? 0 : tag === 0xdc ? 2 : 4
      const count = width === 0 ? tag & 15 : uint(bytes, place, width)
      place += width
      if (count > end - place) refuse('truncated')
      if (count === 0) continue
      if (++depth > limits.depth) refuse('too deep')
      left[depth] = count
    } else {
      place = skip(bytes, place, tag)
      if (place > end) refuse('truncated')
    }
  }
}

function isArray(tag: number): boolean {
  return (tag >= 0x90 && tag < 0xa0) || tag === 0xdc || tag === 0xdd
}

/** Where the value whose tag stands before `place` ends. */
function skip(bytes: Uint8Array, place: number, tag: number): number {
  if (tag < 0x80 || tag >= 0xe0) return place
  if (tag >= 0xa0 && tag < 0xc0) return place + (tag & 31)
  switch (tag) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return place
    case 0xcc:
    case 0xd0:
      return place + 1
    case 0xcd:
    case 0xd1:
      return place + 2
    case 0xce:
    case 0xd2:
      return place + 4
    case 0xcf:
    case 0xd3:
      return place + 8
    case 0xc4:
    case 0xd9:
      return place + 1 + uint(bytes, place, 1)
    case 0xc5:
    case 0xda:
      return place + 2 + uint(bytes, place, 2)
    case 0xc6:
    case 0xdb:
      return place + 4 + uint(bytes, place, 4)
    default:
      return refuse(`type 0x${tag.toString(16)} is not allowed`)
  }
}

function uint(bytes: Uint8Array, place: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + byteAt(bytes, place + i)
  return value
}

function byteAt(bytes: Uint8Array, place: number): number {
  return bytes[place] ?? refuse('truncated')
}

function refuse(why: string): never {
  throw new ProtocolError('protocol', `malformed message: ${why}`)
}
