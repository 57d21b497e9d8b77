/**
 * Field types of messages: each checks and converts one msgpack value in a single pass, and bounds it.
 * One declaration serves the TypeScript type, the decoder and the encoder (see message.ts and canonical.ts).
 */
import { ProtocolError } from './errors.js'
import type { Address, Hash, PeerId } from './types.js'

/** What a field is made of: documentation and tests read it. */
export type Shape =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'bool' | 'hash' | 'address' }
  | { readonly kind: 'text'; readonly maxBytes: number }
  | { readonly kind: 'bytes'; readonly min: number; readonly max: number }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'list'; readonly item: Field<unknown>; readonly max: number }
  | { readonly kind: 'option'; readonly item: Field<unknown> }
  | { readonly kind: 'struct'; readonly fields: Fields }

/** A field: `read` turns a decoded msgpack value into T or throws ProtocolError; `write` is its inverse. */
export interface Field<T> {
  /** Shown in docs/protocol.md: `u32`, `bytes(32)`, `list(hash, <=1000)`. */
  readonly label: string
  readonly shape?: Shape
  read(value: unknown): T
  write(value: T): unknown
}

export type Value<F> = F extends Field<infer T> ? T : never
export type Fields = Readonly<Record<string, Field<unknown>>>
export type Values<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> }

const HEX = /^[0-9a-f]{64}$/
const wrong = (label: string): never => {
  throw new ProtocolError('protocol', `expected ${label}`)
}

/** Whole number between min and max, both included. */
export function integer(min: number, max: number, label = `integer ${min}..${max}`): Field<number> {
  return {
    label,
    shape: { kind: 'integer', min, max },
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : wrong(label),
    write: (value) => value,
  }
}

export const u8: Field<number> = integer(0, 0xff, 'u8')
export const u16: Field<number> = integer(0, 0xffff, 'u16')
export const u32: Field<number> = integer(0, 0xffffffff, 'u32')
/** Up to 2^53 - 1: byte counts, milliseconds since the epoch. */
export const u53: Field<number> = integer(0, Number.MAX_SAFE_INTEGER, 'u53')

export const bool: Field<boolean> = {
  label: 'bool',
  shape: { kind: 'bool' },
  read: (value) => (typeof value === 'boolean' ? value : wrong('bool')),
  write: (value) => value,
}

/** Unicode text of at most `maxBytes` UTF-8 bytes, NFC. */
export function text(maxBytes: number): Field<string> {
  const label = `text(<=${maxBytes})`
  return {
    label,
    shape: { kind: 'text', maxBytes },
    read: (value) =>
      typeof value === 'string' &&
      value.length <= maxBytes &&
      Buffer.byteLength(value) <= maxBytes &&
      value.normalize('NFC') === value
        ? value
        : wrong(label),
    write: (value) => value,
  }
}

/** Raw bytes, between min and max of them; reading copies, so that no message pins or shares a receive buffer. */
export function bytes(min: number, max = min): Field<Uint8Array> {
  const label = min === max ? `bytes(${min})` : `bytes(${min}..${max})`
  return {
    label,
    shape: { kind: 'bytes', min, max },
    read: (value) =>
      value instanceof Uint8Array && value.length >= min && value.length <= max ? new Uint8Array(value) : wrong(label),
    write: (value) => value,
  }
}

function hex32<T extends string>(label: string): Field<T> {
  return {
    label,
    shape: { kind: 'hash' },
    read: (value) =>
      value instanceof Uint8Array && value.length === 32
        ? (Buffer.from(value.buffer, value.byteOffset, 32).toString('hex') as T)
        : wrong(label),
    write: (value) => (HEX.test(value) ? Buffer.from(value, 'hex') : wrong(label)),
  }
}

export const hash: Field<Hash> = hex32<Hash>('hash')
export const peerId: Field<PeerId> = hex32<PeerId>('peer id')

const ADDRESS = /^(\[[0-9a-fA-F:.]{2,45}(%[\w.-]{1,16})?\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})$/
/** `host:port` or `[v6]:port`, port 1..65535. */
export const address: Field<Address> = {
  label: 'address',
  shape: { kind: 'address' },
  read: (value) => (typeof value === 'string' && isAddress(value) ? value : wrong('address')),
  write: (value) => value,
}

export function isAddress(value: string): value is Address {
  if (value.length > 280) return false
  const match = ADDRESS.exec(value)
  const port = Number(match?.[3])
  return match !== null && port >= 1 && port <= 65535
}

/** One of a fixed, append-only list of words, sent as its index. */
export function oneOf<const W extends readonly string[]>(words: W): Field<W[number]> {
  const label = `one of ${words.join(' ')}`
  const places = new Map(words.map((word, place) => [word as W[number], place]))
  return {
    label,
    shape: { kind: 'words', words },
    read: (value) => {
      const word = typeof value === 'number' ? words[value] : undefined
      return word ?? wrong(label)
    },
    write: (value) => places.get(value) ?? wrong(label),
  }
}

/** At most `max` items. */
export function list<T>(item: Field<T>, max: number): Field<readonly T[]> {
  const label = `list(${item.label}, <=${max})`
  return {
    label,
    shape: { kind: 'list', item, max },
    read: (value) =>
      Array.isArray(value) && value.length <= max ? value.map((entry) => item.read(entry)) : wrong(label),
    write: (value) => (value.length <= max ? value.map((entry) => item.write(entry)) : wrong(label)),
  }
}

/** A value or null. */
export function option<T>(item: Field<T>): Field<T | null> {
  return {
    label: `${item.label} or nil`,
    shape: { kind: 'option', item },
    read: (value) => (value === null || value === undefined ? null : item.read(value)),
    write: (value) => (value === null ? null : item.write(value)),
  }
}

/** A fixed sequence of named fields, on the wire an array in the order of declaration. */
export function struct<F extends Fields>(name: string, fields: F): Field<Values<F>> {
  const entries = Object.entries(fields)
  return {
    label: name,
    shape: { kind: 'struct', fields },
    read: (value) => {
      if (!Array.isArray(value) || value.length !== entries.length) return wrong(name)
      const out: Record<string, unknown> = {}
      for (const [place, [key, field]] of entries.entries()) out[key] = field.read(value[place])
      return out as Values<F>
    },
    write: (value) => entries.map(([key, field]) => field.write((value as Record<string, unknown>)[key])),
  }
}
