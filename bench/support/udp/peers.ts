/**
 * A process of a bench: real peers on real sockets, whose datagrams are lost as its plan says. Tells its parent what they
 * log about their neighbours, and how they stand when asked. Ends with its parent.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { homes } from '../../../src/host/directories.js'
import { startPeer } from '../../../src/host/start.js'
import { Peer } from '../../../src/peer.js'
import type { Address, PeerId } from '../../../wire/types.js'
import { CountedDatagrams, type Cycles } from './counted.js'
import { loseDatagrams } from './loss.js'
import { type Asked, type News, type PeerView, type Plan, type State, sharedMs, type Told } from './words.js'

const WATCHED = 2
const LAG_RESOLUTION_MS = 10

interface Running {
  readonly name: string
  readonly peer: Peer
  readonly counted: CountedDatagrams
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const sent = loseDatagrams(plan.loss, plan.seed)
const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
const running: Running[] = []

const tell = (told: Told): void => void process.send?.(told)

async function start(name: string, known: string | null): Promise<Address> {
  let counted: CountedDatagrams | null = null
  const { peer, env } = await startPeer({
    network: 'bench',
    name,
    data: join(plan.root, 'peers', name),
    homes: homes({ P2P_CONFIG_HOME: plan.root, P2P_DATA_HOME: plan.root, P2P_RUNTIME_HOME: join(plan.root, 'run') }),
    miners: 1,
    makePeer: (world) =>
      new Peer(world, {
        membership: {
          join: known === null ? [] : [known as Address],
          listen: [],
          hosts: [],
          pingIntervalMs: plan.intervalMs,
          software: 'bench',
        },
        ledger: { mode: 'own' },
        replicas: 4,
      }),
    fatal: (reason) => {
      throw new Error(`${name}: ${reason}`)
    },
    onLog: ({ text }) => {
      const next = /^My new (?:first|second) (?:successor|predecessor) is (.+)$/.exec(text)
      if (next !== null) counted?.answered.delete(idOf(peer, next[1]))
      const news = newsOf(name, text)
      if (news !== null) tell({ type: 'news', news })
    },
  })
  counted = new CountedDatagrams(env.datagrams)
  running.push({ name, peer, counted })
  return new Promise((resolve, reject) => {
    peer.start((result) => (result.ok ? resolve(result.value) : reject(new Error(result.message))))
  })
}

function idOf(peer: Peer, name: string | undefined): PeerId {
  return peer.peers().find((other) => other.name === name)?.id ?? ('' as PeerId)
}

function newsOf(by: string, text: string): News | null {
  const atMs = sharedMs()
  const departed = /^Peer (.+) departed$/.exec(text)?.[1]
  if (departed !== undefined) return { atMs, by, what: 'departed', who: departed }
  const [, side, who] = /^My new first (successor|predecessor) is (.+)$/.exec(text) ?? []
  if (who === undefined) return null
  return { atMs, by, what: side === 'successor' ? 'first successor' : 'first predecessor', who }
}

function viewOf({ name, peer, counted }: Running): PeerView {
  const { id, successors, predecessors } = peer.ring()
  const watched = [...successors.slice(0, WATCHED), ...predecessors.slice(0, WATCHED)]
  return {
    id,
    name,
    successors: successors.map((other) => other.name),
    predecessors: predecessors.map((other) => other.name),
    proven: watched.every((other) => other.state === 'alive' && counted.answered.has(other.id)),
    linkBytes: peer.peers().reduce((sum, other) => sum + other.sent, 0),
  }
}

function state(): State {
  const counts = running.map(({ counted }) => counted.counts)
  const sum = (of: keyof Cycles): number => counts.reduce((total, count) => total + count[of], 0)
  const lateMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS)
  return {
    peers: running.map(viewOf),
    cycles: { cycles: sum('cycles'), misses: sum('misses'), suspects: sum('suspects') },
    datagrams: sent(),
    lagP99Ms: lateMs(lag.percentile(99)),
    lagMaxMs: lateMs(lag.max),
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (asked: Asked) => {
  if (asked.type === 'fresh') lag.reset()
  else tell({ type: 'state', state: state() })
})
lag.enable()
let address = plan.join
for (const name of plan.names) address = await start(name, address)
tell({ type: 'ready', address: address ?? '' })
