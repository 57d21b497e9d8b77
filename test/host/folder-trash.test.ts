import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { TrashItem } from '../../src/folder-disk.js'
import {
  applied,
  closeDisks,
  copied,
  fatals,
  jobOf,
  type OpenDisk,
  openDisk,
  removed,
  rescanned,
  stateAt,
  temporaryFiles,
  told,
  trashFiles,
} from './folder-disk.js'
import { Index } from './folder-scanning.js'
import { called, runChild, temporary, until } from './support.js'

const DAY_MS = 24 * 60 * 60 * 1000
const test = suite('the trash of the shared folder')

test.after(async () => {
  await closeDisks()
  assert.deepEqual(fatals, [])
})

async function folderWith(files: Readonly<Record<string, string>>): Promise<OpenDisk> {
  const root = temporary()
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  const open = await openDisk(root)
  await told(open)
  return open
}

function listed({ disk }: OpenDisk): Promise<readonly TrashItem[]> {
  return called('the trash', (done) => disk.trash(done))
}

function restored({ disk }: OpenDisk, id: string): Promise<string | null> {
  return called('the file to be back', (done) => disk.restore(id, done))
}

function renamed({ disk }: OpenDisk, from: string, to: string, replace: boolean): Promise<string | null> {
  return called('the name', (done) => disk.rename(from, to, replace, done))
}

/** Puts a file into the trash as an earlier process would have. */
function trashed(root: string, path: string, text: string, time: number, isReplaced = false): string {
  const batch = `${time}-${randomBytes(4).toString('hex')}`
  const at = join(root, '.p2pfolder.trash', batch)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'items.json'), JSON.stringify([{ path, replaced: isReplaced, time }]))
  writeFileSync(join(at, '0'), text)
  return batch
}

test('a deleted file comes back with its time, told like an edit, and leaves the trash', async () => {
  const open = await folderWith({ note: 'text' })
  const state = stateAt(open.root, 'note')
  applied(open.index, 'note', await removed(open, 'note', state))
  const [item, ...others] = await listed(open)
  assert.ok(item !== undefined && others.length === 0)
  assert.deepEqual([item.path, item.size], ['note', 4])
  assert.equal(await restored(open, item.id), null)
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'text')
  assert.deepEqual(stateAt(open.root, 'note'), state)
  await told(open)
  assert.deepEqual(await listed(open), [])
  assert.deepEqual(readdirSync(join(open.root, '.p2pfolder.trash')), [])
  assert.match((await restored(open, item.id)) ?? '', /there is no .* in the trash/)
  assert.match((await restored(open, '../../etc')) ?? '', /there is no/)
})

test('what stands in the place of a restored file goes to the trash itself', async () => {
  const open = await folderWith({ note: 'old', source: 'new' })
  const job = jobOf('note', Buffer.from('new'), { replaces: stateAt(open.root, 'note') })
  applied(open.index, 'note', await copied(open, job, 'source'))
  const [item] = await listed(open)
  assert.equal(await restored(open, item?.id ?? ''), null)
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'old')
  assert.deepEqual(trashFiles(open.root), ['new'])
  const lines = (await listed(open)).map(({ path, size }) => `${path} ${size}`)
  assert.deepEqual(lines, ['note 3'])
  await told(open)
})

test('the trash is listed newest first, also by the next process', async () => {
  const open = await folderWith({ one: '1', two: '22', three: '333' })
  for (const path of ['one', 'two', 'three']) {
    applied(open.index, path, await removed(open, path, stateAt(open.root, path)))
  }
  const items = await listed(open)
  assert.deepEqual(
    items.map(({ path, size }) => [path, size]),
    [
      ['three', 3],
      ['two', 2],
      ['one', 1],
    ],
  )
  await open.disk.close()
  const again = await openDisk(open.root, open.marker)
  assert.deepEqual(await listed(again), items)
})

test('what is older than 30 days or more than 1 GiB goes, what came last stays', async () => {
  const root = temporary()
  const now = Date.now()
  trashed(root, 'ancient', 'x', now - 31 * DAY_MS)
  const large = ['second', 'third', 'last'].map((path, n) => {
    const batch = trashed(root, path, '', now - (10 - n) * DAY_MS)
    truncateSync(join(root, '.p2pfolder.trash', batch, '0'), 600 * 2 ** 20)
    return batch
  })
  const open = await openDisk(root)
  assert.deepEqual(
    (await listed(open)).map(({ path }) => path),
    ['last'],
  )
  assert.deepEqual(readdirSync(join(root, '.p2pfolder.trash')), large.slice(2))
})

test('a name is given anew only where nothing stands, or that goes to the trash', async () => {
  const open = await folderWith({ note: 'mine', copy: 'theirs' })
  assert.match((await renamed(open, 'copy', 'note', false)) ?? '', /already/)
  assert.equal(await renamed(open, 'copy', 'd/other', false), null)
  assert.equal(readFileSync(join(open.root, 'd/other'), 'utf8'), 'theirs')
  assert.equal(await renamed(open, 'd/other', 'note', true), null)
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'theirs')
  assert.deepEqual(trashFiles(open.root), ['mine'])
  assert.match((await renamed(open, 'nothing', 'note', true)) ?? '', /no file/)
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'theirs', 'what stood there is back')
  assert.match((await renamed(open, 'note', 'd', true)) ?? '', /directory/)
  await told(open)
})

