import * as assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import type { Opening } from '../../src/folder-disk.js'
import { FolderThread } from '../../src/host/folder/folder-thread.js'
import { Root, stateOf } from '../../src/host/folder/root.js'
import { ScanCalls } from '../../src/host/folder/scan-calls.js'
import { States } from '../../src/host/folder/states.js'
import type { ScanReport } from '../../src/host/folder/thread-messages.js'
import { plainWatch } from '../../src/host/folder/watch.js'
import { agreed, closeAll, Index, markerOf, opened, openedHere } from './folder-scanning.js'
import { called, finished, runChild, temporary, until } from './support.js'

const NOBODY = 65_534

function folder(...files: readonly string[]): string {
  const root = join(temporary(), 'folder')
  mkdirSync(root)
  for (const file of files) put(root, file)
  return root
}

function put(root: string, path: string, text = `content of ${path}`): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** An index that has this file. */
function knowing(path: string): Index {
  const index = new Index()
  index.states.set(path, { kind: 'file', size: 1, mtimeMs: 1, inode: 1, executable: false })
  return index
}

const brief = ({ told }: Index): readonly string[] =>
  told.map(({ path, state }) => `${state === null ? 'gone' : state.kind} ${path}`).sort()

test('what changed while the folder was closed is told, and nothing else', async () => {
  const root = folder('same', 'a/edited', 'a/deleted', 'b/c/deep')
  const first = await opened(root)
  await agreed(first, root)
  await first.close()
  put(root, 'a/edited', 'other words')
  rmSync(join(root, 'a/deleted'))
  rmSync(join(root, 'b'), { recursive: true })
  put(root, 'new')
  const { index } = first
  index.told.length = 0
  const again = await opened(root, markerOf(first), index)
  assert.deepEqual(again.opening, { marker: markerOf(first), was: 'same' })
  await agreed(again, root)
  assert.deepEqual(brief(index), ['file a/edited', 'file new', 'gone a/deleted', 'gone b', 'gone b/c', 'gone b/c/deep'])
})

test('the marker tells a new folder from the one that is known, from another one, and from none', async () => {
  const root = folder('file')
  const first = await opened(root)
  const marker = markerOf(first)
  assert.deepEqual(first.opening, { marker, was: 'new' })
  assert.equal(JSON.parse(readFileSync(join(root, '.p2pfolder'), 'utf8')).id, marker)
  await first.close()

  const other = await opened(root, 'ab'.repeat(16))
  assert.deepEqual(other.opening, { marker, was: 'other' })
  await agreed(other, root)
  await other.close()

  rmSync(join(root, '.p2pfolder'))
  const missing = await opened(root, marker, knowing('file'))
  assert.ok('error' in missing.opening && /no .p2pfolder in .*folder resume/.test(missing.opening.error))
  assert.deepEqual(readdirSync(root).sort(), ['file'], 'nothing was made')
  await missing.close()

  const adopted = await opened(root, marker, knowing('file'), true)
  assert.ok('was' in adopted.opening && adopted.opening.was === 'other' && adopted.opening.marker !== marker)
  await adopted.close()

  rmSync(join(root, '.p2pfolder'))
  const moved = await opened(root, marker)
  assert.ok('was' in moved.opening && moved.opening.was === 'new', 'nothing was known: any place will do')
  await moved.close()

  writeFileSync(join(root, '.p2pfolder'), '{"id":')
  const broken = await opened(root)
  assert.ok('was' in broken.opening && broken.opening.was === 'other')
  await broken.close()
})

test('a folder that is known but not there is not made; one that is new is', async () => {
  const root = join(temporary(), 'a', 'b')
  const missing = await opened(root, 'ab'.repeat(16), knowing('file'))
  assert.ok('error' in missing.opening && /no folder at .*folder resume/.test(missing.opening.error))
  const made = await opened(root)
  assert.ok('was' in made.opening && made.opening.was === 'new')
})

