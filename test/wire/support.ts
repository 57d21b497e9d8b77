/** Identities, deadlines and handlers for tests of the wire. */
import * as assert from 'node:assert'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { DialOptions, Link, LinkHandler, Listener, ListenOptions } from '../../src/env.js'
import { rawPublicKey, sign } from '../../wire/ed25519.js'
import type { CloseCode } from '../../wire/errors.js'
import { sha256 } from '../../wire/hash.js'
import type { LinkIdentity } from '../../wire/introduction.js'
import { LinkCore } from '../../wire/link-core.js'
import type { Service } from '../../wire/messages/link.js'
import type { Message } from '../../wire/messages.js'
import type { Transport } from '../../wire/transport.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'

const DEADLINE_MS = 20_000

export interface TestIdentity extends LinkIdentity {
  readonly id: PeerId
}

export function newIdentity(): TestIdentity {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicKey = rawPublicKey(privateKey)
  return { id: sha256(publicKey) as PeerId, publicKey, sign: (text) => sign(privateKey, text) }
}

/** Settles when `condition` holds; fails by name when it does not in time. */
export async function until(what: string, condition: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > end) assert.fail(`waited ${deadlineMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A promise's value, or a failure that names what did not come. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export interface End {
  readonly code: CloseCode
  readonly reason: string
  readonly by: 'us' | 'them' | 'network'
}

/** Remembers all that happens to one link, and answers pings. */
export class Recorder implements LinkHandler {
  readonly link: LinkCore
  readonly messages: Message[] = []
  drains = 0
  end: End | null = null
  onMessage: (message: Message) => void = () => {}

  constructor(link: Link) {
    assert.ok(link instanceof LinkCore)
    this.link = link
  }

  message(link: Link, message: Message): void {
    assert.equal(this.end, null, 'nothing comes after closed')
    this.messages.push(message)
    if (message.type === 'ping') link.send({ type: 'pong', sequence: message.sequence })
    this.onMessage(message)
  }

  drained(): void {
    this.drains++
  }

  closed(_link: Link, code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void {
    assert.equal(this.end, null, 'closed is called once')
    this.end = { code, reason, by }
  }

  closing(): Promise<End> {
    return until('the link to close', () => this.end !== null).then(() => this.end as End)
  }
}

export type Failure = readonly [failure: string, detail: string]

/** Dials; answers the link's recorder, or why there is none. Promoted at once unless `promote` is false. */
export function dial(
  transport: Transport,
  address: Address,
  options: Partial<DialOptions> & { readonly promote?: boolean } = {},
): Promise<Recorder | Failure> {
  const service = options.service ?? 'control'
  return within(
    `a dial of ${address}`,
    new Promise((resolve) => {
      transport.dial(address, {
        timeoutMs: 5_000,
        service,
        opened: (link) => {
          const recorder = new Recorder(link)
          if (options.promote !== false) link.promote(service)
          resolve(recorder)
          return recorder
        },
        failed: (...why) => resolve(why),
        ...(options.expect === undefined ? {} : { expect: options.expect }),
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      })
    }),
  )
}

export async function dialed(...args: Parameters<typeof dial>): Promise<Recorder> {
  const result = await dial(...args)
  if (!(result instanceof Recorder)) assert.fail(result.join(': '))
  return result
}

export async function refusal(...args: Parameters<typeof dial>): Promise<Failure> {
  const result = await dial(...args)
  if (result instanceof Recorder) assert.fail('a link was opened')
  return result
}

export interface Listening {
  readonly listener: Listener
  readonly address: Address
  /** In the order in which they came. */
  readonly accepted: Recorder[]
}

/** Listens and promotes what comes in, unless `service` is null. */
export function listening(
  transport: Transport,
  options: { readonly address?: Address | `${string}:0`; readonly service?: Service | null } = {},
): Promise<Listening> {
  const { address = '127.0.0.1:0', service = 'control' } = options
  const accepted: Recorder[] = []
  return new Promise((resolve, reject) => {
    const handlers: ListenOptions = {
      listening: (listener) => resolve({ listener, address: listener.address, accepted }),
      failed: (reason, detail) => reject(new Error(`${reason}: ${detail}`)),
      accepted: (link) => {
        const recorder = new Recorder(link)
        accepted.push(recorder)
        if (service !== null) link.promote(service)
        return recorder
      },
    }
    transport.listen(address, handlers)
  })
}

export function newPsk(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

export const someHash = 'ab'.repeat(32) as Hash

export function hello(overrides: Partial<Extract<Message, { type: 'hello' }>> = {}): Message {
  return {
    type: 'hello',
    protocol: 1,
    software: 'test/1',
    capabilities: [],
    chain: someHash,
    name: 'ann',
    bootNonce: new Uint8Array(8),
    startTime: 1_700_000_000_000,
    service: 'control',
    listen: [],
    wallTime: 1_700_000_000_000,
    tip: someHash,
    height: 0,
    work: new Uint8Array(32),
    ...overrides,
  }
}
