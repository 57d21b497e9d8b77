/** Numbers 1-9: what every link speaks. The dialer's hello comes first; the listener's says that it passed. */
import { CLOSE_CODES } from '../errors.js'
import { address, bytes, hash, list, oneOf, text, u16, u32, u53 } from '../field.js'
import { declare } from '../message.js'

/** What a link is for. The last three are an anchor's three tasks. */
export const SERVICES = ['control', 'data', 'admission', 'manifests', 'files'] as const
export type Service = (typeof SERVICES)[number]

export const linkMessages = {
  hello: declare(1, 'greeting', 'who I am and what I speak; the first message of each side', {
    protocol: u16,
    software: text(64),
    capabilities: list(text(32), 32),
    chain: hash,
    name: text(64),
    bootNonce: bytes(8),
    /** Milliseconds since the epoch when this process started. */
    startTime: u53,
    service: oneOf(SERVICES),
    listen: list(address, 8),
    wallTime: u53,
    tip: hash,
    height: u32,
    /** Chain work, 32 bytes big-endian. */
    work: bytes(32),
  }),
  close: declare(2, 'any', 'why the sender closes this link; nothing follows', {
    code: oneOf(CLOSE_CODES),
    reason: text(256),
  }),
  ping: declare(3, 'any', 'are you there; answered by a pong of the same sequence', { sequence: u32 }),
  pong: declare(4, 'any', 'the answer to a ping', { sequence: u32 }),
  accept: declare(
    6,
    'greeting',
    'the lower id of the pair chose this control link: it carries everything from now on, others close',
    {},
    { limit: 16 },
  ),
  introduction: declare(
    5,
    'introduction',
    "proves the sender's peer id: a signature over this connection and the sender's end of it",
    { publicKey: bytes(32), signature: bytes(64) },
    { limit: 128 },
  ),
} as const
