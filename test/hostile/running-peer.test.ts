/**
 * Members of the network against a running peer, over real TLS: what cannot be right is answered with a closed link and
 * a reason, what merely proves nothing is ignored; meanwhile a good peer is served and memory stays flat.
 */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { encodeCanonical, signedText } from '../../wire/canonical.js'
import { sha256 } from '../../wire/hash.js'
import { MAX_ENTRIES, type PeerEntry, peerBody } from '../../wire/messages/membership.js'
import { manifestBody, registerBody } from '../../wire/messages/swarm.js'
import type { Message } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { type Cluster, inCluster } from '../e2e/cluster.js'
import { newIdentity, until } from '../wire/support.js'
import { HostileMember } from './member-of-network.js'

const test = suite('a running peer under attack')

const ZERO = '0'.repeat(64) as Hash
const ONES = 'f'.repeat(64) as PeerId
const random = (): Hash => randomBytes(32).toString('hex') as Hash
const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const clockwise = (from: PeerId, ids: readonly PeerId[]): PeerId[] =>
  [...ids].sort().sort((a, b) => Number(a < from) - Number(b < from))
const header = (): Uint8Array => new Uint8Array(randomBytes(80))
const most = new Uint8Array(32).fill(255)

type Make = (evil: HostileMember) => readonly Message[]

function register(
  evil: HostileMember,
  fields: {
    name: string
    manifest?: Hash | null
    size?: number
    keeping?: 'copies' | 'spread'
    since?: number
    version?: number
    time?: number
  },
) {
  const body = {
    name: fields.name,
    publicKey: evil.identity.publicKey,
    version: fields.version ?? 1,
    manifest: fields.manifest === undefined ? random() : fields.manifest,
    size: fields.size ?? 1,
    keeping: fields.keeping ?? 'copies',
    since: fields.since ?? 0,
    time: fields.time ?? Date.now(),
  }
  return {
    body,
    signature: evil.identity.sign(signedText('register', evil.chain, encodeCanonical(registerBody, body))),
  }
}
function manifest(evil: HostileMember, name: string, size: number, chunkSize: number, hashes: number) {
  const body = {
    name,
    size,
    chunkSize,
    hashes: new Uint8Array(hashes * 32),
    publicKey: evil.identity.publicKey,
    version: 1,
  }
  const bytes = encodeCanonical(manifestBody, body)
  return {
    id: sha256(bytes),
    signed: { body, signature: evil.identity.sign(signedText('manifest', evil.chain, bytes)) },
  }
}
function stranger(evil: HostileMember, at: number): PeerEntry {
  const identity = newIdentity()
  const body = {
    publicKey: identity.publicKey,
    name: `s${at}`,
    startTime: Date.now(),
    sequence: 1,
    role: 'anchor' as const,
    state: 'up' as const,
    addresses: [`127.0.0.1:${1 + at}` as Address],
    tasks: [],
  }
  return { ...body, signature: identity.sign(signedText('peer', evil.chain, encodeCanonical(peerBody, body))) }
}

