/**
 * All that the supervisor of a dedicated anchor and the processes of its tasks say to each other, declared once: fields
 * are those of the wire (see wire/field.ts), the carrier is node's IPC with 'advanced' serialization. Both ends are one
 * program, so a message that does not fit its declaration is a bug of ours: it ends the process that read it.
 * What tasks tell each other goes through the supervisor as bytes, which only the receiving task opens.
 */
import { deserialize, serialize } from 'node:v8'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../../wire/codec.js'
import { assert, ProtocolError } from '../../../wire/errors.js'
import {
  address,
  bool,
  bytes,
  type Field,
  type Fields,
  list,
  oneOf,
  option,
  peerId,
  struct,
  text,
  u8,
  u16,
  u32,
  u53,
  type Values,
} from '../../../wire/field.js'
import { peerEntry } from '../../../wire/messages/membership.js'
import { swarmMessages } from '../../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../../wire/messages.js'
import { LOG_LEVELS } from '../../env.js'
import { type SiblingMessage, TASKS } from '../task.js'

/** Members that an anchor may have, see MAX_ANCHOR_LINKS. */
const MAX_MEMBERS = 10_000
/** The whole peer list, or a manifest. */
export const SIBLING_BYTES = 16 << 20
/** 16 words after --listen, as many lines of the config file, loopback, and two wildcards. */
const MAX_ADDRESSES = 40
/** Addresses of a machine with many virtual networks. */
export const MAX_HOSTS = 256
/** 16 words after --join, each a ticket of 8 addresses at most; as many lines of the config file. */
const MAX_JOIN = 256
const WORD_BYTES = 65_536
const ANSWER_BYTES = 64 << 20
const LINE_BYTES = 65_536

const task = oneOf(TASKS)

/** Any text: paths and words need not be in normal form. */
function words(maxBytes: number): Field<string> {
  const label = `words(<=${maxBytes})`
  return {
    label,
    read: (value) => {
      if (typeof value === 'string' && Buffer.byteLength(value) <= maxBytes) return value
      throw new ProtocolError('protocol', `expected ${label}`)
    },
    write: (value) => value,
  }
}
const path = words(4096)

const addresses = list(address, MAX_ADDRESSES)

/** From the supervisor to a task's process. */
export const ORDERS = {
  /** First of all: what to run. Key and secret are read from the directories named here. */
  begin: {
    task,
    /** State directory of the anchor; the task's own is inside. */
    data: path,
    network: text(64),
    /** Directories of the user. */
    config: path,
    runtime: path,
    addresses: struct('addresses', { admission: addresses, manifests: addresses, files: addresses }),
    /** This machine's own, announced where a wildcard listens. */
    hosts: list(words(64), MAX_HOSTS),
    join: list(address, MAX_JOIN),
    pingIntervalMs: u32,
    replicas: u8,
    quotaBytes: u53,
    software: text(64),
  },
  /** A connection comes with this message; `address` is where it was accepted. */
  socket: { serial: u53, address },
  heard: { from: task, bytes: bytes(1, SIBLING_BYTES) },
  siblingUp: { task },
  /** A command of the user's shell. */
  command: { request: u32, words: list(words(WORD_BYTES), 64), cwd: path, columns: u16, pictures: bool },
  abort: { request: u32 },
  quit: {},
} as const

/** From a task's process to the supervisor. */
export const REPORTS = {
  started: {},
  /** It cannot start, for a reason that a person has to remove. */
  failed: { reason: words(LINE_BYTES) },
  /** A sign of life, with the task's figures. */
  beat: { served: u53, queued: u53, known: u53 },
  /** That socket is in this process now, or closed. */
  taken: { serial: u53 },
  tell: { to: task, bytes: bytes(1, SIBLING_BYTES) },
  log: { time: u53, level: oneOf(LOG_LEVELS), text: words(LINE_BYTES) },
  progress: {
    request: u32,
    text: words(LINE_BYTES),
    done: u53,
    total: u53,
    unit: oneOf(['', 'bytes', 'chunks', 'headers', 'hashes']),
  },
  answer: {
    request: u32,
    exit: u8,
    json: option(words(ANSWER_BYTES)),
    text: words(ANSWER_BYTES),
    error: words(ANSWER_BYTES),
    more: words(ANSWER_BYTES),
    message: words(ANSWER_BYTES),
  },
} as const

type Table = Readonly<Record<string, Fields>>
export type MessageOf<T extends Table> = {
  [K in keyof T & string]: { readonly type: K } & Values<T[K]>
}[keyof T & string]
export type Order = MessageOf<typeof ORDERS>
export type Report = MessageOf<typeof REPORTS>
export type Begin = Extract<Order, { readonly type: 'begin' }>

/** What is handed to node's IPC. */
export type Packed = readonly [type: string, ...values: unknown[]]

export function pack<T extends Table>(table: T, message: MessageOf<T>): Packed {
  const values = new Map<string, unknown>(Object.entries(message))
  return [
    message.type,
    ...Object.entries(fieldsOf(table, message.type)).map(([key, field]) => field.write(values.get(key))),
  ]
}

/** Throws where the message is none of this table. */
export function unpack<T extends Table>(table: T, packed: unknown): MessageOf<T> {
  assert(Array.isArray(packed), 'an IPC message is an array')
  const [type, ...values] = packed
  assert(typeof type === 'string', 'an IPC message begins with its type')
  const fields = Object.entries(fieldsOf(table, type))
  assert(fields.length === values.length, `${type} has ${fields.length} fields, not ${values.length}`)
  const message: Record<string, unknown> = { type }
  for (const [place, [key, field]] of fields.entries()) message[key] = field.read(values[place])
  return message as MessageOf<T>
}

function fieldsOf(table: Table, type: string): Fields {
  const fields = Object.hasOwn(table, type) ? table[type] : undefined
  assert(fields !== undefined, `no such IPC message: ${type}`)
  return fields
}

// ---- what tasks tell each other

const swarmMessage: Field<SwarmMessage> = {
  label: 'swarm message',
  read: (value) => {
    const message = decodeMessage(bytes(1, SIBLING_BYTES).read(value))
    if (message.type in swarmMessages) return message as SwarmMessage
    throw new ProtocolError('protocol', `${message.type} is no message of the swarm`)
  },
  write: (message) => encodeMessage(message).subarray(LENGTH_BYTES),
}

const SIBLINGS = {
  members: { entries: list(peerEntry, MAX_MEMBERS) },
  left: { peers: list(peerId, MAX_MEMBERS) },
  relay: { from: peerId, message: swarmMessage },
  names: { count: u32 },
  copies: { bytes: u53, transfers: u32 },
} as const

export function encodeSibling({ kind, ...fields }: SiblingMessage): Uint8Array {
  return serialize(pack(SIBLINGS, { type: kind, ...fields } as MessageOf<typeof SIBLINGS>))
}

export function decodeSibling(encoded: Uint8Array): SiblingMessage {
  const { type, ...fields } = unpack(SIBLINGS, deserialize(encoded))
  return { kind: type, ...fields } as SiblingMessage
}
