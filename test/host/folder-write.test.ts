import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { DiskState, TrashItem, WriteOutcome } from '../../src/folder-disk.js'
import {
  applied,
  closeDisks,
  contentOf,
  copied,
  fatals,
  jobOf,
  madeDirectory,
  OLD_MS,
  openDisk,
  removed,
  rescanned,
  stateAt,
  temporaryFiles,
  told,
  trashFiles,
} from './folder-disk.js'
import { Index, linesOf } from './folder-scanning.js'
import { called, temporary, until } from './support.js'

const MIB = 1 << 20
const test = suite('what is written to the shared folder')

test.after(async () => {
  await closeDisks()
  assert.deepEqual(fatals, [])
})

/** An open folder with these files, which the scan has told. */
async function folderWith(files: Readonly<Record<string, string | Uint8Array>>) {
  const root = temporary()
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
  const open = await openDisk(root)
  await told(open)
  return open
}

function finished(disk: Awaited<ReturnType<typeof openDisk>>, job: ReturnType<typeof jobOf>): Promise<WriteOutcome> {
  const assembly = disk.disk.assemble(job)
  return called<WriteOutcome>('the file', (done) => assembly.finish(done))
}

test('a file is put together, has its time and mode, and is never told as an edit', async () => {
  const bytes = randomBytes(3 * MIB + 77)
  const open = await folderWith({ source: bytes })
  const before = open.index.told.length
  const outcome = await copied(open, jobOf('a/b/copy.sh', bytes, { executable: true }), 'source')
  applied(open.index, 'a/b/copy.sh', outcome)
  assert.ok(readFileSync(join(open.root, 'a/b/copy.sh')).equals(bytes))
  const found = statSync(join(open.root, 'a/b/copy.sh'))
  assert.equal(Math.floor(found.mtimeMs), OLD_MS)
  assert.equal(found.mode & 0o111, (found.mode & 0o444) >> 2, 'who may read it may execute it')
  assert.equal(found.nlink, 1)
  assert.deepEqual('state' in outcome && outcome.state, stateAt(open.root, 'a/b/copy.sh'))
  await rescanned(open)
  assert.deepEqual(
    open.index.told
      .slice(before)
      .map(({ path }) => path)
      .sort(),
    ['a', 'a/b'],
    'but for the directories, of which nobody was told',
  )
  assert.deepEqual(temporaryFiles(open.root), [])
})

test('an empty file needs no block', async () => {
  const open = await folderWith({})
  applied(open.index, 'empty', await finished(open, jobOf('empty', new Uint8Array(0))))
  assert.equal(readFileSync(join(open.root, 'empty')).length, 0)
})

test('only the blocks that are there and right are taken; a file that is not whole is not put anywhere', async () => {
  const old = randomBytes(64 * MIB)
  const changed = Buffer.from(old)
  for (const index of [3, 200, 511]) randomBytes(100).copy(changed, index * 128 * 1024 + 5)
  const open = await folderWith({ film: old })
  const state = stateAt(open.root, 'film')
  const assembly = open.disk.assemble(jobOf('film', changed, { replaces: state }))
  const blocks = Array.from({ length: 512 }, (_, index) => ({
    index,
    from: { path: 'film', state, offset: index * 128 * 1024 },
  }))
  const missing = await called<readonly number[]>('the copy', (done) => assembly.copy(blocks, done))
  assert.deepEqual(missing, [3, 200, 511])
  const outcome = await called<WriteOutcome>('the end', (done) => assembly.finish(done))
  assert.equal(outcome.outcome, 'failed')
  assert.ok(readFileSync(join(open.root, 'film')).equals(old))
  // what is on its way to the disk is waited for
  await until('what was written to be deleted', () => temporaryFiles(open.root).length === 0)
})

