/** Real processes that start, die, freeze and come back in random orders end as one network with one ring. */
import assert from 'node:assert'
import { suite } from 'uvu'
import type { PeerView, RingView, StatusView } from '../../src/api.js'
import { oneCircle } from './circle.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('orders')
const NAMES = ['ada', 'bob', 'cleo', 'dora', 'emil'] as const
const HEAL_MS = 60_000

/** Small and seeded (mulberry32), so that a failing order can be played again. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const shuffled = <T>(items: readonly T[], random: () => number): readonly T[] =>
  items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)

/** Everybody sees everybody, all tell one circle in the order of the ids, and one peer is the anchor. */
async function whole(cluster: Cluster, names: readonly string[]): Promise<void> {
  await cluster.meshed(names, HEAL_MS)
  const members = names.map(async (name) => {
    const { id } = await cluster.json<StatusView>(['status'], { on: name })
    return { id, name, ring: () => cluster.json<RingView>(['ring'], { on: name }) }
  })
  await oneCircle(await Promise.all(members), HEAL_MS)
  await cluster.until(
    'one anchor on this machine, the same for all',
    () =>
      Promise.all(
        names.map(async (name) => {
          const { id, role } = await cluster.json<StatusView>(['status'], { on: name })
          const peers = await cluster.json<PeerView[]>(['peers'], { on: name })
          return [
            ...(role === 'anchor' ? [id] : []),
            ...peers.filter((peer) => peer.role === 'anchor' && peer.state === 'up').map((peer) => peer.id),
          ]
        }),
      ),
    (anchors) => anchors[0]?.length === 1 && anchors.every((seen) => seen.join() === anchors[0]?.join()),
    HEAL_MS,
  )
}

for (const seed of [1, 2, 3])
  test(
    `start, kill, freeze and return in random order ${seed}`,
    inCluster(async (cluster) => {
      const random = chance(seed)
      const data = new Map<string, string>()
      for (const name of shuffled(NAMES, random)) {
        const started = cluster.start(name).ready
        if (random() < 0.5) data.set(name, (await started).data)
        else void started.then((ready) => data.set(name, ready.data))
      }
      await Promise.all([...cluster.peers.values()].map((peer) => peer.ready))
      await whole(cluster, NAMES)

      const [killed, frozen, ...rest] = shuffled(NAMES, random)
      assert.ok(killed !== undefined && frozen !== undefined)
      const ice = cluster.peers.get(frozen)
      assert.ok(ice)
      const steps = shuffled(
        [() => cluster.peers.get(killed)?.kill('SIGKILL'), () => void process.kill(ice.pid, 'SIGSTOP')],
        random,
      )
      for (const step of steps) await step()
      await whole(cluster, rest)

      process.kill(ice.pid, 'SIGCONT')
      await cluster.start(killed, '-d', data.get(killed) ?? '').ready
      await whole(cluster, NAMES)
    }),
  )

test.run()
