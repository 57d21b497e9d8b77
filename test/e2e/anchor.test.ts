/** A dedicated anchor of the built program among ordinary peers: what its tasks serve, and what becomes of them. */
import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { AnchorView, ProcessView } from '../../src/anchor/process/supervisor.js'
import type { Task } from '../../src/anchor/task.js'
import { isAlive } from '../is-alive.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'

const test = suite('anchor')
/** Back within 3 s, five times over. */
const BACK_MS = 15_000
const FILE_BYTES = 1_500_000

const statusOf = (cluster: Cluster): Promise<AnchorView> => cluster.json(['anchor', 'status'])
const of = (status: AnchorView, task: Task): ProcessView => {
  const found = status.processes.find((one) => one.task === task)
  assert(found !== undefined, task)
  return found
}

async function until(cluster: Cluster, what: string, fits: (status: AnchorView) => boolean): Promise<AnchorView> {
  return cluster.until(what, () => statusOf(cluster), fits)
}

/** A file of its own in the folder of a peer. */
function makeFile(cluster: Cluster, on: string, name: string): Buffer {
  const bytes = randomBytes(FILE_BYTES)
  writeFileSync(join(cluster.folder(on), name), bytes)
  return bytes
}

/** What was published is what one gets, and nobody but the anchor gave it (before, where the ring asked for a copy). */
async function fetches(cluster: Cluster, on: string, name: string, bytes: Buffer, anchor: string): Promise<void> {
  const target = join(cluster.folder(on), `${name}.copy`)
  const { sources } = await cluster.json<{ sources: { id: string }[] }>(
    ['request', name, '-o', target, '--force', '--timeout', '60'],
    { on },
  )
  assert.ok(readFileSync(target).equals(bytes), `${name} as it was published`)
  assert.ok(sources.every(({ id }) => id === anchor))
}

test(
  'each task serves its part: a join, a published file, a download from the anchor alone when the publisher is gone',
  inCluster(async (cluster) => {
    const harbour = await cluster.start('harbour', 'anchor').ready
    assert.deepStrictEqual(
      (await statusOf(cluster)).processes.map(({ task, served, restarts }) => [task, served, restarts]),
      [
        ['admission', 0, 0],
        ['manifests', 0, 0],
        ['files', 0, 0],
      ],
    )
    const own = await cluster.json<{ role: string; id: string }>(['status'], { on: 'harbour' })
    assert.deepStrictEqual([own.role, own.id], ['anchor', harbour.id])

    await cluster.startAll(['ann', 'bob'])
    await cluster.meshed(['ann', 'bob', 'harbour'])
    await until(cluster, 'two joins', (status) => of(status, 'admission').served >= 2 && status.peers === 2)
    const peers = await cluster.json<{ id: string; role: string }[]>(['peers'], { on: 'ann' })
    assert.strictEqual(peers.find(({ id }) => id === harbour.id)?.role, 'anchor')

    const bytes = makeFile(cluster, 'ann', 'song')
    await cluster.json(['store', 'song'], { on: 'ann' })
    await until(
      cluster,
      'the file to be known and kept',
      (status) => status.manifests === 1 && of(status, 'manifests').served > 0 && of(status, 'files').served > 0,
    )
    await keptAt(cluster, harbour.id, ['song'])
    await cluster.until(
      'status of the anchor to tell of the copy',
      () => cluster.json<{ files: number; keptBytes: number; quotaBytes: number }>(['status'], { on: 'harbour' }),
      ({ files, keptBytes, quotaBytes }) => files === 1 && keptBytes === FILE_BYTES && quotaBytes > FILE_BYTES,
    )
    const before = of(await statusOf(cluster), 'files').served
    await onlyAnchorLeft(cluster, ['ann', 'bob'])
    await fetches(cluster, 'zoe', 'song', bytes, harbour.id)
    await until(cluster, 'the chunks to be counted', (status) => of(status, 'files').served > before)
  }),
)

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  test(
    `any of the three gone by ${signal} is back soon; peers are served meanwhile, and nothing acknowledged is lost`,
    inCluster(async (cluster) => {
      const harbour = await cluster.start('harbour', 'anchor').ready
      const peers = ['ann']
      await cluster.startAll(peers)
      await cluster.meshed(['ann', 'harbour'])
      const files = new Map<string, Buffer>()

      for (const task of ['admission', 'manifests', 'files'] as const) {
        const before = await statusOf(cluster)
        const { pid } = of(before, task)
        process.kill(pid, signal)
        // the anchor answers about itself, and the network goes on with the two that are left
        assert.strictEqual((await statusOf(cluster)).processes.length, 3)
        const name = `during-${task}`
        files.set(name, makeFile(cluster, 'ann', name))
        await cluster.json(['store', name], { on: 'ann' })
        const back = await cluster.until(
          `${task} to be back`,
          () => statusOf(cluster),
          (status) => of(status, task).state === 'up' && of(status, task).pid !== pid,
          BACK_MS,
        )
        assert.ok(!isAlive(pid), 'the old one is gone')
        assert.strictEqual(of(back, task).restarts, 1)
        // who was a member is one, others may join, and what came meanwhile is known and kept as all before
        const late = `late-${task}`
        peers.push(late)
        await cluster.start(late).ready
        await cluster.meshed([...peers, 'harbour'])
        await until(
          cluster,
          `all files after ${task}, and every task to have served`,
          (status) =>
            status.manifests === files.size &&
            status.processes.every(({ served }, place) => served > (before.processes[place]?.served ?? 0)),
        )
        await keptAt(cluster, harbour.id, [...files.keys()])
      }
      await onlyAnchorLeft(cluster, peers)
      for (const [name, bytes] of files) await fetches(cluster, 'zoe', name, bytes, harbour.id)
    }),
  )
}