test('a block of a file that is not what it was is missing', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes })
  const state = stateAt(open.root, 'source')
  appendFileSync(join(open.root, 'source'), 'x')
  const assembly = open.disk.assemble(jobOf('copy', bytes))
  const from = { path: 'source', state, offset: 0 }
  const missing = await called<readonly number[]>('the copy', (done) => assembly.copy([{ index: 0, from }], done))
  assert.deepEqual(missing, [0])
  assembly.drop()
})

test('what is replaced goes to the trash, and its readers and writers stay', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes, note: 'old' })
  chmodSync(join(open.root, 'note'), 0o640)
  const job = jobOf('note', bytes, { replaces: stateAt(open.root, 'note') })
  applied(open.index, 'note', await copied(open, job, 'source'))
  assert.ok(readFileSync(join(open.root, 'note')).equals(bytes))
  assert.equal(statSync(join(open.root, 'note')).mode & 0o777, 0o640)
  assert.deepEqual(trashFiles(open.root), ['old'])
})

test('an edit after the copy stays, and is told', async () => {
  const bytes = randomBytes(MIB)
  const edits: Record<string, (at: string) => void> = {
    'written in place': (at) => appendFileSync(at, ' edited'),
    'replaced by a rename': (at) => {
      writeFileSync(`${at}.new`, 'edited')
      renameSync(`${at}.new`, at)
    },
    deleted: (at) => unlinkSync(at),
    'made a directory': (at) => {
      unlinkSync(at)
      mkdirSync(at)
    },
  }
  for (const [how, edit] of Object.entries(edits)) {
    const open = await folderWith({ source: bytes, note: 'old' })
    const job = jobOf('note', bytes, { replaces: stateAt(open.root, 'note') })
    edit(join(open.root, 'note'))
    const lines = linesOf(open.root)
    const outcome = await copied(open, job, 'source')
    assert.equal(outcome.outcome, 'changed', `${how}: ${JSON.stringify(outcome)}`)
    assert.deepEqual(linesOf(open.root), lines, how)
    await told(open)
    assert.deepEqual(temporaryFiles(open.root), [])
  }
})

test('a file that came up where none was expected stays', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes })
  writeFileSync(join(open.root, 'note'), 'mine')
  const outcome = await copied(open, jobOf('note', bytes), 'source')
  assert.equal(outcome.outcome, 'changed')
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'mine')
})

test('a symbolic link in the way is not followed, not replaced and not removed', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes, 'd/note': 'old' })
  const outside = temporary()
  writeFileSync(join(outside, 'note'), 'outside')
  const state = stateAt(open.root, 'd/note')
  rmSync(join(open.root, 'd'), { recursive: true })
  symlinkSync(outside, join(open.root, 'd'))
  symlinkSync(join(outside, 'note'), join(open.root, 'link'))
  const outcomes = [
    await copied(open, jobOf('d/note', bytes, { replaces: state }), 'source'),
    await copied(open, jobOf('d/new', bytes), 'source'),
    await copied(open, jobOf('link', bytes), 'source'),
    await removed(open, 'd/note', state),
    await removed(open, 'link', state),
    await madeDirectory(open, 'd/x'),
    await madeDirectory(open, 'link'),
    await called<WriteOutcome>('the mode', (done) => open.disk.setExecutable('d/note', state, true, done)),
  ]
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    outcomes.map(() => 'skipped'),
  )
  assert.deepEqual(readdirSync(outside), ['note'])
  assert.equal(readFileSync(join(outside, 'note'), 'utf8'), 'outside')
  assert.equal(statSync(join(outside, 'note')).mode & 0o100, 0)
  assert.ok(lstatSync(join(open.root, 'd')).isSymbolicLink() && lstatSync(join(open.root, 'link')).isSymbolicLink())
})

test('a link in the place of the temporary directory goes, and nothing behind it', async () => {
  const outside = temporary()
  writeFileSync(join(outside, 'precious'), 'x')
  const root = temporary()
  symlinkSync(outside, join(root, '.p2pfolder.tmp'))
  const open = await openDisk(root)
  applied(open.index, 'empty', await finished(open, jobOf('empty', new Uint8Array(0))))
  assert.deepEqual(readdirSync(outside), ['precious'])
})

