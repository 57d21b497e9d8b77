import * as assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { test } from 'uvu'
import { agreed, closeAll, type Disk, opened, openedHere } from './folder-scanning.js'
import { temporary, until } from './support.js'

function tree(root: string, directories: number, files: number): void {
  for (let at = 0; at < directories; at++) {
    const directory = join(root, `d${at}`, 'deep')
    mkdirSync(directory, { recursive: true })
    for (let file = 0; file < files; file++) writeFileSync(join(directory, `f${file}.txt`), `${root} ${at} ${file}`)
  }
}

async function watched(fill: (root: string) => void): Promise<{ readonly root: string; readonly disk: Disk }> {
  const root = join(temporary(), 'folder')
  mkdirSync(root)
  fill(root)
  const disk = await opened(root)
  await agreed(disk, root)
  return { root, disk }
}

/** What is told of these steps alone. */
async function toldOf(disk: Disk, root: string, steps: () => void): Promise<readonly string[]> {
  const { index } = disk
  const before = index.told.length
  steps()
  await agreed(disk, root)
  return index.told.slice(before).map(({ path, state }) => `${state === null ? 'gone' : state.kind} ${path}`)
}

test('a new file, an edit in place, and a deletion are told, each once', async () => {
  const { root, disk } = await watched(() => {})
  const path = join(root, 'a.txt')
  assert.deepEqual(await toldOf(disk, root, () => writeFileSync(path, 'one')), ['file a.txt'])
  assert.deepEqual(await toldOf(disk, root, () => writeFileSync(path, 'other')), ['file a.txt'])
  assert.deepEqual(await toldOf(disk, root, () => rmSync(path)), ['gone a.txt'])
})

test('a file that an editor replaces by a rename is told every time, and nothing of the temporary one stays', async () => {
  const { root, disk } = await watched((at) => writeFileSync(join(at, 'text.txt'), 'version 0'))
  for (let version = 1; version <= 4; version++) {
    writeFileSync(join(root, '.text.swp'), `version ${version}`)
    renameSync(join(root, '.text.swp'), join(root, 'text.txt'))
    await agreed(disk, root)
  }
  assert.ok(disk.index.told.every(({ path, state }) => path === 'text.txt' && state !== null))
})

test('a renamed tree is known at its new place before it is gone from the old one, and is watched there', async () => {
  const { root, disk } = await watched((at) => tree(at, 3, 150))
  const told = await toldOf(disk, root, () => renameSync(join(root, 'd1'), join(root, 'moved')))
  const firstGone = told.findIndex((line) => line.startsWith('gone'))
  assert.equal(firstGone, 152, told.join('\n'))
  assert.ok(told.slice(firstGone).every((line) => line.startsWith('gone d1')))
  assert.equal(told.at(-1), 'gone d1')
  await toldOf(disk, root, () => writeFileSync(join(root, 'moved', 'deep', 'f3.txt'), 'edited'))
  await toldOf(disk, root, () => renameSync(join(root, 'moved'), join(root, 'd1')))
  await toldOf(disk, root, () => writeFileSync(join(root, 'd1', 'deep', 'f4.txt'), 'edited too'))
})

test('a directory that is deleted and made anew at once is watched', async () => {
  const { root, disk } = await watched((at) => tree(at, 1, 1))
  const directory = join(root, 'd0', 'deep')
  for (let round = 0; round < 5; round++) {
    rmSync(directory, { recursive: true })
    mkdirSync(directory)
    await agreed(disk, root)
    await new Promise((resolve) => setTimeout(resolve, 300))
    writeFileSync(join(directory, 'new.txt'), `round ${round}`)
    await agreed(disk, root)
  }
})

test('a checkout that deletes, makes and rewrites hundreds of files back and forth is followed to the end', async () => {
  const repository = temporary()
  const { root, disk } = await watched((at) => {
    const git = gitIn(repository, at)
    tree(at, 20, 20)
    git('init', '-q', '-b', 'one')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('checkout', '-qb', 'two')
    for (let odd = 1; odd < 20; odd += 2) writeFileSync(join(at, `d${odd}`, 'deep', 'f1.txt'), 'of branch two')
    for (let even = 0; even < 20; even += 2) rmSync(join(at, `d${even}`), { recursive: true })
    mkdirSync(join(at, 'more'))
    tree(join(at, 'more'), 10, 10)
    git('add', '-A')
    git('commit', '-qm', 'two')
  })
  for (const branch of ['one', 'two', 'one', 'two', 'one']) gitIn(repository, root)('checkout', '-q', branch)
  await agreed(disk, root)
  assert.equal(disk.index.states.size, 440)
})