/** What no honest peer says: the link is closed with a reason. */
const WRONG: Record<string, Make> = {
  'second hello': (e) => [
    {
      type: 'hello',
      protocol: 1,
      software: 'x',
      capabilities: [],
      chain: e.chain,
      name: 'x',
      bootNonce: randomBytes(8),
      startTime: 1,
      service: 'control',
      listen: [],
      wallTime: 0,
      tip: ZERO,
      height: 0,
      work: most,
    },
  ],
  'second accept': () => [{ type: 'accept' }],
  'syn of another': (e) => [{ type: 'syn', entry: stranger(e, 1) }],
  'syn bad sig': (e) => [{ type: 'syn', entry: { ...e.entry, sequence: 5 } }],
  'fin of another': (e) => [{ type: 'fin', entry: stranger(e, 1) }],
  'peers bad sigs': (e) => [
    {
      type: 'peers',
      version: 1,
      complete: 'whole',
      entries: many(MAX_ENTRIES, (at) => ({ ...e.entry, publicKey: randomBytes(32), startTime: at })),
      lost: [],
    },
  ],
  'headers unsolicited': () => [{ type: 'headers', headers: many(2000, header) }],
  'block unsolicited': () => [{ type: 'block', block: random(), records: many(100, () => new Uint8Array(4096)) }],
  noBlock: () => [{ type: 'noBlock', block: random() }],
  'records unsolicited': () => [{ type: 'records', records: many(100, () => new Uint8Array(randomBytes(4096))) }],
  'ringStabilise odd': (e) => [{ type: 'ringStabilise', request: 1, predecessors: many(16, () => e.identity.id) }],
  'ringNeighbours unsolicited': () =>
    many(10, (at) => ({
      type: 'ringNeighbours',
      request: at,
      standing: 'member',
      successors: many(16, random) as PeerId[],
      predecessors: many(16, random) as PeerId[],
    })),
  'ringWelcome unsolicited': () =>
    many(10, (at) => ({
      type: 'ringWelcome',
      request: at,
      accepted: true,
      successors: many(16, random) as PeerId[],
      predecessors: [],
    })),
  'ringUpdate ghosts': () =>
    many(10, () => ({
      type: 'ringUpdate',
      successors: many(16, random) as PeerId[],
      predecessors: many(16, random) as PeerId[],
    })),
  'ringLeave ghosts': () => [
    { type: 'ringLeave', successors: many(16, random) as PeerId[], predecessors: many(16, random) as PeerId[] },
  ],
  'register path': (e) => [{ type: 'nameNews', registers: [register(e, { name: '../../etc/passwd' })] }],
  'register huge': (e) => [
    { type: 'nameNews', registers: [register(e, { name: 'huge', size: Number.MAX_SAFE_INTEGER })] },
  ],
  'register bad sig': (e) => [
    { type: 'nameNews', registers: [{ ...register(e, { name: 'x' }), signature: new Uint8Array(64) }] },
  ],
  'manifestPut mismatch': (e) => [
    {
      type: 'manifestPut',
      register: register(e, { name: 'mm', size: 5 }),
      manifest: manifest(e, 'other', 1, 262144, 1).signed,
    },
  ],
  'manifestPut odd cut': (e) => {
    const m = manifest(e, 'odd', 10_000_000, 4_000_000_000, 1)
    return [
      {
        type: 'manifestPut',
        register: register(e, { name: 'odd', manifest: m.id, size: 10_000_000 }),
        manifest: m.signed,
      },
    ]
  },
  'manifestPut chunkSize 0': (e) => {
    const m = manifest(e, 'odd0', 10_000_000, 0, 1)
    return [
      {
        type: 'manifestPut',
        register: register(e, { name: 'odd0', manifest: m.id, size: 10_000_000 }),
        manifest: m.signed,
      },
    ]
  },
  'manifestPut empty hashes': (e) => {
    const m = manifest(e, 'none', 10_000_000, 262144, 0)
    return [
      {
        type: 'manifestPut',
        register: register(e, { name: 'none', manifest: m.id, size: 10_000_000 }),
        manifest: m.signed,
      },
    ]
  },
  'chunkGet on control': () => [{ type: 'chunkGet', request: 1, blob: random(), index: 0 }],
  'command on control': () => [
    {
      type: 'command',
      request: 1,
      words: [],
      cwd: new Uint8Array(1),
      columns: 80,
      pictures: true,
    } as unknown as Message,
  ],
}

