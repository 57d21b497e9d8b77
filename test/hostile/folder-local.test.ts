/**
 * Programs of this machine that plant pipes, links and huge files where the shared folder's disk reads and writes: it never
 * waits for them, and nothing outside the folder is read, written or deleted.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import type { Opening, TrashItem, WriteOutcome } from '../../src/folder-disk.js'
import { Root } from '../../src/host/folder/root.js'
import { Rules } from '../../src/host/folder/rules.js'
import { Sources } from '../../src/host/folder/sources.js'
import {
  applied,
  closeDisks,
  copied,
  diskOf,
  jobOf,
  type OpenDisk,
  openDisk,
  removed,
  stateAt,
  told,
} from '../host/folder-disk.js'
import { Index } from '../host/folder-scanning.js'
import { called, temporary, until } from '../host/support.js'

const MIB = 1 << 20
const pipe = (path: string): void => void execFileSync('mkfifo', [path])

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<OpenDisk> {
  const root = join(temporary(), 'folder')
  mkdirSync(root)
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
  const open = await openDisk(root)
  await told(open)
  return open
}

const PLANTED: Readonly<Record<string, (path: string) => void>> = {
  'a pipe': pipe,
  'a directory': (path) => mkdirSync(path),
  'a link that leads nowhere': (path) => symlinkSync('/nowhere', path),
  'a link to what never ends': (path) => symlinkSync('/dev/zero', path),
  'a file of 1 TiB': (path) => {
    writeFileSync(path, '')
    truncateSync(path, 2 ** 40)
  },
}

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`${what} in the place of the marker: the folder is lost, and not read to the end`, async () => {
    const { root, disk, index, marker } = await folderWith({ note: 'text' })
    unlinkSync(join(root, '.p2pfolder'))
    plant(join(root, '.p2pfolder'))
    await until('the folder to be lost', () => index.lostBy !== null)
    const opening = await called<Opening>('an answer', (done) => disk.open(marker, [], index, done))
    assert.ok(what === 'a directory' ? 'error' in opening : 'marker' in opening && opening.was === 'other')
    assert.equal(readFileSync(join(root, 'note'), 'utf8'), 'text')
  })

  test(`${what} in the place of the lock keeps nobody waiting`, async () => {
    const root = temporary()
    plant(join(root, '.p2pfolder.lock'))
    const opening = await called<Opening>('an answer', (done) => diskOf(root).open(null, [], new Index(), done))
    assert.equal('error' in opening, what === 'a directory')
  })

  test(`${what} in the place of a list of the trash is no list`, async () => {
    const root = temporary()
    const batch = join(root, '.p2pfolder.trash', '1700000000000-00000000')
    mkdirSync(batch, { recursive: true })
    mkdirSync(join(root, '.p2pfolder.tmp'))
    writeFileSync(join(root, '.p2pfolder.tmp', '1700000000000-00000000.moving'), '')
    plant(join(batch, 'items.json'))
    const { disk } = await openDisk(root)
    assert.deepEqual(await called<readonly TrashItem[]>('the trash', (done) => disk.trash(done)), [])
  })

  test(`${what} in the place of a file is not read for others`, async () => {
    const { root } = await folderWith({ note: 'text' })
    const state = stateAt(root, 'note')
    unlinkSync(join(root, 'note'))
    plant(join(root, 'note'))
    assert.equal(new Sources(new Root(root)).read('note', state, 0, new Uint8Array(4)), false)
  })
}

test('a mark that names another directory moves nothing', async () => {
  const root = temporary()
  const list = JSON.stringify([{ path: 'victim', replaced: true, time: 1 }])
  writeFileSync(join(root, 'items.json'), list)
  writeFileSync(join(root, '0'), 'zero')
  mkdirSync(join(root, '.p2pfolder.tmp'))
  mkdirSync(join(root, '.p2pfolder.trash'))
  const outside = temporary()
  writeFileSync(join(outside, 'items.json'), list)
  writeFileSync(join(outside, '0'), 'outside')
  symlinkSync(outside, join(root, '.p2pfolder.trash', '1700000000000-00000000'))
  for (const batch of ['..', '1700000000000-00000000'])
    writeFileSync(join(root, '.p2pfolder.tmp', `${batch}.moving`), '')
  await openDisk(root)
  assert.deepEqual(
    readdirSync(root).filter((name) => !name.startsWith('.')),
    ['0', 'items.json'],
  )
  assert.deepEqual(readdirSync(outside), ['0', 'items.json'])
})

test('a link in the place of the temporary directory while files are put together: nothing behind it is touched', async () => {
  const bytes = randomBytes(2 * MIB)
  const open = await folderWith({ source: bytes })
  const { root, disk } = open
  const outside = temporary()
  for (let n = 1; n < 20; n++) writeFileSync(join(outside, `${n}`), 'outside')
  const job = jobOf('new', bytes)
  const assembly = disk.assemble(job)
  const from = { path: 'source', state: stateAt(root, 'source') }
  const blocks = Array.from({ length: 16 }, (_, index) => ({ index, from: { ...from, offset: index * 128 * 1024 } }))
  assert.deepEqual(await called<readonly number[]>('the copy', (done) => assembly.copy(blocks, done)), [])
  const dropped = disk.assemble(jobOf('dropped', bytes))
  await called<readonly number[]>('another copy', (done) => dropped.copy(blocks, done))
  renameSync(join(root, '.p2pfolder.tmp'), join(root, '.p2pfolder.tmp away'))
  symlinkSync(outside, join(root, '.p2pfolder.tmp'))
  dropped.drop()
  const outcome = await called<WriteOutcome>('the file', (done) => assembly.finish(done))
  assert.equal(outcome.outcome, 'changed', JSON.stringify(outcome))
  applied(open.index, 'later', await copied(open, jobOf('later', bytes), 'source'))
  assert.deepEqual(readdirSync(outside).length, 19)
  for (const name of readdirSync(outside)) assert.equal(readFileSync(join(outside, name), 'utf8'), 'outside')
  assert.ok(lstatSync(join(root, '.p2pfolder.tmp')).isDirectory())
})

test('a link in the place of the folder itself: nothing is written or deleted behind it', async () => {
  const bytes = randomBytes(2 * MIB)
  const open = await folderWith({ source: bytes, note: 'text' })
  const { root, index } = open
  const outside = temporary()
  const note = stateAt(root, 'note')
  renameSync(root, `${root} away`)
  symlinkSync(outside, root)
  // the marker's copy makes it look right
  writeFileSync(join(outside, '.p2pfolder'), readFileSync(join(`${root} away`, '.p2pfolder')))
  writeFileSync(join(outside, 'note'), 'outside')
  const [assembly, empty] = [
    open.disk.assemble(jobOf('new', bytes)),
    open.disk.assemble(jobOf('empty', new Uint8Array(0))),
  ]
  const from = { path: 'source', state: stateAt(`${root} away`, 'source'), offset: 0 }
  await called<readonly number[]>('the copy', (done) => assembly.copy([{ index: 0, from }], done))
  const outcomes = [
    await called<WriteOutcome>('the file', (done) => empty.finish(done)),
    await removed(open, 'note', note),
  ]
  assert.ok(
    outcomes.every(({ outcome }) => outcome !== 'ok'),
    JSON.stringify(outcomes),
  )
  await until('the folder to be lost', () => index.lostBy !== null)
  assert.deepEqual(readdirSync(outside).sort(), ['.p2pfolder', 'note'])
  unlinkSync(root)
  renameSync(`${root} away`, root)
})

test('rules that anybody may write do not keep the thread busy', () => {
  const root = temporary()
  const deep = Array.from({ length: 100 }, () => 'a').join('/')
  const refused = [
    '**/a/**/a/**/a/**/b',
    Array.from({ length: 5_000 }, (_, n) => `*${n}`).join('\n'),
    Array.from({ length: 1_000 }, (_, n) => `a/**/b${n}`).join('\n'),
    `${'x'.repeat(70_000)}`,
  ]
  const rules = new Rules()
  writeFileSync(join(root, '.p2pignore'), '*.log\n')
  rules.load(new Root(root))
  for (const text of refused) {
    writeFileSync(join(root, '.p2pignore'), text)
    assert.throws(() => rules.load(new Root(root)), /\.p2pignore/)
    assert.ok(rules.ignores(`${deep}/x.log`, false), 'the old ones stay')
  }
  writeFileSync(
    join(root, '.p2pignore'),
    '# **/a/**/a/**/a/**\n/build/**\n**/node_modules\na/**/b/**/c\n*.tmp\r\n!keep.tmp\n',
  )
  rules.load(new Root(root))
  assert.ok(rules.ignores('a/x/b/y/c', false) && rules.ignores('x/y.tmp', false) && !rules.ignores('keep.tmp', false))
})

test('rules that are too much are a problem of the folder, and the others go on', async () => {
  const open = await folderWith({ '.p2pignore': '*.log\n' })
  writeFileSync(join(open.root, '.p2pignore'), '**/a/**/a/**/a/**/b')
  await until('the problem to be told', () => open.index.problem('.p2pignore')?.includes('more than two **'))
  writeFileSync(join(open.root, 'b.log'), 'x')
  writeFileSync(join(open.root, 'note'), 'text')
  await until('the note to be told', () => open.index.lines.has('note'))
  assert.ok(!open.index.lines.has('b.log'))
  rmSync(join(open.root, '.p2pignore'))
  await until('all to be told', () => open.index.lines.has('b.log'))
})

test('all folders close', closeDisks)

test.run()