/** The anchor is known to hold all of these. */
async function keptAt(cluster: Cluster, anchor: string, names: readonly string[]): Promise<void> {
  for (const name of names)
    await cluster.until(
      `the anchor to hold ${name}`,
      () => cluster.json<{ chunks: { holders: { id: string }[] }[] }>(['manifest', name], { on: 'ann' }),
      ({ chunks }) => chunks.every(({ holders }) => holders.some(({ id }) => id === anchor)),
      60_000,
    )
}

/** All these are killed at once; zoe is new and has nothing. */
async function onlyAnchorLeft(cluster: Cluster, peers: readonly string[]): Promise<void> {
  await Promise.all(peers.map((name) => cluster.peers.get(name)?.kill('SIGKILL')))
  const data = join(cluster.home, 'zoe')
  await cluster.start('zoe', '-d', data).ready
  await cluster.meshed(['zoe', 'harbour'])
}

test(
  'killed -9 it leaves no process, and started again it knows everything',
  inCluster(async (cluster) => {
    const anchor = cluster.start('harbour', 'anchor')
    const { data, id } = await anchor.ready
    await cluster.start('ann').ready
    await cluster.meshed(['ann', 'harbour'])
    const bytes = makeFile(cluster, 'ann', 'song')
    await cluster.json(['store', 'song'], { on: 'ann' })
    await keptAt(cluster, id, ['song'])
    const { processes } = await statusOf(cluster)
    await anchor.kill('SIGKILL')
    await cluster.until(
      'its processes to end',
      async () => processes.map(({ pid }) => pid).filter(isAlive),
      (left) => left.length === 0,
      BACK_MS,
    )
    const again = await cluster.start('harbour', 'anchor', '-d', data).ready
    assert.strictEqual(again.id, id)
    await cluster.meshed(['ann', 'harbour'])
    assert.strictEqual((await statusOf(cluster)).manifests, 1)
    await onlyAnchorLeft(cluster, ['ann'])
    await fetches(cluster, 'zoe', 'song', bytes, id)
  }),
)