test('of two processes one has the folder, and the other hears who', async () => {
  const root = folder('file')
  const child = runChild('folder-watcher', [root])
  await until('the other process to have it', () => child.lines.includes('scanned'))
  const refused = await opened(root)
  assert.ok('error' in refused.opening && refused.opening.error.includes(`(process ${child.process.pid} on `))
  child.process.kill('SIGKILL')
  await child.ended
  const taken = await opened(root)
  assert.ok('marker' in taken.opening)
  const twice = await opened(root)
  assert.ok('error' in twice.opening, 'also in one process only one has it')
})

test('what was written on behalf of the index is not told', async () => {
  const root = folder('a/file', 'a/gone')
  const states = new States()
  const disk = await openedHere(root, { states })
  await agreed(disk, root)
  disk.index.told.length = 0
  mkdirSync(join(root, '.p2pfolder.tmp'))
  put(root, '.p2pfolder.tmp/1', 'of another peer')
  renameSync(join(root, '.p2pfolder.tmp/1'), join(root, 'a/file'))
  rmSync(join(root, 'a/gone'))
  const look = new Root(root).look('a/file')
  assert.ok(look.kind === 'file')
  states.set('a/file', look)
  states.delete('a/gone')
  put(root, 'a/mark')
  await until('a later change', () => disk.index.states.has('a/mark'))
  assert.deepEqual(brief(disk.index), ['file a/mark'])
})

test('a marker that is removed in the middle of a scan stops it: nothing is gone', async () => {
  const files = Array.from({ length: 60 }, (_, at) => `d${at % 6}/f${at}`)
  const root = folder(...files)
  const first = await opened(root)
  await agreed(first, root)
  await first.close()
  for (let at = 0; at < 5; at++) rmSync(join(root, `d${at}`), { recursive: true })
  const { index } = first
  index.told.length = 0
  index.scans = 0
  const again = await openedHere(
    root,
    {
      watch: (absolute, event) => {
        if (absolute.endsWith('d5')) rmSync(join(root, '.p2pfolder'))
        return plainWatch(absolute, event)
      },
    },
    markerOf(first),
    index,
  )
  await until('the folder to be lost', () => index.lostBy)
  assert.match(index.lostBy ?? '', /its marker .* is not there any more/)
  assert.deepEqual(index.told, [])
  await again.close()
})

test('a folder that is moved away, as by unmounting, is lost, and nothing is gone', async () => {
  const root = folder('a/file', 'other')
  const disk = await opened(root)
  await agreed(disk, root)
  disk.index.told.length = 0
  renameSync(root, `${root}.away`)
  mkdirSync(root)
  await until('the folder to be lost', () => disk.index.lostBy)
  assert.deepEqual(disk.index.told, [])
  rmSync(root, { recursive: true })
  renameSync(`${root}.away`, root)
  const back = await called<Opening>('the folder to open again', (done) =>
    disk.calls.open(markerOf(disk), disk.index.states, disk.index, done),
  )
  assert.deepEqual(back, { marker: markerOf(disk), was: 'same' })
  const { scans } = disk.index
  await until('another scan', () => disk.index.scans > scans)
  assert.deepEqual(disk.index.told, [])
})