test('a file is removed into the trash, an empty directory is deleted, one with other things stays', async () => {
  const open = await folderWith({ 'd/note': 'old', 'd/other': 'x' })
  const [note, directory] = [stateAt(open.root, 'd/note'), stateAt(open.root, 'd')]
  applied(open.index, 'd/note', await removed(open, 'd/note', note))
  assert.ok(!existsSync(join(open.root, 'd/note')))
  assert.deepEqual(trashFiles(open.root), ['old'])
  assert.equal((await removed(open, 'd', directory)).outcome, 'skipped')
  applied(open.index, 'd/other', await removed(open, 'd/other', stateAt(open.root, 'd/other')))
  applied(open.index, 'd', await removed(open, 'd', directory))
  assert.ok(!existsSync(join(open.root, 'd')))
  assert.equal((await removed(open, 'd', directory)).outcome, 'ok', 'nothing is there')
  const told = open.index.told.length
  await rescanned(open)
  assert.equal(open.index.told.length, told, 'none of it is told')
})

test('a file that was edited is not removed', async () => {
  const open = await folderWith({ note: 'old' })
  const state = stateAt(open.root, 'note')
  appendFileSync(join(open.root, 'note'), ' edited')
  assert.equal((await removed(open, 'note', state)).outcome, 'changed')
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'old edited')
})

test('a directory takes the place of a file, a file that of an empty directory', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes, one: 'old' })
  mkdirSync(join(open.root, 'two'))
  mkdirSync(join(open.root, 'three'))
  writeFileSync(join(open.root, 'three/x'), 'x')
  await rescanned(open)
  applied(open.index, 'one', await madeDirectory(open, 'one', stateAt(open.root, 'one')))
  assert.ok(statSync(join(open.root, 'one')).isDirectory())
  assert.deepEqual(trashFiles(open.root), ['old'])
  const job = jobOf('two', bytes, { replaces: stateAt(open.root, 'two') })
  applied(open.index, 'two', await copied(open, job, 'source'))
  assert.ok(statSync(join(open.root, 'two')).isFile())
  const full = jobOf('three', bytes, { replaces: stateAt(open.root, 'three') })
  assert.equal((await copied(open, full, 'source')).outcome, 'skipped')
  assert.equal(readFileSync(join(open.root, 'three/x'), 'utf8'), 'x')
})

test('only the x bit of a file is set, and nobody hears of it', async () => {
  const open = await folderWith({ note: 'old' })
  chmodSync(join(open.root, 'note'), 0o640)
  await rescanned(open)
  const told = open.index.told.length
  for (const executable of [true, false]) {
    const state = stateAt(open.root, 'note')
    const outcome = await called<WriteOutcome>('the mode', (done) =>
      open.disk.setExecutable('note', state, executable, done),
    )
    applied(open.index, 'note', outcome)
    assert.equal(statSync(join(open.root, 'note')).mode & 0o777, executable ? 0o750 : 0o640)
    assert.deepEqual(open.index.states.get('note'), stateAt(open.root, 'note'))
  }
  await rescanned(open)
  assert.equal(open.index.told.length, told)
})

test('ignored and reserved names are skipped', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes, '.p2pignore': '*.log\nbuild/\n' })
  for (const path of ['a.log', 'build/x', '.p2pfolder', '.p2pfolder.trash/x', '../out', 'a/../../out', '/etc/x']) {
    assert.equal((await copied(open, jobOf(path, bytes), 'source')).outcome, 'skipped', path)
  }
  assert.deepEqual(temporaryFiles(open.root), [])
})

test('without its marker nothing is written to the folder', async () => {
  const bytes = randomBytes(MIB)
  const open = await folderWith({ source: bytes })
  const state = stateAt(open.root, 'source')
  unlinkSync(join(open.root, '.p2pfolder'))
  const outcomes = [await copied(open, jobOf('note', bytes), 'source'), await removed(open, 'source', state)]
  for (const { outcome } of outcomes) assert.ok(outcome === 'failed', outcome)
  assert.ok(existsSync(join(open.root, 'source')) && !existsSync(join(open.root, 'note')))
})

