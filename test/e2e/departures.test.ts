/** Every road out of the network, with real processes: what the others see of it, and what becomes of the leaver's files. */
import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { ChainView, FileView, LogLine, LookupView, ManifestView, RingView, TallyView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import { oneCircle, type Placed } from './circle.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('departures')
/** Each name at one peer, so that a leaver has what nobody else has. */
const ONE_COPY = ['--replicas', '1']
const STAYERS = ['ann', 'bob', 'cid']
const RING_MS = 60_000
/** A goodbye needs no waiting: what is left is the time that asking takes. */
const AT_ONCE_MS = 10_000
/** Promised: ten seconds. */
const LEAVE_MS = 50_000

const placed = (cluster: Cluster, name: string, id: string): Placed => ({
  id,
  name,
  ring: () => cluster.json<RingView>(['ring'], { on: name }),
})

async function started(cluster: Cluster, names: readonly string[], ...args: string[]): Promise<readonly Placed[]> {
  return Promise.all(names.map(async (name) => placed(cluster, name, (await cluster.start(name, ...args).ready).id)))
}

const logOf = (cluster: Cluster, on: string) => cluster.json<readonly LogLine[]>(['log'], { on })

/** A name whose owner on this circle is that peer. */
function nameOwnedBy(owner: Placed, circle: readonly Placed[]): string {
  const ids = circle.map(({ id }) => id).sort()
  for (let n = 0; ; n++) {
    const name = `song-${owner.name}-${n}.txt`
    const key: string = keyOf(name)
    if ((ids.find((id) => id >= key) ?? ids[0]) === owner.id) return name
  }
}

/** Stores a file whose only copy is at its owner from then on; answers its name and content. */
async function onlyAt(cluster: Cluster, owner: Placed, circle: readonly Placed[], by: string) {
  const name = nameOwnedBy(owner, circle)
  const content = randomBytes(600_000)
  const path = join(cluster.folder(by), name)
  writeFileSync(path, content)
  await cluster.json(['store', name], { on: by })
  await cluster.until(
    `${name} at ${owner.name}`,
    () => cluster.json<ManifestView>(['manifest', name], { on: by }),
    ({ chunks }) => chunks.every(({ holders }) => holders.some(({ id }) => id === owner.id)),
  )
  rmSync(path)
  return { name, content }
}

interface Leaving {
  readonly cluster: Cluster
  readonly name: string
  readonly terminal: Terminal | null
}

const signalled =
  (signal: NodeJS.Signals): Road['leave'] =>
  ({ cluster, name }) =>
    void cluster.peers.get(name)?.kill(signal)

interface Road {
  readonly name: string
  readonly console?: true
  leave(leaving: Leaving): unknown
}

const ROADS: readonly Road[] = [
  { name: 'quit', leave: ({ cluster, name }) => cluster.json(['quit'], { on: name }) },
  { name: 'SIGINT', leave: signalled('SIGINT') },
  { name: 'SIGTERM', leave: signalled('SIGTERM') },
  { name: 'SIGHUP', leave: signalled('SIGHUP') },
  { name: 'q in the console', console: true, leave: ({ terminal }) => terminal?.type('q') },
]

test(
  'quit, SIGINT, SIGTERM, SIGHUP and q hand over what only the leaver has, and say goodbye',
  inCluster(async (cluster) => {
    const stayers = await started(cluster, STAYERS, ...ONE_COPY)
    for (const [place, road] of ROADS.entries()) {
      const name = `leaver-${place}`
      const [terminal, leaver] = await startLeaver(cluster, name, road.console === true)
      try {
        const circle = [...stayers, leaver]
        await oneCircle(circle, RING_MS)
        const file = await onlyAt(cluster, leaver, circle, 'ann')
        await road.leave({ cluster, name, terminal })
        assert.strictEqual(await exitOf(cluster, name, terminal), 0, road.name)
        await saidGoodbye(cluster, stayers, leaver)
        const target = join(cluster.folder('cid'), `${place}.txt`)
        await cluster.json(['request', file.name, '-o', target], { on: 'cid' })
        assert.ok(readFileSync(target).equals(file.content), road.name)
      } finally {
        await terminal?.close()
      }
    }
  }),
)

async function startLeaver(cluster: Cluster, name: string, console: boolean): Promise<[Terminal | null, Placed]> {
  if (!console) return [null, placed(cluster, name, (await cluster.start(name, ...ONE_COPY).ready).id)]
  const words = [PROGRAM, '--name', name, ...ONE_COPY]
  const terminal = new Terminal(words, { cwd: cluster.folder(name), env: cluster.env })
  await terminal.until(/3 peers/, RING_MS)
  return [terminal, placed(cluster, name, (await cluster.json<RingView>(['ring'], { on: name })).id)]
}

async function exitOf(cluster: Cluster, name: string, terminal: Terminal | null): Promise<number | null | undefined> {
  return terminal === null ? (await cluster.peers.get(name)?.ended)?.exit : terminal.end(LEAVE_MS)
}

/** The stayers' ring is closed, and nobody had to notice anything. */
async function saidGoodbye(cluster: Cluster, stayers: readonly Placed[], leaver: Placed): Promise<void> {
  await oneCircle(stayers, AT_ONCE_MS)
  const ids = [...stayers.map(({ id }) => id), leaver.id].sort()
  const before = ids.at(ids.indexOf(leaver.id) - 1)
  const after = ids[(ids.indexOf(leaver.id) + 1) % ids.length]
  for (const { id, name } of stayers) {
    const texts = (await logOf(cluster, name)).map(({ text }) => text)
    const about = texts.filter((text) => text.includes(leaver.name)).join('\n')
    assert.match(about, new RegExp(`^Peer ${leaver.name} departed$`, 'm'), name)
    assert.match(about, new RegExp(`^FIN received from ${leaver.name}$`, 'm'), name)
    assert.doesNotMatch(about, /no longer alive/, name)
    const heir = stayers.find((peer) => peer.id === after)?.name
    const newest = texts.findLast((text) => text.startsWith('My new first successor is '))
    if (id === before) assert.strictEqual(newest, `My new first successor is ${heir}`)
  }
}

/** Two whose files cannot grow beyond 2 MB, as on a full disk, join one that has a file of 6 MB. */
async function withFullOthers(body: (cluster: Cluster, ada: Placed, others: readonly Placed[]) => Promise<void>) {
  const full = ['bob', 'cid']
  return inCluster(async (cluster) => {
    const [ada] = await started(cluster, ['ada'])
    assert.ok(ada)
    writeFileSync(join(cluster.folder('ada'), 'film.bin'), randomBytes(6_000_000))
    await cluster.json(['store', 'film.bin'], { on: 'ada' })
    const children = full.map((name) => {
      const words = ['-c', 'ulimit -f 2000; exec "$0" "$@"', process.execPath, PROGRAM, '--headless', '--name', name]
      return spawn('bash', words, { env: cluster.env, cwd: cluster.folder(name), stdio: 'ignore' })
    })
    const ended = children.map((child) => new Promise((resolve) => child.on('close', resolve)))
    try {
      await cluster.meshed(['ada'].concat(full))
      const others = await Promise.all(
        full.map(async (name) => placed(cluster, name, (await cluster.json<RingView>(['ring'], { on: name })).id)),
      )
      await oneCircle([ada, ...others], RING_MS)
      await body(cluster, ada, others)
    } finally {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ended)
    }
  })()
}