test('what cannot be shared is a problem with a reason, never gone, and no link is followed', async () => {
  const root = folder('plain', 'was a file', 'dir/in it')
  const disk = await opened(root)
  await agreed(disk, root)
  const { index } = disk
  index.told.length = 0
  const elsewhere = folder('secret')
  rmSync(join(root, 'was a file'))
  symlinkSync(join(elsewhere, 'secret'), join(root, 'was a file'))
  renameSync(join(root, 'dir'), join(elsewhere, 'dir'))
  symlinkSync(join(elsewhere, 'dir'), join(root, 'dir'))
  symlinkSync(elsewhere, join(root, 'link'))
  assert.equal(spawnSync('mkfifo', [join(root, 'pipe')]).status, 0)
  put(root, 'e\u0301.txt')
  put(root, 'line\nbreak')
  writeFileSync(Buffer.concat([Buffer.from(`${root}/bad `), Buffer.from([0xff, 0xfe])]), 'x')
  put(root, 'good \ufffd', 'a real replacement character')
  await until('all problems', () => index.problemList.length >= 7)
  const reasons = Object.fromEntries(index.problemList.map(({ path, reason }) => [path, reason]))
  assert.deepEqual(reasons, {
    'was a file': 'a symbolic link',
    dir: 'a symbolic link',
    link: 'a symbolic link',
    pipe: 'neither a file nor a directory',
    'e\u0301.txt': 'its name is not in Unicode form NFC: rename it',
    'line\nbreak': 'its name has control characters',
    'bad \ufffd\ufffd': 'its name is not Unicode',
  })
  await until('the good one', () => index.states.has('good \ufffd'))
  assert.deepEqual(brief(index), ['file good \ufffd'])
  disk.calls.rescan()
  const scans = index.scans
  await until('another scan', () => index.scans > scans)
  assert.equal(index.problemList.length, 7)
  assert.deepEqual(brief(index), ['file good \ufffd'])
  for (const name of ['pipe', 'link']) rmSync(join(root, name))
  await until('their problems to end', () => index.problemList.length === 5)
})

test('another disk that is mounted in the folder is not entered', () => {
  const root = new Root(folder('dir/file'))
  const found = new Proxy(lstatSync(root.absolute('dir')), {
    get: (stats, key) => (key === 'dev' ? root.device + 1 : Reflect.get(stats, key)),
  })
  assert.deepEqual(root.lookOf(found), { kind: 'blocked', reason: 'another disk is mounted there' })
  assert.deepEqual(root.lookOf(lstatSync(root.absolute('dir'))), stateOf(lstatSync(root.absolute('dir'))))
})

test('what may not be read is a problem, never gone, and is seen once it may', async () => {
  const isRoot = process.getuid?.() === 0
  const root = folder('open', 'closed', 'dir/a', 'names/b')
  if (isRoot)
    for (const path of ['', 'open', 'closed', 'dir', 'dir/a', 'names', 'names/b'])
      chownSync(join(root, path), NOBODY, NOBODY)
  if (isRoot) chmodSync(dirname(root), 0o755)
  const child = runChild('folder-watcher', [root, isRoot ? `${NOBODY}` : ''])
  try {
    const problems = (): string => child.lines.filter((line) => line.startsWith('problems ')).at(-1) ?? ''
    await until('the first scan', () => child.lines.includes('scanned'))
    await until('all to be seen', () => child.lines.filter((line) => line.startsWith('seen ')).length === 6)
    put(root, 'closed', 'other words')
    for (const path of ['closed', 'dir']) chmodSync(join(root, path), 0o000)
    chmodSync(join(root, 'names'), 0o444) // to be listed, but nothing in it to be looked at
    child.process.stdin?.write('rescan\n')
    const paths = ['"closed"', '"dir', '"names/b"']
    await until('all problems', () => paths.every((path) => problems().includes(path)))
    assert.match(problems(), /cannot be read: permission denied/)
    assert.ok(!child.lines.some((line) => line.includes('gone')), child.lines.join('\n'))
    chmodSync(join(root, 'closed'), 0o644)
    for (const path of ['dir', 'names']) chmodSync(join(root, path), 0o755)
    await until('no problem', () => problems() === 'problems []')
    await until('the file', () => child.lines.filter((line) => line === 'seen file closed').length === 2)
    assert.ok(!child.lines.some((line) => line.includes('gone')), child.lines.join('\n'))
  } finally {
    child.process.kill('SIGKILL')
    await child.ended
  }
})

