/** The shared folder between real peers: edits, newcomers, conflicts, deletions, modes. */
import assert from 'node:assert'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { withFolders } from './folder-peers.js'
import { eventually, listing, textAt, treeOf } from './trees.js'

const test = suite('folder')
const QUIET_MS = 10_000
const ALL = ['ann', 'ben', 'cat', 'dan']

test(
  'an edit of blockchain.txt by anybody reaches everybody, a newcomer too, and nothing echoes',
  withFolders(async (peers) => {
    await peers.start(ALL.slice(0, 3))
    for (const [place, author] of ALL.slice(0, 3).entries()) {
      const block = `block ${place} by ${author}\n`
      appendFileSync(join(peers.root(author), 'blockchain.txt'), block)
      for (const root of peers.roots(ALL.slice(0, 3)))
        await eventually(
          `${block} in ${root}`,
          () => textAt(root, 'blockchain.txt'),
          (text) => text?.endsWith(block) === true,
        )
    }
    await peers.start(['dan'])
    const tree = await peers.same(ALL, (one) => one.includes('blockchain.txt'))
    const stamps = (): string =>
      JSON.stringify(
        peers.roots(ALL).map((root) => [...treeOf(root)].map(([path, { inode, mtimeMs }]) => [path, inode, mtimeMs])),
      )
    const before = stamps()
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    assert.strictEqual(stamps(), before, 'no inode and no time moved')
    assert.strictEqual(tree.split('\n').length, 1, 'no conflict copy')
    assert.strictEqual(textAt(peers.root('dan'), 'blockchain.txt'), 'block 0 by ann\nblock 1 by ben\nblock 2 by cat\n')
  }),
)

test(
  'an edit comes through a peer in between where two have no link',
  withFolders(async (peers) => {
    const names = ALL.slice(0, 3)
    await peers.start(names)
    await peers.cluster.meshed(names)
    await peers.run('ann', 'leave', 'cat')
    await peers.cluster.until(
      'ann and cat to be apart',
      () => peers.cluster.json<{ name: string; state: string }[]>(['peers'], { on: 'ann' }),
      (list) => list.every(({ name, state }) => name !== 'cat' || state !== 'up'),
    )
    writeFileSync(join(peers.root('ann'), 'blockchain.txt'), 'from ann\n')
    await peers.same(names, (tree) => tree.includes('blockchain.txt'))
    writeFileSync(join(peers.root('cat'), 'answer.txt'), 'from cat\n')
    await peers.same(names, (tree) => tree.includes('answer.txt'))
  }),
)

test(
  'at the first meeting two folders become their union, and equal files are no conflict',
  withFolders(async (peers) => {
    for (const name of ['ann', 'ben']) {
      mkdirSync(join(peers.root(name), 'docs/empty'), { recursive: true })
      writeFileSync(join(peers.root(name), 'docs/same.txt'), 'the same bytes')
      writeFileSync(join(peers.root(name), `docs/${name}.txt`), name)
    }
    utimesSync(join(peers.root('ben'), 'docs/same.txt'), 1_600_000_000, 1_600_000_000)
    await peers.start(['ann', 'ben'])
    const tree = await peers.same(['ann', 'ben'], (one) => one.includes('ann.txt') && one.includes('ben.txt'))
    assert.deepStrictEqual(
      tree.split('\n').map((line) => line.split(' ')[0]),
      ['docs', 'docs/ann.txt', 'docs/ben.txt', 'docs/empty', 'docs/same.txt'],
    )
    assert.deepStrictEqual((await peers.view('ann')).conflicts, [])
  }),
)

