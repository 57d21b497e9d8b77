/**
 * A member of the network that this process makes up: it holds the secret, dials over real TLS, greets as it should, lets
 * the lower id choose the link, answers pings, and says what a bench tells it to say.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Link, LinkHandler } from '../../../src/env.js'
import { deriveNetwork } from '../../../src/host/derive.js'
import { chainId } from '../../../src/ledger/genesis.js'
import { DEFAULT_PARAMS } from '../../../src/ledger/params.js'
import { PROTOCOL_VERSION } from '../../../src/membership/greeting.js'
import type { Cluster } from '../../../test/e2e/cluster.js'
import { newIdentity, type TestIdentity, within } from '../../../test/wire/support.js'
import { encodeCanonical, signedText } from '../../../wire/canonical.js'
import type { CloseCode } from '../../../wire/errors.js'
import type { Service } from '../../../wire/messages/link.js'
import { type PeerEntry, peerBody } from '../../../wire/messages/membership.js'
import type { Message } from '../../../wire/messages.js'
import { TcpTransport } from '../../../wire/transport-tcp.js'
import type { Address, Hash, PeerId } from '../../../wire/types.js'

const DIAL_MS = 10_000

/** What every guest of a network knows. */
export interface Membership {
  readonly psk: Uint8Array
  readonly chain: Hash
}

/** Of a network whose peers have been started. */
export function membershipOf(cluster: Cluster): Membership {
  const file = join(cluster.env.P2P_CONFIG_HOME ?? '', 'p2p-tui', 'networks', 'home.secret')
  const network = deriveNetwork('home', Buffer.from(readFileSync(file, 'utf8').trim(), 'hex'))
  return { psk: network.psk, chain: chainId(network.genesisSeed, DEFAULT_PARAMS) }
}

/** Made before the clock runs: a real peer has its key and its entry already. */
export class Guest implements LinkHandler {
  readonly identity: TestIdentity = newIdentity()
  readonly entry: PeerEntry
  /** Called with all that comes over the settled link, but not with pings. */
  heard: (message: Message) => void = () => {}
  readonly #membership: Membership
  readonly #name: string
  readonly #startTime = Date.now()
  #service: Service = 'control'
  #link: Link | null = null
  #settled: () => void = () => {}
  #failed: (error: Error) => void = () => {}
  /** Rejects when the link that it has is closed by somebody else. */
  readonly lost: Promise<never>
  #lose: (error: Error) => void = () => {}

  constructor(membership: Membership, name: string) {
    this.#membership = membership
    this.#name = name
    this.lost = new Promise((_, reject) => {
      this.#lose = reject
    })
    this.lost.catch(() => {}) // most benches close links soon and wait for something else
    const { publicKey, sign } = this.identity
    // without addresses nobody dials it, so that it stays a member when its link is closed
    const body = {
      publicKey,
      name,
      startTime: this.#startTime,
      sequence: 1,
      role: 'dial-out' as const,
      state: 'up' as const,
      addresses: [],
      tasks: [],
    }
    this.entry = { ...body, signature: sign(signedText('peer', membership.chain, encodeCanonical(peerBody, body))) }
  }

  get chain(): Hash {
    return this.#membership.chain
  }

  /** A settled link with that peer. */
  enter(address: Address, expect: PeerId, service: Service): Promise<void> {
    const { psk, chain } = this.#membership
    this.#service = service
    const transport = new TcpTransport({ psk, identity: this.identity })
    const settled = new Promise<void>((resolve, reject) => {
      this.#settled = resolve
      this.#failed = reject
      transport.dial(address, {
        service,
        expect,
        timeoutMs: DIAL_MS,
        failed: (failure, detail) => reject(new Error(`${this.#name}: ${failure}: ${detail}`)),
        opened: (link) => {
          this.#link = link
          link.send({
            type: 'hello',
            protocol: PROTOCOL_VERSION,
            software: 'bench',
            capabilities: [],
            chain,
            name: this.#name,
            bootNonce: randomBytes(8),
            startTime: this.#startTime,
            service,
            listen: [],
            wallTime: Date.now(),
            tip: chain,
            height: 0,
            work: new Uint8Array(32),
          })
          return this
        },
      })
    })
    return within(`a settled link of ${this.#name}`, settled)
  }

  say(message: Message): void {
    this.#link?.send(message)
  }

  /** It stays a member. */
  leave(): void {
    this.#failed = () => {}
    this.#link?.close('normal', 'no link is needed')
    this.#link = null
  }

  // ---- LinkHandler

  message(link: Link, message: Message): void {
    switch (message.type) {
      case 'ping':
        link.send({ type: 'pong', sequence: message.sequence })
        return
      case 'hello':
        if (this.identity.id > link.peer) return
        link.promote(this.#service)
        link.send({ type: 'accept' })
        this.#settled()
        return
      case 'accept':
        link.promote(this.#service)
        this.#settled()
        return
      default:
        this.heard(message)
    }
  }

  drained(): void {}

  closed(_link: Link, code: CloseCode, reason: string): void {
    const error = new Error(`the link of ${this.#name} was closed: ${code} ${reason}`)
    this.#failed(error)
    if (this.#link !== null) this.#lose(error)
  }
}