test('what was asked before the folder is closed is done, what comes later is declined', async () => {
  const open = await folderWith({ one: '1', two: '2' })
  const [one, two] = [stateAt(open.root, 'one'), stateAt(open.root, 'two')]
  const first = removed(open, 'one', one)
  await called<null>('the folder to be closed', (done) => open.disk.close(() => done(null)))
  const second = removed(open, 'two', two)
  assert.equal((await first).outcome, 'ok')
  assert.equal((await second).outcome, 'failed')
  assert.ok(existsSync(join(open.root, 'two')))
  const again = await openDisk(open.root, open.marker, new Index(), open.disk)
  assert.equal((await removed(again, 'two', two)).outcome, 'ok')
})

test('an edit of what was just written is told after the write', async () => {
  const open = await folderWith({ source: 'text' })
  const bytes = Buffer.from('text')
  for (let round = 0; round < 20; round++) {
    const path = `note-${round}`
    const outcome = await copied(open, jobOf(path, bytes), 'source')
    applied(open.index, path, outcome)
    appendFileSync(join(open.root, path), 'mine')
  }
  await told(open)
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(open.index.states.get(`note-${round}`), stateAt(open.root, `note-${round}`))
  }
})

test('of a folder that is one file only that file is written, and what is beside it stays', async () => {
  const at = temporary()
  writeFileSync(join(at, 'blockchain.txt'), 'old')
  writeFileSync(join(at, 'private'), 'mine')
  const open = await openDisk(join(at, 'blockchain.txt'))
  await until('the file to be told', () => open.index.states.has('blockchain.txt'))
  const state = stateAt(at, 'blockchain.txt')
  applied(
    open.index,
    'blockchain.txt',
    await finished(open, jobOf('blockchain.txt', new Uint8Array(0), { replaces: state })),
  )
  assert.equal(readFileSync(join(at, 'blockchain.txt')).length, 0)
  assert.equal((await removed(open, 'private', stateAt(at, 'private'))).outcome, 'skipped')
  assert.equal((await finished(open, jobOf('d/new', new Uint8Array(0)))).outcome, 'skipped')
  assert.ok(existsSync(join(at, 'private')) && !existsSync(join(at, 'd')))
  const [item] = await called<readonly TrashItem[]>('the trash', (done) => open.disk.trash(done))
  assert.equal(await called('the old one', (done) => open.disk.restore(item?.id ?? '', done)), null)
  assert.equal(readFileSync(join(at, 'blockchain.txt'), 'utf8'), 'old')
})

test('when the thread dies all is answered, the folder is lost, and it can be opened again', async () => {
  const open = await folderWith({ note: 'text' })
  const waiting = removed(open, 'note', undefined as unknown as DiskState) // what only a fault of ours could send
  assert.equal((await waiting).outcome, 'failed')
  await until('the folder to be lost', () => open.index.lostBy)
  assert.match(fatals.splice(0).join(), /the thread of the shared folder died/)
  const again = await openDisk(open.root, open.marker, new Index(), open.disk)
  assert.equal((await removed(again, 'note', stateAt(open.root, 'note'))).outcome, 'ok')
})

test('a content that is not of these blocks cannot be made', async () => {
  const open = await folderWith({ source: 'text' })
  const content = { ...contentOf(Buffer.from('text')), blocks: contentOf(Buffer.from('other')).blocks }
  const assembly = open.disk.assemble({ ...jobOf('note', Buffer.from('text')), content })
  const from = { path: 'source', state: stateAt(open.root, 'source'), offset: 0 }
  assert.deepEqual(
    await called<readonly number[]>('the copy', (done) => assembly.copy([{ index: 0, from }], done)),
    [0],
  )
  assembly.drop()
})

test.run()