test(
  'it ends politely at every signal and at quit, with all its processes',
  inCluster(async (cluster) => {
    await cluster.start('ann').ready
    for (const how of ['SIGINT', 'SIGTERM', 'SIGHUP', 'quit'] as const) {
      const anchor = cluster.start('harbour', 'anchor')
      await anchor.ready
      await cluster.meshed(['ann', 'harbour'])
      const { processes } = await statusOf(cluster)
      const ended =
        how === 'quit'
          ? await cluster.run(['quit'], { on: 'harbour' }).then(() => anchor.ended)
          : await anchor.kill(how)
      assert.strictEqual(ended.exit, 0, `${how}: ${anchor.output}`)
      assert.deepStrictEqual(processes.map(({ pid }) => pid).filter(isAlive), [], how)
      await cluster.until(
        `ann to see it leave by ${how}`,
        () => cluster.json<{ peers: number }>(['status'], { on: 'ann' }),
        ({ peers }) => peers === 0,
      )
    }
  }),
)

test(
  'the first line of --json is ready, each process is named in its lines, and mistakes are told apart',
  inCluster(async (cluster) => {
    const refused = async (words: readonly string[], exit: number, text: RegExp): Promise<void> => {
      const ended = await cluster.run(words)
      assert.strictEqual(ended.exit, exit, `${words.join(' ')}: ${ended.stderr}`)
      assert.match(ended.stderr, text)
    }
    await refused(['anchor', 'start'], 2, /status/)
    await refused(['anchor', '--quota', 'much'], 2, /--quota takes a size.*"much"/)
    await refused(['anchor', '--mine', 'always'], 2, /mines nothing/)
    await refused(['anchor', '--listen', 'nowhere'], 2, /--listen/)
    await refused(['anchor', 'status'], 3, /p2p-tui anchor/)
    await cluster.start('ann').ready
    await refused(['anchor', 'status'], 3, /p2p-tui anchor/)
    await refused(['anchor', 'status', '-n', 'ann'], 3, /ann is no dedicated anchor/)

    const anchor = cluster.start('harbour', 'anchor', '--quota', '2.5 GiB')
    const { data } = await anchor.ready
    const [first] = anchor.output.split('\n')
    assert.strictEqual(JSON.parse(first ?? '').event, 'ready')
    await cluster.meshed(['ann', 'harbour'])
    assert.match(anchor.output, /"text":"admission: New peer connection from ann/)
    await refused(['anchor', '-d', data], 1, /is in use by process/)
    await refused(['ring', '-n', 'harbour'], 1, /does not do that/)
    await refused(
      ['attach', '-n', 'harbour', '--plain'],
      1,
      /^p2p-tui: harbour is a dedicated anchor and has no console: /,
    )
    assert.match((await cluster.run(['invite'], { on: 'harbour' })).stdout, /start the anchor with --lan/)
    assert.match((await cluster.run(['log'], { on: 'harbour' })).stdout, /admission: Listening for peers/)
  }),
)

test(
  'a person is told where it listens, what it keeps and what to do next, in lines of 80 cells',
  inCluster(async (cluster) => {
    const anchor = spawn(process.execPath, [PROGRAM, 'anchor', '-n', 'harbour', '--quota', '2G'], { env: cluster.env })
    let said = ''
    anchor.stdout.on('data', (data: Buffer) => {
      said += data.toString()
    })
    try {
      await cluster.until(
        'the anchor to say what it is',
        async () => said,
        (text) => /its end .*\n/.test(text),
      )
      assert.match(said, /^harbour .* a dedicated anchor of the network "home"\n/)
      for (const word of ['admission', 'manifests', 'files'])
        assert.match(said, new RegExp(`^  ${word} +127\\.0\\.0\\.1:\\d+$`, 'm'))
      assert.match(said, /^ {2}copies +up to 2\.1 GB of files$/m)
      assert.match(said, /^ {2}elsewhere +not yet: start it with --lan/m)
      const [welcome = ''] = said.split(/^\d\d:/m)
      const wide = welcome.split('\n').filter((line) => line.length > 80 && !/^ {2}state /.test(line))
      assert.deepStrictEqual(wide, [])
    } finally {
      anchor.kill('SIGINT')
      await new Promise((resolve) => anchor.once('close', resolve))
    }
    assert.strictEqual(anchor.exitCode, 0, said)
    assert.match(said, /leaving the network/)
  }),
)

test.run()
