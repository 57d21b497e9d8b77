/** Real processes on real UDP: a stopped one is noticed and bypassed although all its sockets stand, and comes back. */
import assert from 'node:assert'
import { test } from 'uvu'
import { type Cluster, inCluster } from './cluster.js'

interface Watched {
  readonly id: string
  readonly name: string
  readonly state: 'alive' | 'suspect'
  readonly rttMs: number | null
}

interface RingView {
  readonly successors: readonly Watched[]
  readonly predecessors: readonly Watched[]
}

const NAMES = ['ann', 'bob', 'cid', 'dot', 'eve']
/** The promise is 1.5 s; each question takes a process besides. */
const BYPASS_MS = 5 * 1_500
/** Without datagrams, five questions over the link. */
const SLOW_BYPASS_MS = 5 * 3_000

const ringOf = (cluster: Cluster, on: string) => cluster.json<RingView>(['ring'], { on })
const all = ({ successors, predecessors }: RingView): readonly Watched[] => [...successors, ...predecessors]

async function freezeOne(cluster: Cluster, bypassMs: number): Promise<void> {
  const [frozen, ...others] = NAMES as [string, ...string[]]
  const { predecessors } = await ringOf(cluster, frozen)
  const before = predecessors[0]?.name ?? ''
  const process = cluster.peers.get(frozen)
  process?.kill('SIGSTOP')
  const without = (view: RingView): boolean => !all(view).some(({ name }) => name === frozen)
  await cluster.until(`${before} to bypass ${frozen}`, () => ringOf(cluster, before), without, bypassMs)
  for (const name of others)
    await cluster.until(`${name} to drop ${frozen}`, () => ringOf(cluster, name), without, 2 * bypassMs)
  const { stdout } = await cluster.run(['log'], { on: before })
  assert.match(stdout, new RegExp(`Peer ${frozen} is no longer alive`))
  process?.kill('SIGCONT')
  const back = (view: RingView): boolean => view.successors.length === NAMES.length - 1 && !without(view)
  for (const name of others) await cluster.until(`${frozen} back at ${name}`, () => ringOf(cluster, name), back, 60_000)
}

async function started(cluster: Cluster, ...args: string[]): Promise<void> {
  await cluster.startAll(NAMES, ...args)
  const near = ({ successors, predecessors }: RingView) => [...successors.slice(0, 2), ...predecessors.slice(0, 2)]
  const whole = (view: RingView): boolean =>
    view.successors.length === NAMES.length - 1 &&
    near(view).every(({ state, rttMs }) => state === 'alive' && rttMs !== null)
  for (const name of NAMES)
    await cluster.until(`round trips to the neighbours of ${name}`, () => ringOf(cluster, name), whole, 60_000)
}

test(
  'a stopped process is bypassed and comes back',
  inCluster(async (cluster) => {
    await started(cluster)
    await freezeOne(cluster, BYPASS_MS)
  }),
)

test(
  'so it is where UDP must not be used, only slower',
  inCluster(async (cluster) => {
    await started(cluster, '--no-udp')
    await freezeOne(cluster, SLOW_BYPASS_MS)
  }),
)

test.run()
