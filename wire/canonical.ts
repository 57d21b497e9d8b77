/**
 * One encoding per value, for everything that is hashed or signed: arrays, shortest integers, no floats, NFC strings,
 * bin for bytes. A decoder encodes again and refuses a difference, so that one record cannot have two ids.
 * Messages are written by the same writer; their readers are not obliged to check.
 */
import { assert, ProtocolError } from './errors.js'
import type { Field } from './field.js'
import { fromHex } from './hash.js'
import { unpack } from './msgpack.js'
import type { Hash } from './types.js'
import { packValue } from './writer.js'

const encoder = new TextEncoder()

/** The canonical bytes of a value. */
export function encodeCanonical<T>(field: Field<T>, value: T): Uint8Array {
  return packValue(field.write(value))
}

/** Reads canonical bytes; throws ProtocolError when they are malformed or not in canonical form. */
export function decodeCanonical<T>(field: Field<T>, bytes: Uint8Array): T {
  const value = field.read(unpack(bytes))
  if (Buffer.compare(encodeCanonical(field, value), bytes) !== 0) {
    throw new ProtocolError('protocol', `not in canonical form: ${field.label}`)
  }
  return value
}

/**
 * What a signature covers: `'p2p-tui/1 ' + kind + 0x00 + chain id + body`. The kind separates domains, so that one key
 * serves records, manifests and peer entries; the chain id separates networks.
 */
export function signedText(kind: string, chain: Hash, body: Uint8Array): Uint8Array {
  assert(/^[a-z][a-z-]{0,31}$/.test(kind), `a domain is a short lowercase word: ${kind}`)
  return new Uint8Array(Buffer.concat([encoder.encode(`p2p-tui/1 ${kind}\0`), fromHex(chain), body]))
}
