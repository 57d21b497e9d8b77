/**
 * A member of the network with manners of its own: it holds the secret, greets and registers as it should over real
 * TLS, and then says whatever a test wants.
 */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveNetwork } from '../../src/host/derive.js'
import { chainId } from '../../src/ledger/genesis.js'
import { DEFAULT_PARAMS } from '../../src/ledger/params.js'
import { encodeCanonical, signedText } from '../../wire/canonical.js'
import { type PeerEntry, peerBody, type TaskService } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import { TcpTransport } from '../../wire/transport-tcp.js'
import type { Address, Hash } from '../../wire/types.js'
import type { Cluster } from '../e2e/cluster.js'
import { dialed, newIdentity, type Recorder, type TestIdentity, until } from '../wire/support.js'

export class HostileMember {
  private constructor(
    readonly identity: TestIdentity,
    readonly chain: Hash,
    readonly link: Recorder,
    readonly entry: PeerEntry,
    readonly transport: TcpTransport,
    private readonly hello: Message & { readonly type: 'hello' },
  ) {}

  /** `service`: that of another task of an anchor, where nobody says SYN. */
  static async join(
    cluster: Cluster,
    victim: { readonly address: string },
    service: 'control' | TaskService = 'control',
  ): Promise<HostileMember> {
    const file = join(cluster.env.P2P_CONFIG_HOME ?? '', 'p2p-tui', 'networks', 'home.secret')
    const network = deriveNetwork('home', Buffer.from(readFileSync(file, 'utf8').trim(), 'hex'))
    const identity = newIdentity()
    const chain = chainId(network.genesisSeed, DEFAULT_PARAMS)
    const transport = new TcpTransport({ psk: network.psk, identity })
    const link = await dialed(transport, victim.address as Address, { promote: false, service })
    // the link carries everything at once after the accept: promote in the same tick
    link.onMessage = ({ type }) => {
      if (type !== 'accept' && (type !== 'hello' || identity.id > link.link.peer)) return
      link.link.promote(service)
      if (type === 'hello') link.link.send({ type: 'accept' })
    }
    const startTime = Date.now()
    const listen = ['127.0.0.1:9' as Address]
    const hello = {
      type: 'hello' as const,
      protocol: 1,
      software: 'evil',
      capabilities: [],
      chain,
      name: 'evil',
      bootNonce: randomBytes(8),
      startTime,
      service,
      listen,
      wallTime: Date.now(),
      tip: chain,
      height: 0,
      work: new Uint8Array(32),
    }
    link.link.send(hello)
    const settled = (): boolean =>
      link.messages.some(({ type }) => type === (identity.id < link.link.peer ? 'hello' : 'accept'))
    await until('a settled link', settled)
    const body = {
      publicKey: identity.publicKey,
      name: 'evil',
      startTime,
      sequence: 1,
      role: 'peer' as const,
      state: 'up' as const,
      addresses: listen,
      tasks: [],
    }
    const entry = { ...body, signature: identity.sign(signedText('peer', chain, encodeCanonical(peerBody, body))) }
    const member = new HostileMember(identity, chain, link, entry, transport, hello)
    if (service !== 'control') return member
    member.say({ type: 'syn', entry })
    await until('a syn', () => link.messages.some(({ type }) => type === 'syn'))
    return member
  }

  /** A data link to the same peer, open for whatever comes. */
  async dialData(victim: { readonly address: string }): Promise<Recorder> {
    const data = await dialed(this.transport, victim.address as Address, { promote: false, service: 'data' })
    // in the same tick: what comes next is no greeting any more
    data.onMessage = ({ type }) => {
      if (type === 'hello') data.link.promote('data')
    }
    data.link.send({ ...this.hello, service: 'data' })
    await until('a greeted data link', () => data.messages.some(({ type }) => type === 'hello'))
    return data
  }

  say(message: Message): void {
    this.link.link.send(message)
  }

  /** Ends when the victim cut the link, and tells why. */
  async cut(what: string): Promise<string> {
    await until(`${what} to be cut off`, () => this.link.end !== null)
    assert.ok(this.link.end !== null)
    return `${this.link.end.code} ${this.link.end.by}: ${this.link.end.reason}`
  }

  close(): Promise<void> {
    return this.transport.close()
  }
}