test(
  'both edited while apart: the newest is in place, the other beside it, until somebody decides',
  withFolders(async (peers) => {
    const names = ['ann', 'ben']
    await peers.start(names)
    for (const path of ['one.txt', 'two.txt', 'three.txt']) writeFileSync(join(peers.root('ann'), path), 'before')
    await peers.same(names, (tree) => tree.includes('three.txt'))
    for (const name of names) await peers.quit(name)
    for (const path of ['one.txt', 'two.txt', 'three.txt']) {
      writeFileSync(join(peers.root('ann'), path), `ann's ${path}`)
      writeFileSync(join(peers.root('ben'), path), `ben's ${path}`)
      utimesSync(join(peers.root('ann'), path), 1_700_000_000, 1_700_000_000)
    }
    await peers.start(names)
    await peers.same(names, (tree) => tree.split('\n').length === 6)
    assert.strictEqual(textAt(peers.root('ann'), 'one.txt'), "ben's one.txt")
    const { conflicts } = await peers.until('ann', 'to list three conflicts', (view) => view.conflicts.length === 3)
    const copyOf = (path: string): string => conflicts.find((one) => one.path === path)?.copy ?? ''
    assert.match(copyOf('one.txt'), /^one\.sync-conflict-20231114-221320-000-[0-9a-f]{7}\.txt$/)
    assert.strictEqual(textAt(peers.root('ben'), copyOf('one.txt')), "ann's one.txt")
    await peers.run('ann', 'folder', 'conflicts', 'keep', copyOf('one.txt'), 'this')
    await peers.run('ben', 'folder', 'conflicts', 'keep', copyOf('two.txt'), 'that')
    await peers.run('ann', 'folder', 'conflicts', 'keep', copyOf('three.txt'), 'both')
    await peers.same(names, (tree) => !tree.includes('sync-conflict') && tree.split('\n').length === 4)
    assert.strictEqual(textAt(peers.root('ann'), 'one.txt'), "ben's one.txt")
    assert.strictEqual(textAt(peers.root('ann'), 'two.txt'), "ann's two.txt")
    assert.strictEqual(textAt(peers.root('ann'), 'three.txt'), "ben's three.txt")
    for (const name of names)
      await peers.until(name, 'no conflict', (view) => view.conflicts.length === 0 && view.inSync)
  }),
)

test(
  'what one deletes is in the trash of the others, and comes back for all when restored',
  withFolders(async (peers) => {
    const names = ['ann', 'ben']
    await peers.start(names)
    mkdirSync(join(peers.root('ann'), 'notes'))
    writeFileSync(join(peers.root('ann'), 'notes/todo.txt'), 'milk')
    await peers.same(names, (tree) => tree.includes('todo.txt'))
    rmSync(join(peers.root('ann'), 'notes'), { recursive: true })
    await peers.same(names, (tree) => tree === '')
    const { stdout } = await peers.run('ben', 'folder', 'restore', '--json')
    assert.ok(stdout.includes('notes/todo.txt'), stdout)
    await peers.run('ben', 'folder', 'restore', 'notes/todo.txt')
    await peers.same(names, (tree) => tree.includes('notes/todo.txt'))
    assert.strictEqual(textAt(peers.root('ann'), 'notes/todo.txt'), 'milk')
    const ended = await peers.cluster.run(['folder', 'restore', 'never.txt'], { on: 'ben' })
    assert.strictEqual(ended.exit, 1)
    assert.match(ended.stderr, /never\.txt/)
  }),
)

test(
  'deletions are deletions also for whoever was away, and for whoever lost its index',
  withFolders(async (peers) => {
    const names = ['ann', 'ben', 'cat']
    await peers.start(names)
    for (const path of ['keep.txt', 'drop.txt', 'edit.txt']) writeFileSync(join(peers.root('ann'), path), path)
    await peers.same(names, (tree) => tree.split('\n').length === 3)
    await peers.quit('ben')
    await peers.quit('cat')
    unlinkSync(join(peers.root('ann'), 'drop.txt'))
    writeFileSync(join(peers.root('ann'), 'edit.txt'), 'edited')
    await peers.until('ann', 'two files', (view) => view.files === 2 && view.inSync)
    for (const name of readdirSync(peers.state('cat')))
      if (/lmdb|mdb|data|store/.test(name)) rmSync(join(peers.state('cat'), name), { recursive: true })
    await peers.start(['ben', 'cat'])
    const tree = await peers.same(names, (one) => !one.includes('drop.txt') && one.split('\n').length === 2)
    assert.ok(!tree.includes('sync-conflict'), tree)
    for (const root of peers.roots(names)) assert.strictEqual(textAt(root, 'edit.txt'), 'edited')
  }),
)

test(
  'a folder that lost most of its files asks before it tells anybody',
  withFolders(async (peers) => {
    const names = ['ann', 'ben']
    await peers.start(names)
    for (let place = 0; place < 30; place++) writeFileSync(join(peers.root('ann'), `f${place}`), String(place))
    await peers.same(names, (tree) => tree.split('\n').length === 30)
    const empty = (name: string): void => {
      for (const file of readdirSync(peers.root(name)))
        if (!file.startsWith('.p2pfolder')) unlinkSync(join(peers.root(name), file))
    }
    empty('ann')
    await peers.until('ann', 'to ask', (view) => view.state === 'paused' && view.heldDeletions === 30)
    assert.strictEqual(listing(peers.root('ben')).split('\n').length, 30)
    const refused = await peers.cluster.run(['folder', 'resume'], { on: 'ann' })
    assert.strictEqual(refused.exit, 1)
    assert.match(refused.stderr, /--delete[\s\S]*--restore/)
    await peers.run('ann', 'folder', 'resume', '--restore')
    await peers.same(names, (tree) => tree.split('\n').length === 30)
    empty('ann')
    await peers.until('ann', 'to ask again', (view) => view.heldDeletions === 30)
    await peers.run('ann', 'folder', 'resume', '--delete')
    await peers.same(names, (tree) => tree === '')
  }),
)

