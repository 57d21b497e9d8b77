/** Real processes: the anchor of this machine goes in 20 random ways, one after the other; each time another one serves. */
import assert from 'node:assert'
import { test } from 'uvu'
import { Random } from '../sim/random.js'
import { type Cluster, inCluster } from './cluster.js'

const NAMES = ['ann', 'bob', 'cid', 'dot']
const ORDERS = 20
/** The promise is 2 s. */
const SUCCESSION_MS = 5 * 2_000
const ONE_NETWORK_MS = 60_000
const SEED = 11

interface Status {
  readonly peers: number
  readonly role: string
}

const DEEDS = ['quit', 'SIGTERM', 'SIGKILL', 'SIGSTOP'] as const
type Deed = (typeof DEEDS)[number]

const statusOf = (cluster: Cluster, on: string) => cluster.json<Status>(['status'], { on })

async function anchorsOf(cluster: Cluster, names: readonly string[]): Promise<readonly string[]> {
  const views = await Promise.all(names.map(async (name) => ({ name, ...(await statusOf(cluster, name)) })))
  return views.filter(({ role }) => role === 'anchor').map(({ name }) => name)
}

/** All see each other, and one of them serves the port. */
async function oneNetwork(cluster: Cluster, what: string): Promise<string> {
  const views = await cluster.until(
    `one network with one anchor ${what}`,
    () => Promise.all(NAMES.map(async (name) => ({ name, ...(await statusOf(cluster, name)) }))),
    (all) =>
      all.every(({ peers }) => peers === NAMES.length - 1) && all.filter(({ role }) => role === 'anchor').length === 1,
    ONE_NETWORK_MS,
  )
  const anchor = views.find(({ role }) => role === 'anchor')
  assert.ok(anchor)
  return anchor.name
}

/** Makes it go; answers how it comes back. */
async function strike(cluster: Cluster, name: string, deed: Deed): Promise<() => Promise<unknown>> {
  const process = cluster.peers.get(name)
  assert.ok(process)
  if (deed === 'SIGSTOP') {
    process.kill('SIGSTOP')
    return async () => void process.kill('SIGCONT')
  }
  const { data } = await process.ready
  if (deed === 'quit') assert.strictEqual((await cluster.run(['quit'], { on: name })).exit, 0)
  else await process.kill(deed)
  return () => cluster.start(name, '-d', data).ready
}

test(
  'whoever serves the rendezvous port quits, is killed or stopped: another one serves, and one in the end',
  inCluster(async (cluster) => {
    await cluster.startAll(NAMES)
    const random = new Random(SEED, 0, 0, 1)
    const struck = new Map<Deed, number>()
    let anchor = await oneNetwork(cluster, 'at first')
    for (let order = 1; order <= ORDERS; order++) {
      const deed = DEEDS[Math.floor(random.next() * DEEDS.length)] ?? 'quit'
      struck.set(deed, (struck.get(deed) ?? 0) + 1)
      const heirs = NAMES.filter((name) => name !== anchor)
      const comeBack = await strike(cluster, anchor, deed)
      const what = `in order ${order}, after ${deed} of ${anchor}`
      await cluster.until(
        `another anchor ${what}`,
        () => anchorsOf(cluster, heirs),
        (anchors) => anchors.length > 0,
        SUCCESSION_MS,
      )
      await comeBack()
      anchor = await oneNetwork(cluster, what)
    }
    for (const deed of DEEDS) assert.ok((struck.get(deed) ?? 0) > 0, `${deed} never came up`)
  }),
)

test.run()