test('a file is discarded into the trash', async () => {
  const open = await folderWith({ note: 'text' })
  assert.equal(await called('the end', (done) => open.disk.discard('note', done)), null)
  assert.ok(!existsSync(join(open.root, 'note')))
  assert.deepEqual(trashFiles(open.root), ['text'])
  await told(open)
  assert.match((await called<string | null>('no', (done) => open.disk.discard('note', done))) ?? '', /no file/)
})

test('a file that was moved away by a process that was killed then is put back, and not told as gone', async () => {
  const open = await folderWith({ note: 'text', other: 'x', source: 'new' })
  await open.disk.close()
  const marks = ['note', 'other'].map((path, n) => {
    const batch = trashed(open.root, path, '', Date.now() + n, true)
    renameSync(join(open.root, path), join(open.root, '.p2pfolder.trash', batch, '0'))
    return `${batch}.moving`
  })
  mkdirSync(join(open.root, '.p2pfolder.tmp'))
  for (const mark of marks) writeFileSync(join(open.root, '.p2pfolder.tmp', mark), '')
  writeFileSync(join(open.root, '.p2pfolder.tmp', '7'), 'half')
  writeFileSync(join(open.root, 'other'), 'its successor')
  const before = open.index.told.length
  const again = await openDisk(open.root, open.marker, open.index)
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'text')
  assert.equal(readFileSync(join(open.root, 'other'), 'utf8'), 'its successor')
  assert.deepEqual(trashFiles(open.root), ['x'])
  assert.deepEqual(temporaryFiles(open.root), [])
  await told(again)
  assert.deepEqual(
    open.index.told.slice(before).map(({ path, state }) => [path, state?.kind]),
    [['other', 'file']],
  )
})

test('a link in the place of the trash is not followed: then nothing is deleted', async () => {
  const open = await folderWith({ note: 'text' })
  const outside = temporary()
  symlinkSync(outside, join(open.root, '.p2pfolder.trash'))
  assert.notEqual((await removed(open, 'note', stateAt(open.root, 'note'))).outcome, 'ok')
  assert.equal(readFileSync(join(open.root, 'note'), 'utf8'), 'text')
  assert.deepEqual(readdirSync(outside), [])
})

test('a list that somebody else wrote moves nothing out of the folder', async () => {
  const root = join(temporary(), 'folder')
  mkdirSync(root)
  const batch = trashed(root, '../escaped', 'x', Date.now(), true)
  mkdirSync(join(root, '.p2pfolder.tmp'))
  writeFileSync(join(root, '.p2pfolder.tmp', `${batch}.moving`), '')
  for (const text of ['{', '[1]', '[{"path":"a"}]', 'null']) {
    writeFileSync(join(root, '.p2pfolder.trash', trashed(root, 'a', 'x', 1), 'items.json'), text)
  }
  const open = await openDisk(root)
  assert.deepEqual(await listed(open), [])
  assert.ok(!existsSync(join(root, '..', 'escaped')))
})

test('killed at any moment, a file that is replaced all the time is whole, and nothing half made is left', async () => {
  const root = temporary()
  const texts = ['a', 'b'].map((letter) => letter.repeat(300_000))
  for (const [n, text] of texts.entries()) writeFileSync(join(root, `source-${n}`), text)
  writeFileSync(join(root, 'note'), texts[0] ?? '')
  for (const path of ['source-0', 'source-1', 'note']) utimesSync(join(root, path), 1, 1)
  const first = await openDisk(root)
  await first.disk.close()
  for (let round = 0; round < 8; round++) {
    const child = runChild('folder-replacer', [root, first.marker])
    await until('it to have replaced some', () => child.lines.length > 3 + round * 2)
    child.process.kill('SIGKILL')
    await child.ended
    const open = await openDisk(root, first.marker, new Index())
    assert.ok(texts.includes(readFileSync(join(root, 'note'), 'utf8')))
    assert.deepEqual(temporaryFiles(root), [])
    for (const text of trashFiles(root)) assert.ok(texts.includes(text))
    await open.disk.close()
  }
})

test('an edit that comes while the change waits for the disk is not lost', async () => {
  const open = await folderWith({ source: 'new' })
  for (let round = 0; round < 100; round++) {
    writeFileSync(join(open.root, 'note'), `old ${round}`)
    const job = jobOf('note', Buffer.from('new'), { replaces: stateAt(open.root, 'note') })
    const outcome = copied(open, job, 'source')
    const edit = setImmediateChain(round % 7, () => appendFileSync(join(open.root, 'note'), `mine ${round}`))
    await Promise.all([outcome, edit])
    const found = [readFileSync(join(open.root, 'note'), 'utf8'), ...trashFiles(open.root)]
    assert.ok(
      found.some((text) => text.endsWith(`mine ${round}`)),
      `round ${round}: ${(await outcome).outcome}`,
    )
    unlinkSync(join(open.root, 'note'))
  }
  await rescanned(open)
})

/** After so many turns of the event loop. */
async function setImmediateChain(turns: number, then: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  then()
}

test.run()
