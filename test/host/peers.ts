/** Real host environments in one test process: own state directories, one config home, TLS over loopback. */
import { join } from 'node:path'
import type { DialFailure, Env, Link, LinkHandler } from '../../src/env.js'
import { type Homes, homes } from '../../src/host/directories.js'
import type { HostEnv } from '../../src/host/env.js'
import { type HostOptions, type RunningPeer, startPeer } from '../../src/host/start.js'
import type { CloseCode } from '../../wire/errors.js'
import type { Message } from '../../wire/messages.js'
import type { Address } from '../../wire/types.js'
import { called, temporary } from './support.js'

const DIAL_MS = 10_000

export type Started = RunningPeer<Env>

export interface World {
  readonly homes: Homes
  /** For a child process that shall live in the same homes. */
  readonly environment: Readonly<Record<string, string>>
  start(change?: Partial<HostOptions<Env>>): Promise<Started>
  readonly fatals: string[]
  close(): Promise<void>
}

/** Homes of one user; peers started in them end with `close`. */
export function world(): World {
  const root = temporary()
  const environment = {
    P2P_CONFIG_HOME: join(root, 'config'),
    P2P_DATA_HOME: join(root, 'data'),
    P2P_RUNTIME_HOME: join(root, 'run'),
  }
  const running: Started[] = []
  const fatals: string[] = []
  return {
    homes: homes(environment),
    environment,
    fatals,
    start: async (change = {}) => {
      const started = await startPeer({
        network: null,
        name: null,
        data: null,
        makePeer: (env) => env,
        fatal: (reason) => fatals.push(reason),
        homes: homes(environment),
        miners: 1,
        ...change,
      })
      running.push(started)
      return started
    },
    close: async () => {
      for (const started of running) await started.close()
    },
  }
}

export interface Seen {
  readonly link: Link
  readonly messages: Message[]
  closed: { readonly code: CloseCode; readonly reason: string } | null
}

/** Listens on loopback; `accepted` collects the links, already promoted to data. */
export async function listening(env: HostEnv, onMessage?: (link: Link, message: Message) => void) {
  const accepted: Seen[] = []
  const address = await called<Address>('a listener', (done) =>
    env.links.listen('127.0.0.1:0', {
      listening: (listener) => done(listener.address),
      failed: (reason, detail) => {
        throw new Error(`${reason}: ${detail}`)
      },
      accepted: (link) => {
        const seen = { link, messages: [], closed: null }
        accepted.push(seen)
        return promoted(seen, onMessage)
      },
    }),
  )
  return { address, accepted }
}

/** Dials a data link; the failure's name where there is none. */
export function dialed(
  env: HostEnv,
  address: Address,
  expect?: Link['peer'],
  onMessage?: (link: Link, message: Message) => void,
): Promise<Seen | DialFailure> {
  return called('a link', (done) =>
    env.links.dial(address, {
      service: 'data',
      timeoutMs: DIAL_MS,
      ...(expect === undefined ? {} : { expect }),
      opened: (link) => {
        const seen = { link, messages: [], closed: null }
        setImmediate(() => done(seen))
        return promoted(seen, onMessage)
      },
      failed: (failure) => done(failure),
    }),
  )
}

function promoted(seen: Seen, onMessage: (link: Link, message: Message) => void = () => {}): LinkHandler {
  seen.link.promote('data')
  return {
    message: (link, message) => {
      seen.messages.push(message)
      onMessage(link, message)
    },
    drained: () => {},
    closed: (_, code, reason) => {
      seen.closed = { code, reason }
    },
  }
}
