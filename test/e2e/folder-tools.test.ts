/** What other programs do to a folder while it is shared: editors, git, tar, and kill -9 in the middle. */
import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { writeBigFile } from '../../bench/support/big-file.js'
import { makeSmallFiles } from '../../bench/support/folder/small-files.js'
import { withFolders } from './folder-peers.js'
import { eventually, listing, sameTrees, textAt } from './trees.js'

const test = suite('folder-tools')
const NAMES = ['ann', 'ben']
const BURST = 20_000
const MIB = 1 << 20

const git = (cwd: string, ...words: string[]): void => {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main']
  execFileSync('git', [...who, ...words], { cwd, stdio: 'pipe' })
}

test(
  'an editor that replaces the file by rename',
  withFolders(async (peers) => {
    await peers.start(NAMES)
    const [ann, ben] = peers.roots(NAMES) as [string, string]
    for (let save = 0; save < 5; save++) {
      const [from, to] = save % 2 === 0 ? [ann, ben] : [ben, ann]
      writeFileSync(join(from, '.notes.txt.swp'), `save ${save}`)
      renameSync(join(from, '.notes.txt.swp'), join(from, 'notes.txt'))
      await eventually(
        `save ${save}`,
        () => textAt(to, 'notes.txt'),
        (text) => text === `save ${save}`,
      )
    }
    await peers.same(NAMES, (tree) => tree.split('\n').length === 1)
  }),
)

test(
  'git init, commits and checkouts, there and back',
  withFolders(async (peers) => {
    await peers.start(NAMES)
    const [ann, ben] = peers.roots(NAMES) as [string, string]
    git(ann, 'init', '-q')
    for (let file = 0; file < 60; file++) writeFileSync(join(ann, `f${file}.txt`), `first ${file}\n`)
    git(ann, 'add', '-A', '--', '*.txt')
    git(ann, 'commit', '-qm', 'first')
    git(ann, 'checkout', '-qb', 'other')
    for (let file = 0; file < 30; file++) writeFileSync(join(ann, `f${file}.txt`), `second ${file}\n`)
    git(ann, 'mv', 'f59.txt', 'moved.txt')
    git(ann, 'commit', '-qam', 'second')
    for (const branch of ['main', 'other', 'main']) git(ann, 'checkout', '-q', branch)
    await sameTrees([ann, ben], (tree) => tree.includes('f59.txt') && tree.includes('.git/HEAD'))
    git(ben, 'fsck', '--strict')
    git(ben, 'checkout', '-q', 'other')
    await sameTrees([ann, ben], (tree) => tree.includes('moved.txt') && !tree.includes('f59.txt'))
    assert.strictEqual(textAt(ann, 'f3.txt'), 'second 3\n')
    assert.ok(!listing(ann).includes('sync-conflict'), listing(ann))
  }),
)

test(
  `tar x of ${BURST} files, then rm -rf of half of them`,
  withFolders(async (peers) => {
    const source = peers.cluster.folder('source')
    makeSmallFiles(source, BURST)
    const archive = join(peers.cluster.home, 'all.tar')
    execFileSync('tar', ['cf', archive, '-C', source, '.'])
    await peers.start(NAMES)
    const [ann, ben] = peers.roots(NAMES) as [string, string]
    execFileSync('tar', ['xf', archive, '-C', ann])
    await peers.until('ben', 'all to be there', (view) => view.files === BURST && view.inSync, 180_000)
    await sameTrees([source, ann, ben])
    for (let directory = 0; directory < BURST / 250; directory++)
      rmSync(join(ann, `d${directory}`), { recursive: true })
    await peers.until('ben', 'them to go', (view) => view.files === (BURST * 3) / 5 && view.inSync, 120_000)
    await sameTrees([ann, ben])
  }),
)

test(
  'whoever is killed with -9 in the middle goes on where it was, and nothing half done is to be seen',
  withFolders(async (peers) => {
    await peers.start(NAMES)
    const [ann, ben] = peers.roots(NAMES) as [string, string]
    mkdirSync(join(ann, 'small'))
    makeSmallFiles(join(ann, 'small'), 2000)
    writeBigFile(join(ann, 'big.bin'), 96 * MIB)
    await eventually(
      'some to come',
      () => listing(ben).split('\n').length,
      (lines) => lines > 100,
    )
    await peers.cluster.peers.get('ben')?.kill()
    const [whole, half] = [new Set(listing(ann).split('\n')), listing(ben).split('\n')]
    assert.deepStrictEqual(
      half.filter((line) => !whole.has(line)),
      [],
      'all that is there is whole',
    )
    await peers.start(['ben'])
    await eventually(
      'more to come',
      () => listing(ben).split('\n').length,
      (lines) => lines > half.length + 50,
    )
    await peers.cluster.peers.get('ann')?.kill()
    await peers.start(['ann'])
    await sameTrees([ann, ben], (tree) => tree.includes('big.bin'), 120_000)
    assert.ok(!listing(ann).includes('sync-conflict'))
    assert.deepStrictEqual(
      readdirSync(join(ben, '.p2pfolder.tmp')),
      [],
      'nothing of what was being put together is left',
    )
  }),
)

test.run()