test(
  'without its marker the folder is paused: an unmounted disk deletes nothing',
  withFolders(async (peers) => {
    const names = ['ann', 'ben']
    await peers.start(names)
    writeFileSync(join(peers.root('ann'), 'kept.txt'), 'kept')
    await peers.same(names, (tree) => tree.includes('kept.txt'))
    rmSync(peers.root('ann'), { recursive: true })
    mkdirSync(peers.root('ann'))
    const { reason } = await peers.until('ann', 'to be paused', (view) => view.state === 'paused')
    assert.match(reason, /\.p2pfolder/)
    await peers.run('ann', 'folder', 'resume')
    await peers.same(names, (tree) => tree.includes('kept.txt'))
    assert.ok(existsSync(join(peers.root('ann'), '.p2pfolder')))
  }),
)

test(
  'paused, read-only and receive-only folders do what they say',
  withFolders(async (peers) => {
    await peers.start(['ann'])
    await peers.start(['ben'], '--folder-mode', 'read-only')
    await peers.start(['cat'], '--folder-mode', 'receive-only')
    for (const name of ['ann', 'ben', 'cat']) writeFileSync(join(peers.root(name), `${name}.txt`), name)
    await eventually(
      'the files of ann and ben at ann',
      () => listing(peers.root('ann')),
      (tree) => /ann[\s\S]*ben/.test(tree),
    )
    await eventually(
      'all at cat',
      () => listing(peers.root('cat')),
      (tree) => /ann[\s\S]*ben[\s\S]*cat/.test(tree),
    )
    assert.ok(!listing(peers.root('ann')).includes('cat.txt'), 'what a receive-only folder has of its own stays there')
    assert.ok(!listing(peers.root('ben')).includes('ann.txt'), 'nothing is written to a read-only folder')
    await peers.run('ann', 'folder', 'pause')
    assert.strictEqual((await peers.view('ann')).state, 'paused')
    writeFileSync(join(peers.root('ann'), 'later.txt'), 'later')
    writeFileSync(join(peers.root('ben'), 'meanwhile.txt'), 'meanwhile')
    await eventually(
      'it at cat',
      () => listing(peers.root('cat')),
      (tree) => tree.includes('meanwhile.txt'),
    )
    assert.ok(!listing(peers.root('ann')).includes('meanwhile.txt'))
    assert.ok(!listing(peers.root('cat')).includes('later.txt'))
    await peers.run('ann', 'folder', 'resume')
    await eventually(
      'it at ann',
      () => listing(peers.root('ann')),
      (tree) => tree.includes('meanwhile.txt'),
    )
    await eventually(
      'it at cat',
      () => listing(peers.root('cat')),
      (tree) => tree.includes('later.txt'),
    )
  }),
)

test(
  'what .p2pignore names stays at home, and a single file can be all there is',
  withFolders(async (peers) => {
    const single = join(peers.cluster.folder('single'), 'blockchain.txt')
    await peers.start(['ann', 'ben'])
    await peers.cluster.start('cat', '--folder', single).ready
    writeFileSync(join(peers.root('ann'), '.p2pignore'), '*.log\nbuild/\n')
    await peers.same(['ann', 'ben'], (tree) => tree.includes('.p2pignore'))
    mkdirSync(join(peers.root('ann'), 'build'))
    for (const path of ['x.log', 'build/y.o', 'blockchain.txt', 'z.txt'])
      writeFileSync(join(peers.root('ann'), path), path)
    await eventually(
      'z.txt at ben',
      () => listing(peers.root('ben')),
      (tree) => /blockchain[\s\S]*z\.txt/.test(tree),
    )
    assert.ok(!/x\.log|build/.test(listing(peers.root('ben'))))
    const home = peers.cluster.folder('single')
    await eventually(
      'the single file',
      () => textAt(home, 'blockchain.txt'),
      (text) => text === 'blockchain.txt',
    )
    writeFileSync(single, 'edited at cat')
    await eventually(
      'the edit at ann',
      () => textAt(peers.root('ann'), 'blockchain.txt'),
      (text) => text === 'edited at cat',
    )
    assert.deepStrictEqual(
      readdirSync(home).filter((name) => !name.includes('.p2pfolder')),
      ['blockchain.txt'],
    )
  }),
)

test.run()