test('who can hand its files to nobody says so, says goodbye and goes', () =>
  withFullOthers(async (cluster, ada, others) => {
    const ended = await cluster.peers.get('ada')?.kill('SIGTERM')
    assert.strictEqual(ended?.exit, 0, ended?.stderr)
    assert.match(
      ended.stdout,
      /"level":"warn","text":"nobody else holds \\"film\.bin\\": it comes back with this peer"/,
    )
    await saidGoodbye(cluster, others, ada)
  }))

test('a second ^C does not wait for that: gone at once, with exit 1 and no goodbye', () =>
  withFullOthers(async (cluster, ada, others) => {
    const process = cluster.peers.get('ada')
    assert.ok(process)
    void process.kill('SIGINT')
    await cluster.until(
      'the word that it is leaving',
      async () => process.output,
      (output) => output.includes('leaving the network; Ctrl-C again leaves at once'),
    )
    const ended = await process.kill('SIGINT')
    assert.strictEqual(ended.exit, 1, ended.stderr)
    assert.doesNotMatch(ended.stdout, /"level":"warn"|FIN sent/)
    await vanished(cluster, others, ada)
  }))

test(
  'the last of several that are frozen or gone does not wait for them, and says that its file is nowhere else',
  inCluster(async (cluster) => {
    const [ada, bob, cid] = await started(cluster, STAYERS.with(0, 'ada'))
    assert.ok(ada && bob && cid)
    await oneCircle([ada, bob, cid], RING_MS)
    for (const { name } of [bob, cid]) void cluster.peers.get(name)?.kill('SIGSTOP')
    await oneCircle([ada], RING_MS)
    writeFileSync(join(cluster.folder('ada'), 'late.txt'), 'too late')
    await cluster.json(['store', 'late.txt'], { on: 'ada' })
    assert.strictEqual((await cluster.run(['quit'], { on: 'ada' })).exit, 0)
    const ended = await cluster.peers.get('ada')?.ended
    assert.strictEqual(ended?.exit, 0, ended?.stderr)
    assert.match(ended.stdout, /nobody else holds \\"late\.txt\\"/)
  }),
)

