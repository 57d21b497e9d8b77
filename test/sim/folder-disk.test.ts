/** The simulated disk of a shared folder keeps the contract of src/folder-disk.ts: what protocols are tested against. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { DiskState, FolderHooks, Opening, Seen, WriteOutcome } from '../../src/folder-disk.js'
import { EPOCH_MS } from './env.js'
import { SimFolderDisk } from './folder-disk.js'
import { contentOf, SimTree } from './folder-tree.js'
import { SimProcess } from './process.js'
import { Random } from './random.js'
import { Schedule } from './schedule.js'

class Bench {
  readonly schedule = new Schedule()
  readonly tree = new SimTree(() => EPOCH_MS + this.schedule.now)
  readonly seen: Seen[] = []
  readonly said: string[] = []
  #lives = 0
  process = this.#newProcess()
  disk = this.#newDisk()

  #newProcess(): SimProcess {
    return new SimProcess(this.schedule, 1, 0, this.#lives++, 2)
  }

  #newDisk(): SimFolderDisk {
    return new SimFolderDisk({ tree: this.tree, process: this.process, random: new Random(1, this.#lives) })
  }

  crash(): void {
    this.process.die()
    this.process = this.#newProcess()
    this.disk = this.#newDisk()
    this.seen.length = 0
    this.said.length = 0
  }

  open(marker: string | null, known: readonly (readonly [string, DiskState])[] = [], adopt = false): Opening {
    const hooks: FolderHooks = {
      seen: (changes) => void this.seen.push(...changes),
      scanned: () => void this.said.push('scanned'),
      problems: (problems) => void this.said.push(`problems ${problems.map(({ path }) => path).join(' ')}`),
      rulesChanged: () => {},
      lost: () => void this.said.push('lost'),
    }
    const opening = this.ask<Opening>((done) => this.disk.open(marker, known, hooks, done, adopt))
    this.run(500)
    return opening
  }

  ask<T>(call: (done: (answer: T) => void) => void): T {
    const answers: T[] = []
    call((answer) => answers.push(answer))
    assert.equal(answers.length, 0, 'a callback came inside the call')
    this.run(500)
    assert.equal(answers.length, 1)
    return answers[0]!
  }

  run(ms: number): void {
    this.schedule.runUntil(this.schedule.now + ms)
  }

  /** Paths seen since the last call; a deleted one with a minus. */
  news(): readonly string[] {
    return this.seen.splice(0).map(({ path, state }) => (state === null ? `-${path}` : path))
  }

  write(path: string, text: string, replaces: DiskState | null): WriteOutcome {
    return this.ask<WriteOutcome>((done) => this.start(path, text, replaces).finish(done))
  }

  /** An assembly that has all its bytes, copied from a file of the tree that is gone before it is finished. */
  start(path: string, text: string, replaces: DiskState | null): ReturnType<SimFolderDisk['assemble']> {
    const bytes = new Uint8Array(Buffer.from(text))
    const source = 'source of bytes'
    this.tree.write(source, bytes)
    const job = { path, content: contentOf(bytes), mtimeMs: 5000, executable: true, replaces }
    const assembly = this.disk.assemble(job)
    const from = { path: source, state: this.tree.stateOf(source)!, offset: 0 }
    assert.deepEqual(
      this.ask<readonly number[]>((done) => assembly.copy([{ index: 0, from }], done)),
      [],
    )
    this.tree.delete(source)
    this.run(500)
    this.seen.length = 0
    return assembly
  }
}

test('what users change is seen once when quiet, with its content, and own writes are not', () => {
  const bench = new Bench()
  bench.tree.write('a/b', 'one')
  assert.deepEqual(bench.open(null), { marker: bench.tree.marker, was: 'new' })
  assert.deepEqual(bench.news(), ['a', 'a/b'])
  assert.deepEqual(bench.said, ['scanned'])
  bench.tree.append('a/b', ' two')
  bench.run(50)
  assert.deepEqual(bench.news(), [])
  bench.run(500)
  assert.equal(bench.seen.length, 1)
  const [change] = bench.seen
  assert(change?.state && change.content)
  assert.equal(change.content.id, contentOf(new Uint8Array(Buffer.from('one two'))).id)
  bench.news()
  bench.tree.rename('a', 'c')
  bench.run(500)
  assert.deepEqual(bench.news(), ['-a', '-a/b', 'c', 'c/b'])

  const written = bench.write('d/e', 'ours', null)
  assert.equal(written.outcome, 'ok')
  assert.equal(bench.tree.read('d/e'), 'ours')
  assert.deepEqual(written.outcome === 'ok' && written.state, bench.tree.stateOf('d/e'))
  bench.run(130_000)
  assert.deepEqual(bench.news(), [], 'own writes are not seen, nor by a scan')
})