function gitIn(repository: string, root: string): (...args: readonly string[]) => void {
  const env = { ...process.env, GIT_DIR: repository, GIT_WORK_TREE: root, GIT_CONFIG_GLOBAL: '/dev/null' }
  return (...args) => {
    const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.org']
    const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
  }
}

test('20,000 files made in one burst are all seen, though most events of it are lost', async () => {
  const root = temporary()
  tree(root, 10, 0)
  // in this thread: no event is read before the burst is over, and the system keeps 16,384
  const disk = await openedHere(root)
  for (let file = 0; file < 20_000; file++) writeFileSync(join(root, `d${file % 10}`, 'deep', `f${file}`), `${file}`)
  await agreed(disk, root, 120_000)
  rmSync(join(root, 'd3'), { recursive: true })
  await agreed(disk, root, 60_000)
})

test('after rm -rf everything is told as gone, what is in a directory before it', async () => {
  const { root, disk } = await watched((at) => tree(at, 5, 30))
  const told = await toldOf(disk, root, () => {
    for (let at = 0; at < 5; at++) rmSync(join(root, `d${at}`), { recursive: true })
  })
  assert.equal(told.length, 160)
  const gone = new Set<string>()
  for (const line of told) {
    assert.ok(line.startsWith('gone '))
    const path = line.slice(5)
    assert.ok(![...gone].some((above) => path.startsWith(`${above}/`)), `${path} after what it is in`)
    gone.add(path)
  }
})

test('a file that is written slowly is left alone until it is whole', async () => {
  const { root, disk } = await watched(() => {})
  const fd = openSync(join(root, 'slow.bin'), 'w')
  let pauses = 0
  for (let part = 0, before = performance.now(); part < 40; part++) {
    writeSync(fd, Buffer.alloc(1000, part))
    fsyncSync(fd)
    const now = performance.now()
    // a busy machine makes pauses that are as long as the quiet that is waited for
    if (now - before > 70) pauses++
    before = now
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  closeSync(fd)
  await agreed(disk, root)
  const sizes = disk.index.told.map(({ state }) => state?.size)
  assert.ok(sizes.length <= 1 + pauses, sizes.join())
  assert.ok(pauses < 20, 'this machine is too busy to tell')
  assert.equal(sizes.at(-1), 40_000)
})

test('touch tells the new time with the same content, chmod the x bit', async () => {
  const { root, disk } = await watched((at) => writeFileSync(join(at, 'run.sh'), 'echo'))
  const path = join(root, 'run.sh')
  const content = disk.index.lines.get('run.sh')
  utimesSync(path, 1_000_000, 1_000_000)
  await until('the new time', () => disk.index.states.get('run.sh')?.mtimeMs === 1_000_000_000)
  assert.equal(disk.index.lines.get('run.sh'), content)
  chmodSync(path, 0o755)
  await until('the x bit', () => disk.index.states.get('run.sh')?.executable)
  chmodSync(path, 0o644)
  await until('no x bit', () => disk.index.states.get('run.sh')?.executable === false)
  await agreed(disk, root)
})

test('a file of many blocks is hashed block by block, also after something was appended', async () => {
  const { root, disk } = await watched((at) => writeFileSync(join(at, 'film.bin'), Buffer.alloc(40_000_000, 'film')))
  appendFileSync(join(root, 'film.bin'), Buffer.alloc(2_000_001, 'end'))
  await agreed(disk, root)
  const last = disk.index.told.at(-1)
  assert.ok(last?.state !== null && last?.content?.blocks.length === 32 * Math.ceil(42_000_001 / 131_072))
})

test('a directory that becomes a file, and a file that becomes a directory, are followed', async () => {
  const { root, disk } = await watched((at) => {
    tree(at, 1, 2)
    writeFileSync(join(at, 'file'), 'a file')
  })
  const told = await toldOf(disk, root, () => {
    rmSync(join(root, 'd0'), { recursive: true })
    writeFileSync(join(root, 'd0'), 'a file by now')
    rmSync(join(root, 'file'))
    mkdirSync(join(root, 'file'))
    writeFileSync(join(root, 'file', 'in it'), 'deep')
  })
  assert.ok(told.indexOf('gone d0/deep/f0.txt') >= 0)
  assert.ok(told.indexOf('gone d0/deep/f0.txt') < told.indexOf('file d0'))
  assert.equal(lstatSync(join(root, 'file')).ino, disk.index.states.get('file')?.inode)
})

test('all folders close', closeAll)

test.run()