/** What an honest peer could say, if seldom so much of it: survived, and nothing comes of it. */
const TOO_MUCH: Record<string, Make> = {
  'second syn': (e) => many(50, () => ({ type: 'syn', entry: e.entry })),
  finAck: () => [{ type: 'finAck' }],
  'peers flood': (e) =>
    many(4, (v) => ({
      type: 'peers',
      version: v + 1,
      complete: 'delta',
      entries: many(MAX_ENTRIES, (at) => stranger(e, at + MAX_ENTRIES * v)),
      lost: [],
    })),
  'peers lost': () => [
    { type: 'peers', version: 1, complete: 'delta', entries: [], lost: many(MAX_ENTRIES, () => random() as PeerId) },
  ],
  observed: () =>
    many(20, (at) => ({
      type: 'observed',
      address: `10.0.0.${at}:1` as Address,
      reachable: many(9, (i) => `10.0.${at}.${i}:1` as Address),
    })),
  'digest flood': () => many(300, () => ({ type: 'digest', digest: random() })),
  'announce junk': () => [{ type: 'announce', header: header(), height: 0xffffffff, work: most }],
  'announce many': () => many(100, () => ({ type: 'announce', header: header(), height: 9, work: most })),
  getHeaders: () => many(300, () => ({ type: 'getHeaders', locator: many(64, random) })),
  getBlocks: () => many(100, () => ({ type: 'getBlocks', blocks: many(16, random) })),
  'inventory flood': () => many(100, () => ({ type: 'inventory', ids: many(1000, random) })),
  'ringPing many': () => many(300, (at) => ({ type: 'ringPing', request: at })),
  ringPong: () => [{ type: 'ringPong', request: 0xffffffff }],
  'ringStabilise self': (e) => [{ type: 'ringStabilise', request: 1, predecessors: [e.link.link.peer, ONES] }],
  ringStep: () => many(300, () => ({ type: 'ringStep', request: 7, key: random() })),
  'ringRoute unsolicited': () =>
    many(10, (at) => ({
      type: 'ringRoute',
      request: at,
      standing: 'member',
      kind: 'owner',
      peers: many(17, random) as PeerId[],
    })),
  'ringJoin many': () => many(100, () => ({ type: 'ringJoin', request: 0 })),
  'ringUpdate sorted': (e) => {
    const ids = clockwise(e.identity.id, many(32, random) as PeerId[])
    return [{ type: 'ringUpdate', successors: ids.slice(0, 16), predecessors: ids.slice(16).reverse() }]
  },
  'ringStabilise sorted': (e) => {
    const ids = clockwise(e.identity.id, many(32, random) as PeerId[])
    return many(5, (at) => ({ type: 'ringStabilise', request: at, predecessors: ids.slice(16).reverse() }))
  },
  'ringLeave sorted': (e) => {
    const ids = clockwise(e.identity.id, many(32, random) as PeerId[])
    return [{ type: 'ringLeave', successors: ids.slice(0, 16), predecessors: ids.slice(16).reverse() }]
  },
  'registers 64 x 20': (e) =>
    many(20, (m) => ({ type: 'nameNews', registers: many(64, (at) => register(e, { name: `spam ${m} ${at}` })) })),
  'nameNews spread, 256 GiB each': (e) =>
    many(20, (m) => {
      const giant = (at: number) => ({ name: `giant ${m} ${at}`, size: 16384 * (1 << 24), keeping: 'spread' as const })
      return { type: 'nameNews', registers: many(64, (at) => register(e, giant(at))) }
    }),
  nameListGet: () => many(100, () => ({ type: 'nameListGet', request: 1, digests: randomBytes(1024), after: 'zzz' })),
  'nameList unsolicited': () => [{ type: 'nameList', request: 3, registers: [], next: 'x' }],
  'nameFound unsolicited': () => [{ type: 'nameFound', request: 3, registers: [] }],
  'nameFind odd': () => many(100, () => ({ type: 'nameFind', request: 3, name: '../..' })),
  manifestGet: () => many(300, () => ({ type: 'manifestGet', request: 3, manifest: random() })),
  'manifestIs unsolicited': (e) => [
    { type: 'manifestIs', request: 3, manifest: manifest(e, 'm', 1, 262144, 1).signed },
  ],
  'manifestPut 256 GiB': (e) => {
    const m = manifest(e, 'giant', 16384 * (1 << 24), 1 << 24, 16384)
    return [
      {
        type: 'manifestPut',
        register: register(e, { name: 'giant', manifest: m.id, size: 16384 * (1 << 24) }),
        manifest: m.signed,
      },
      { type: 'keepAsk', manifests: [m.id], leaving: false },
      {
        type: 'chunksHave',
        claims: [{ manifest: m.id, state: 'all', chunks: new Uint8Array(0), kept: new Uint8Array(0) }],
      },
    ]
  },
  manifestStored: () => [{ type: 'manifestStored', register: random() }],
  keepAsk: () => many(20, (at) => ({ type: 'keepAsk', manifests: many(256, random), leaving: at % 2 === 1 })),
  keepRefused: () => [{ type: 'keepRefused', manifest: random(), reason: 'full' }],
  manifestWant: () => many(20, () => ({ type: 'manifestWant', manifests: many(256, random) })),
  chunksHave: () =>
    many(20, () => ({
      type: 'chunksHave',
      claims: many(128, () => {
        const chunks = new Uint8Array(2048).fill(255)
        return { manifest: random(), state: 'some' as const, chunks, kept: chunks }
      }),
    })),
  holdersGet: () => many(100, () => ({ type: 'holdersGet', request: 3, manifest: random() })),
  'holdersAre unsolicited': () => [
    {
      type: 'holdersAre',
      request: 3,
      holders: many(32, () => ({
        peer: random() as PeerId,
        state: 'all' as const,
        chunks: new Uint8Array(0),
        kept: new Uint8Array(0),
      })),
    },
  ],
  'countsAre unsolicited': () => [{ type: 'countsAre', request: 3, counts: many(1000, () => 65535) }],
}