/** The others found out by themselves, and closed the ring. */
async function vanished(cluster: Cluster, others: readonly Placed[], gone: Placed): Promise<void> {
  await oneCircle(others, RING_MS)
  for (const { name } of others) {
    const about = await cluster.until(
      `${name} to miss ${gone.name}`,
      async () => (await logOf(cluster, name)).map(({ text }) => text).filter((text) => text.includes(gone.name)),
      (texts) => texts.includes(`Peer disconnected: ${gone.name} (lost)`),
    )
    assert.ok(about.includes(`Peer ${gone.name} departed`), about.join('\n'))
    assert.ok(!about.includes(`FIN received from ${gone.name}`), about.join('\n'))
  }
}

test(
  'quit --abrupt answers, then the process is gone as if killed: no goodbye, no hand-over, and nothing acknowledged is lost',
  inCluster(async (cluster) => {
    const [ann, bob, cid, eve] = await started(cluster, [...STAYERS, 'eve'], ...ONE_COPY)
    assert.ok(ann && bob && cid && eve)
    const others = [ann, bob, cid]
    await oneCircle([...others, eve], RING_MS)
    const file = await onlyAt(cluster, eve, [...others, eve], 'ann')
    await cluster.json(['vote', 'zoe', 'yes'], { on: 'eve' })
    const { tip } = await cluster.json<ChainView>(['chain'], { on: 'eve' })
    const { data } = (await cluster.peers.get('eve')?.ready) ?? { data: '' }

    assert.deepStrictEqual(await cluster.json(['quit', '--abrupt'], { on: 'eve' }), { left: true, abrupt: true })
    const ended = await cluster.peers.get('eve')?.ended
    assert.strictEqual(ended?.exit, null, 'ended by a signal')
    assert.doesNotMatch(ended.stdout, /FIN sent/)
    await vanished(cluster, others, eve)
    const lost = await cluster.run(['request', file.name, '--timeout', '5'], { on: 'bob' })
    assert.notStrictEqual(lost.exit, 0, 'its only copy went with it')

    await Promise.all(others.map(({ name }) => cluster.peers.get(name)?.kill()))
    await cluster.start('eve', '-d', data, ...ONE_COPY).ready
    assert.strictEqual((await cluster.json<ChainView>(['chain'], { on: 'eve' })).tip, tip)
    assert.deepStrictEqual((await cluster.json<TallyView>(['tally'], { on: 'eve' })).choices, { yes: 1 })
    const [kept] = await cluster.json<readonly FileView[]>(['files', file.name], { on: 'eve' })
    assert.strictEqual(kept?.complete, true)
    const target = join(cluster.folder('eve'), 'again.txt')
    await cluster.json(['request', file.name, '-o', target], { on: 'eve' })
    assert.ok(readFileSync(target).equals(file.content))
    const { owner } = await cluster.json<LookupView>(['lookup', file.name], { on: 'eve' })
    assert.strictEqual(owner, eve.id)
  }),
)

test.run()