test('ignore rules hide what they name, and act at once when they change', async () => {
  const root = folder('a.txt', 'b.log', 'build/out/x', 'keep/y.log', 'dir/z.txt')
  put(root, '.p2pignore', '*.log\nbuild/\n')
  const disk = await opened(root)
  const { index } = disk
  assert.deepEqual([...index.lines.keys()].sort(), ['.p2pignore', 'a.txt', 'dir', 'dir/z.txt', 'keep'])
  index.told.length = 0
  put(root, '.p2pignore', '*.txt\n')
  await until('the change', () => index.rules === 1)
  await until('what is not ignored any more', () => index.states.has('build/out/x') && index.states.has('keep/y.log'))
  rmSync(join(root, 'a.txt'))
  rmSync(join(root, 'dir'), { recursive: true })
  rmSync(join(root, 'b.log'))
  await until('the deletion', () => brief(index).includes('gone b.log'))
  for (const path of ['a.txt', 'dir', 'dir/z.txt']) assert.ok(index.states.has(path), 'what is ignored is never gone')
  rmSync(join(root, '.p2pignore'))
  await until('no rules', () => index.rules === 2)
  await agreed(disk, root)
})

test('one file alone is shared, also when an editor renames another over it', async () => {
  const root = folder('notes.txt', 'private.txt', 'dir/x')
  const path = join(root, 'notes.txt')
  const disk = await opened(path)
  assert.deepEqual([...disk.index.lines.keys()], ['notes.txt'])
  const before = disk.index.lines.get('notes.txt')
  put(root, 'notes.txt~', 'the next version')
  put(root, 'private.txt', 'more')
  renameSync(`${path}~`, path)
  await until('the new version', () => disk.index.lines.get('notes.txt') !== before)
  assert.deepEqual([...disk.index.lines.keys()], ['notes.txt'])
  rmSync(path)
  await until('the deletion', () => disk.index.lines.size === 0)
  await disk.close()
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('.')),
    ['.notes.txt.p2pfolder'],
  )
  const again = await opened(path, markerOf(disk), disk.index)
  assert.ok('was' in again.opening && again.opening.was === 'same', 'it is known to be a file')
  writeFileSync(path, 'made anew')
  await until('the new file', () => disk.index.states.has('notes.txt'))
  assert.ok(disk.index.told.every((seen) => seen.path === 'notes.txt'))
})

test('without watches the problem is told and scans find what changes', async () => {
  const root = folder('d0/a', 'd1/a', 'd2/a')
  let left = 2
  const disk = await openedHere(root, {
    pauseMs: 200,
    watch: (absolute, event) => {
      if (left-- <= 0)
        throw Object.assign(new Error('System limit for number of file watchers reached'), { code: 'ENOSPC' })
      return plainWatch(absolute, event)
    },
  })
  await until('the problem', () => disk.index.problem('') !== undefined)
  assert.match(disk.index.problem('') ?? '', /no more watches/)
  for (const directory of ['d0', 'd1', 'd2']) put(root, `${directory}/new`)
  await agreed(disk, root)
  left = 10
  await until('the problem to end', () => disk.index.problem('') === undefined)
})

test('when the worker dies the folder is lost, and can be opened again', async () => {
  const root = folder('file')
  const index = new Index()
  const thread = new FolderThread(root, {
    receive: (message) => calls.receive(message as ScanReport),
    ended: (reason) => calls.ended(reason),
  })
  const calls = new ScanCalls((request) => thread.send(request))
  let marker: string | null = null
  const open = (): void =>
    calls.open(marker, index.states, index, (opening) => {
      marker = 'marker' in opening ? opening.marker : opening.error
    })
  open()
  await until('the first scan', () => index.scans === 1)
  // no such message: the worker throws over it
  thread.send(null as never)
  await until('the folder to be lost', () => index.lostBy)
  assert.match(index.lostBy ?? '', /its worker thread died \(.*null/)
  open()
  await until('the second scan', () => index.scans === 2)
  assert.equal(index.told.length, 1)
  thread.send(null as never)
  await finished('the folder to close though its worker died', (done) => calls.close(done))
  await thread.end()
})

test('all folders close', closeAll)

test.run()