/** RssAnon of the victim may grow by this: allocator and garbage of one process under load, not a leak per message. */
const MOST_GROWTH_MB = 150

test(
  'a member that says what cannot be is cut off with a reason; one that says too much changes nothing',
  inCluster(async (cluster: Cluster) => {
    const vic = cluster.start('vic', '--mine', 'never')
    const victim = await vic.ready
    await cluster.start('good').ready
    await cluster.meshed(['vic', 'good'])
    const file = randomBytes(3_000_000)
    writeFileSync(join(cluster.folder('good'), 'f.bin'), file)
    await cluster.json(['store', 'f.bin'], { on: 'good' })
    const before = memoryMb(vic.pid)
    for (const [what, make] of Object.entries(WRONG)) {
      const evil = await HostileMember.join(cluster, victim)
      for (const message of make(evil)) evil.say(message)
      assert.match(await evil.cut(what), /^protocol them: ./, what)
      await evil.close()
    }
    for (const make of Object.values(TOO_MUCH)) {
      const evil = await HostileMember.join(cluster, victim)
      for (const message of make(evil)) if (evil.link.end === null) evil.say(message)
      // answered, or cut off for the flood: either way all of the above was read
      const sequence = 4_000_000
      if (evil.link.end === null) evil.say({ type: 'ping', sequence })
      const read = (): boolean =>
        evil.link.end !== null || evil.link.messages.some((got) => got.type === 'pong' && got.sequence === sequence)
      await until('an answer after the flood', read)
      await evil.close()
    }
    const vote = await cluster.json<{ status: string }>(['vote', 'ann', 'yes'], { on: 'good' })
    assert.strictEqual(vote.status, 'added')
    const tally = await cluster.until(
      'the victim to count the vote',
      () => cluster.json<{ total: number }>(['tally'], { on: 'vic' }),
      (view) => view.total === 1,
    )
    assert.strictEqual(tally.total, 1)
    await cluster.json(['request', 'f.bin', '-o', 'got.bin'], { on: 'vic' })
    assert.ok(readFileSync(join(cluster.folder('vic'), 'got.bin')).equals(file))
    assert.ok(memoryMb(vic.pid) - before < MOST_GROWTH_MB, `from ${before} to ${memoryMb(vic.pid)} MB`)
  }),
)

function memoryMb(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

test.run()
