/**
 * Messages to frames and back. A frame is a uint32 length (big-endian) and that many bytes of MessagePack:
 * `[number, ...fields]`, an array of at most 15 items, so its first byte is 0x91..0x9f and its second the number.
 * A decoded message owns its bytes: nothing in it points into `payload`, which may be reused at once.
 */
import { assert, ProtocolError } from './errors.js'
import { CHUNK_NUMBER } from './frame.js'
import type { Declaration, Phase } from './message.js'
import { type Message, type MessageType, messages } from './messages.js'
import { unpack } from './msgpack.js'
import { packValue } from './writer.js'

/** Bytes of the length in front of a payload. */
export const LENGTH_BYTES = 4
/** A message number is one positive fixint. */
const NUMBERS = 128
const MAX_FIELDS = 14

export interface Entry extends Declaration {
  readonly type: MessageType
  readonly keys: readonly string[]
}

const byType = new Map<string, Entry>()
const byNumber = new Array<Entry | undefined>(NUMBERS).fill(undefined)

for (const [type, declaration] of Object.entries<Declaration>(messages)) {
  const entry: Entry = { ...declaration, type: type as MessageType, keys: Object.keys(declaration.fields) }
  assert(entry.number >= 1 && entry.number < NUMBERS, `${type}: number ${entry.number} is out of range`)
  assert(byNumber[entry.number] === undefined, `${type}: number ${entry.number} is taken`)
  assert(entry.number !== CHUNK_NUMBER, `${type}: number ${entry.number} is the chunk frame's`)
  assert(entry.keys.length <= MAX_FIELDS, `${type}: more than ${MAX_FIELDS} fields`)
  byNumber[entry.number] = entry
  byType.set(type, entry)
}

/** The declaration behind a number; throws ProtocolError when there is none. */
export function entryOf(number: number): Entry {
  const entry = byNumber[number]
  if (entry === undefined) throw new ProtocolError('protocol', `unknown message number ${number}`)
  return entry
}

/** The largest payload that a message of this phase may have. */
export function largestIn(phase: Phase): number {
  return Math.max(0, ...[...byType.values()].filter((entry) => entry.phase === phase).map((entry) => entry.limit))
}

/** The whole frame: length prefix and payload. */
export function encodeMessage(message: Message): Uint8Array {
  const entry = byType.get(message.type)
  assert(entry !== undefined, `no such message: ${message.type}`)
  const values = new Map<string, unknown>(Object.entries(message))
  const items: unknown[] = [entry.number]
  for (const key of entry.keys) items.push(entry.fields[key]?.write(values.get(key)))
  const frame = packValue(items, LENGTH_BYTES)
  const size = frame.length - LENGTH_BYTES
  assert(size <= entry.limit, `${entry.type} of ${size} bytes is over its limit of ${entry.limit}`)
  new DataView(frame.buffer).setUint32(0, size)
  return frame
}

/** Checks the whole payload against its declaration; throws ProtocolError. */
export function decodeMessage(payload: Uint8Array): Message {
  const entry = entryAt(payload)
  if (payload.length > entry.limit) {
    throw new ProtocolError('too-large', `${entry.type} of ${payload.length} bytes, at most ${entry.limit}`)
  }
  const items = unpack(payload)
  if (!Array.isArray(items) || items.length !== entry.keys.length + 1) {
    throw new ProtocolError('protocol', `${entry.type}: wrong number of fields`)
  }
  const message: Record<string, unknown> = { type: entry.type }
  for (const [place, key] of entry.keys.entries()) message[key] = readField(entry, key, items[place + 1])
  return message as Message
}

/** The declaration named by the first two bytes of a payload. */
function entryAt(payload: Uint8Array): Entry {
  const [head, number] = payload
  if (head === undefined || number === undefined || (head & 0xf0) !== 0x90 || number >= NUMBERS) {
    throw new ProtocolError('protocol', 'a message is an array that begins with its number')
  }
  return entryOf(number)
}

function readField(entry: Entry, key: string, value: unknown): unknown {
  try {
    return entry.fields[key]?.read(value)
  } catch (error) {
    if (error instanceof ProtocolError) {
      throw new ProtocolError(error.code, `${entry.type}.${key}: ${error.message}`)
    }
    throw error
  }
}
