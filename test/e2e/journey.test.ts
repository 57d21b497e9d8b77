/** The promises of the README, with real processes: find each other, vote, store, request, survive kills. */
import assert from 'node:assert'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { ChainView, FileView, RequestedView, StatusView, StoredView, TallyView, VoteView } from '../../src/api.js'
import { inCluster } from './cluster.js'

const test = suite('journey')
const sha = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

test(
  'a vote on one of three peers is counted by another, and the same voter is refused by the third',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob', 'cleo']
    await cluster.startAll(names)
    await cluster.meshed(names)
    const vote = await cluster.json<VoteView>(['vote', 'ann', 'yes'], { on: 'ada' })
    assert.strictEqual(vote.status, 'added')
    assert.ok(vote.height >= 1)
    const tally = await cluster.until(
      "ann's ballot in bob's tally",
      () => cluster.json<TallyView>(['tally'], { on: 'bob' }),
      (view) => view.choices.yes === 1,
    )
    assert.strictEqual(tally.total, 1)
    await cluster.until(
      "ann's ballot in cleo's chain",
      () => cluster.json<ChainView>(['chain'], { on: 'cleo' }),
      (view) => view.height >= vote.height,
    )
    const second = await cluster.run(['vote', 'ann', 'no', '--json'], { on: 'cleo' })
    assert.strictEqual(second.exit, 1, second.stdout + second.stderr)
    assert.strictEqual(JSON.parse(second.stdout).status, 'invalid')
    assert.match(second.stderr, /Invalid\/duplicate Vote!/)
  }),
)

test(
  'a file stored at one of six peers comes from at least three sources at once and survives the kill of a holder',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob', 'cleo', 'dora', 'emil', 'fred']
    await cluster.startAll(names)
    await cluster.meshed(names)
    const file = join(cluster.folder('ada'), 'atlas.bin')
    writeFileSync(file, randomBytes(48 * 1024 * 1024))
    const stored = await cluster.json<StoredView>(['store', 'atlas.bin'], { on: 'ada' })
    assert.ok(stored.holders >= 2)
    const listed = await cluster.until(
      'four holders of atlas.bin',
      () => cluster.json<FileView[]>(['files'], { on: 'ada' }),
      (files) => (files[0]?.holders ?? 0) >= 4,
    )
    assert.strictEqual(listed.length, 1)
    let empty = ''
    const holders: string[] = []
    for (const name of names) {
      const files = await cluster.json<FileView[]>(['files'], { on: name })
      if (files[0]?.complete === true) holders.push(name)
      else if (empty === '') empty = name
    }
    assert.notStrictEqual(empty, '', 'one of six peers holds nothing')
    const got = await cluster.json<RequestedView>(['request', 'atlas.bin'], { on: empty })
    assert.strictEqual(sha(join(cluster.folder(empty), 'atlas.bin')), sha(file))
    const giving = got.sources.filter((source) => source.bytes > stored.size / 10)
    assert.ok(giving.length >= 3, `at least three sources give more than 10 %: ${JSON.stringify(got.sources)}`)

    const other = names.find((name) => name !== empty && !holders.includes(name)) ?? empty
    const target = join(cluster.folder(other), 'second.bin')
    const running = cluster.run(['request', 'atlas.bin', '-o', target, '--json'], { on: other })
    await cluster.until(
      'the download to be under way',
      async () => existsSync(target) || existsSync(`${target}.part`),
      (begun) => begun,
    )
    const victim = holders.find((name) => name !== other && name !== 'ada') ?? 'bob'
    await cluster.peers.get(victim)?.kill('SIGKILL')
    const ended = await running
    assert.strictEqual(ended.exit, 0, ended.stderr)
    assert.strictEqual(sha(target), sha(file))
  }),
)

test(
  'a peer killed with -9 comes back with the same id, chain and files',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob', 'cleo']
    await cluster.startAll(names)
    await cluster.meshed(names)
    writeFileSync(join(cluster.folder('bob'), 'notes.txt'), 'keep me\n')
    await cluster.json(['store', 'notes.txt'], { on: 'bob' })
    await cluster.json(['vote', 'ann', 'yes'], { on: 'bob' })
    const before = await cluster.json<StatusView>(['status'], { on: 'bob' })
    const data = (await cluster.peers.get('bob')?.ready)?.data ?? ''
    await cluster.peers.get('bob')?.kill('SIGKILL')
    cluster.start('bob', '-d', data)
    await cluster.peers.get('bob')?.ready
    await cluster.meshed(names)
    const after = await cluster.json<StatusView>(['status'], { on: 'bob' })
    assert.strictEqual(after.id, before.id)
    assert.strictEqual(after.tip, before.tip)
    await cluster.until(
      'notes.txt listed again',
      () => cluster.json<FileView[]>(['files'], { on: 'bob' }),
      (files) => files.some((file) => file.name === 'notes.txt'),
    )
    rmSync(join(cluster.folder('bob'), 'notes.txt'))
    const target = join(cluster.folder('ada'), 'back.txt')
    await cluster.json(['request', 'notes.txt', '-o', target], { on: 'ada' })
    assert.strictEqual(readFileSync(target, 'utf8'), 'keep me\n')
  }),
)

test.run()