test('what is there is trashed before it is replaced, and what changed meanwhile is left alone', () => {
  const bench = new Bench()
  bench.tree.write('a', 'old')
  bench.open(null)
  const before = bench.tree.stateOf('a')!
  assert.equal(bench.write('a', 'new', before).outcome, 'ok')
  assert.deepEqual([bench.tree.read('a'), bench.tree.trash.length], ['new', 1])
  assert.equal(bench.write('a', 'newer', before).outcome, 'changed')
  assert.equal(bench.ask<{ outcome: string }>((done) => bench.disk.remove('a', before, done)).outcome, 'changed')
  assert.equal(bench.tree.read('a'), 'new')
  bench.tree.write('full/of', 'things')
  const directory = bench.tree.stateOf('full')!
  assert.equal(bench.ask<{ outcome: string }>((done) => bench.disk.remove('full', directory, done)).outcome, 'skipped')
  bench.tree.capacity = 3
  assert.equal(bench.write('b', 'too much', null).outcome, 'full')

  const [item] = bench.ask<readonly { id: string }[]>((done) => bench.disk.trash(done))
  bench.tree.capacity = 100
  bench.run(500)
  bench.news()
  assert.equal(
    bench.ask<string | null>((done) => bench.disk.restore(item!.id, done)),
    null,
  )
  bench.run(500)
  assert.deepEqual(bench.news(), ['a'], 'what a user asks for is seen')
  assert.equal(bench.tree.read('a'), 'old')
})

test('a crash leaves the tree and takes the rest, also between the trash and the rename', () => {
  const bench = new Bench()
  bench.tree.write('a', 'old')
  bench.open(null)
  const old = bench.tree.stateOf('a')!
  bench.start('a', 'new', old).finish(() => assert.fail('it died before'))
  while (bench.tree.things.has('a')) assert(bench.schedule.step())
  const { marker } = bench.tree
  bench.crash()
  assert.deepEqual(bench.open(marker, [['a', old]]), { marker, was: 'same' })
  assert.deepEqual(bench.news(), ['-a'])
  assert.deepEqual(
    bench.tree.trash.map(({ path }) => path),
    ['a'],
  )
})

test('without its marker the folder is lost, opens only when adopted, and all in it is found anew', () => {
  const bench = new Bench()
  bench.tree.write('a', 'text')
  bench.open(null)
  bench.news()
  const { marker } = bench.tree
  const known = [['a', bench.tree.stateOf('a')!]] as const
  bench.tree.loseMarker()
  bench.tree.delete('a')
  bench.run(1000)
  assert.deepEqual([bench.news(), bench.said.at(-1)], [[], 'lost'])
  bench.tree.write('a', 'text')
  assert('error' in bench.open(marker, known))
  const adopted = bench.open(marker, known, true)
  assert(!('error' in adopted))
  assert.equal(adopted.was, 'other')
  assert.deepEqual(bench.news(), ['a'])
})

test('names that cannot be shared are problems, and closing ends it all', () => {
  const bench = new Bench()
  bench.tree.write('good', 'text')
  bench.tree.write('bad\u0001', 'text')
  bench.open(null)
  assert.deepEqual(bench.news(), ['good'])
  assert.deepEqual(bench.said, ['problems bad\u0001', 'scanned'])
  bench.ask<undefined>((done) => bench.disk.close(() => done(undefined)))
  bench.tree.write('good', 'more')
  bench.run(130_000)
  assert.deepEqual(bench.news(), [])
})

test.run()
